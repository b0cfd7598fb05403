/**
 * What is stored about users who are here, kept in memory so that `may` is answered at once, and always the same object
 * for the same user: whoever holds it sees every change. Forgets a user whom nobody holds any more.
 */
import { FanfareError } from '@fanfare/protocol'
import type { Clock } from '../lib/clock.ts'
import type { UserTrust, UserTrustStore } from '../store/trust-store.ts'
import { type ParsedRule, parseRules } from './grant.ts'

/** `unread`: nothing is known yet, so nothing is allowed. */
export type TrustState =
  | { readonly kind: 'unread' }
  | { readonly kind: 'read'; readonly rules: readonly ParsedRule[]; readonly tokensRevokedAt: number }

/** One user's, for as long as somebody holds it. */
export type HeldTrust = { readonly state: TrustState }

type Held = { state: TrustState; readAt: number; applied: number }

export type UserTrusts = {
  /** The user's, read from the store unless it was lately. @throws FanfareError `unavailable` */
  load(tenantId: string, userId: string): Promise<HeldTrust>
  /** What the store says now, for people to read. @throws FanfareError `unavailable` */
  stored(tenantId: string, userId: string): Promise<UserTrust>
  /** Reads it anew if anybody holds it; when that fails, what is held stays, and the next sign-in reads. @throws FanfareError `unavailable` */
  reload(tenantId: string, userId: string): Promise<void>
  /** Changes the store, then what is held. @throws FanfareError `unavailable` */
  update(tenantId: string, userId: string, change: (trust: UserTrust) => UserTrust): Promise<void>
  /** The user's as far as it is known now. */
  held(tenantId: string, userId: string): HeldTrust
}

export type UserTrustOptions = {
  readonly store: UserTrustStore
  readonly clock: Clock
  /** A reload message can be lost; nobody signs in on what is older than this. In ms. @default 30,000 */
  readonly freshMs?: number
}

const unread: TrustState = { kind: 'unread' }
/** Of nearly everybody, so they share it. */
const nothingSaid: TrustState = { kind: 'read', rules: [], tokensRevokedAt: 0 }

const stateOf = ({ rules, tokensRevokedAt }: UserTrust): TrustState =>
  rules.length === 0 && tokensRevokedAt === 0
    ? nothingSaid
    : { kind: 'read', rules: parseRules(rules), tokensRevokedAt }

export const createUserTrusts = (options: UserTrustOptions): UserTrusts => {
  const { store, clock, freshMs = 30_000 } = options
  const tenants = new Map<string, TenantTrusts>()
  let order = 0

  const lookUp = (tenantId: string, userId: string): Held | undefined => tenants.get(tenantId)?.find(userId)
  const hold = (tenantId: string, userId: string): Held => {
    let tenant = tenants.get(tenantId)
    if (!tenant) {
      const made = new TenantTrusts(() => {
        if (tenants.get(tenantId) === made) tenants.delete(tenantId)
      })
      tenant = made
      tenants.set(tenantId, made)
    }
    return tenant.find(userId) ?? tenant.add(userId)
  }
  const apply = (held: Held, trust: UserTrust, at: { readonly order: number; readonly now: number }): void => {
    // Of two reads at once, the one that began first may end last, and must not put the older answer back.
    if (at.order < held.applied) return
    held.applied = at.order
    held.readAt = at.now
    held.state = stateOf(trust)
  }
  const read = async (held: Held, tenantId: string, userId: string): Promise<void> => {
    const at = { order: ++order, now: clock.now() }
    held.readAt = Number.NEGATIVE_INFINITY
    apply(held, await reachable(store.read(tenantId, userId)), at)
  }

  return {
    async load(tenantId, userId) {
      const held = hold(tenantId, userId)
      if (held.state.kind === 'unread' || clock.now() - held.readAt > freshMs) await read(held, tenantId, userId)
      return held
    },
    stored: (tenantId, userId) => reachable(store.read(tenantId, userId)),
    async reload(tenantId, userId) {
      const held = lookUp(tenantId, userId)
      if (held) await read(held, tenantId, userId)
    },
    async update(tenantId, userId, change) {
      await reachable(store.update(tenantId, userId, change))
      const held = lookUp(tenantId, userId)
      // Read again rather than keep what `update` returned: another change may have come after it.
      if (held) await read(held, tenantId, userId)
    },
    held: hold,
  }
}

/** A map for each tenant and no key made of two names: the text of a user's id is there anyway, in the identity. */
class TenantTrusts {
  readonly #users = new Map<string, WeakRef<Held>>()
  readonly #forgotten: FinalizationRegistry<string>

  /** @param empty of nobody here anything is held any more */
  constructor(empty: () => void) {
    this.#forgotten = new FinalizationRegistry((userId) => {
      if (this.find(userId) === undefined) this.#users.delete(userId)
      if (this.#users.size === 0) empty()
    })
  }

  find(userId: string): Held | undefined {
    return this.#users.get(userId)?.deref()
  }

  add(userId: string): Held {
    const held: Held = { state: unread, readAt: Number.NEGATIVE_INFINITY, applied: 0 }
    this.#users.set(userId, new WeakRef(held))
    this.#forgotten.register(held, userId)
    return held
  }
}

/** Our own errors pass; anything else is the store's trouble. */
const reachable = async <T>(work: Promise<T>): Promise<T> => {
  try {
    return await work
  } catch (error) {
    if (error instanceof FanfareError) throw error
    throw new FanfareError('unavailable', 'Grants cannot be read or written just now. Try again.', {
      retryAfterMs: 1_000,
      cause: error,
    })
  }
}
