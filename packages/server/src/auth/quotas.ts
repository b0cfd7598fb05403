/**
 * How much one link, user, tenant and the node may do: rates and counts, on this node, in bounded memory.
 * Refuses with a typed error that says when to come back; decides nothing about who somebody is.
 */
import { FanfareError, type Limits } from '@fanfare/protocol'
import type { Clock } from '../lib/clock.ts'
import { elapsedSince, filled, fullOf, type Rate, TokenBucket, waitFor } from '../lib/token-bucket.ts'
import { KeyedBuckets } from './keyed-buckets.ts'

/** Whose quota is meant. A tenant's server has no user: only the tenant's rate holds for it. */
export type Subject = { readonly tenantId: string; readonly userId?: string }

export type QuotaLimits = Pick<
  Limits,
  | 'framesPerSecond'
  | 'framesBurst'
  | 'framesPerSecondPerUser'
  | 'inboundBytesPerSecond'
  | 'messageBytes'
  | 'sessionsPerUser'
  | 'sessionsPerTenant'
  | 'connectsPerSecond'
>

export type QuotaOptions = {
  readonly clock: Clock
  readonly limits: QuotaLimits
  /** Frames and requests of a whole tenant. @default 50,000 a second */
  readonly tenantRate?: Rate
  /** Links that one address may open: generous, because a hospital shares one. @default two fifths of what the node admits in a second, twice that at once */
  readonly addressRate?: Rate
  /** Requests without a token from one address. @default 100 a second, 400 at once */
  readonly anonymousRate?: Rate
  /** Requests of one address for sessions that no other node has. @default 50 a second, 800 at once */
  readonly seekRate?: Rate
  /** Bytes that one address may have carried to other nodes. @default 8 MB a second, 16 MB at once */
  readonly carryRate?: Rate
  /** Users, tenants and addresses whose rates are remembered, each. @default 50,000 */
  readonly remembered?: number
  /** 0 to 1; spreads the hints out. @default Math.random */
  readonly random?: () => number
}

export const quotaDefaults = {
  tenantRate: { perSecond: 50_000, burst: 50_000 },
  anonymousRate: { perSecond: 100, burst: 400 },
  // An address opens 400 links at once, and each may send a poll and a post before either is answered: clients that are
  // in order never meet this, however many share the address, because they are given back what they took.
  seekRate: { perSecond: 50, burst: 800 },
  // A thousand clients of one address, each with eight small requests a second.
  carryRate: { perSecond: 8 * 1024 * 1024, burst: 16 * 1024 * 1024 },
  remembered: 50_000,
} as const

/** What a request to another node weighs beside its body. */
const requestBytes = 1024

/** The rates of one link. Made before it is known whose it is, and before anything is parsed. */
export type LinkQuota = {
  /** @throws FanfareError `rate_limited` */
  bytes(count: number): void
  /** @throws FanfareError `rate_limited` */
  frame(): void
}

export type Quotas = {
  /** A link wants in. @throws FanfareError `overloaded` (the node), `rate_limited` (the address) */
  connect(address: string): void
  link(): LinkQuota
  /** Another node is asked whether it has a session. Call what is returned, once, if it has. @throws FanfareError `rate_limited` */
  seek(address: string): () => void
  /** A request goes to another node, with so many bytes. @throws FanfareError `rate_limited` */
  carry(address: string, bytes: number): void
  /** A request to a route that asks nobody who they are. @throws FanfareError `rate_limited` */
  anonymous(address: string): void
  /** A frame or request of a user or a server. @throws FanfareError `rate_limited` */
  spend(subject: Subject, cost?: number): void
  /** A session wants in, beside so many of its user and tenant. @throws FanfareError `too_many_sessions` */
  enter(there: { readonly ofUser: number; readonly ofTenant: number }): void
}

const sessionsRetryMs = 5_000

// A tenant id never holds a bar, so no two subjects share a key.
const userKey = (tenantId: string, userId: string): string => `${tenantId}|${userId}`

/** As `userKey`, which makes a text: one for all frames that a connection sends at once, not one for each. */
const keyOfLast = (): typeof userKey => {
  let last = { tenantId: '', userId: '', key: userKey('', '') }
  return (tenantId, userId) => {
    if (last.userId !== userId || last.tenantId !== tenantId)
      last = { tenantId, userId, key: userKey(tenantId, userId) }
    return last.key
  }
}

export const createQuotas = (options: QuotaOptions): Quotas => {
  const { clock, limits, random = Math.random } = options
  const capacity = options.remembered ?? quotaDefaults.remembered
  const node = new TokenBucket({ perSecond: limits.connectsPerSecond, burst: limits.connectsPerSecond }, clock.now())
  const addresses = new KeyedBuckets(options.addressRate ?? addressShare(limits.connectsPerSecond), capacity)
  const strangers = new KeyedBuckets(options.anonymousRate ?? quotaDefaults.anonymousRate, capacity)
  const seekers = new KeyedBuckets(options.seekRate ?? quotaDefaults.seekRate, capacity)
  const carried = new KeyedBuckets(options.carryRate ?? quotaDefaults.carryRate, capacity)
  const tenants = new KeyedBuckets(options.tenantRate ?? quotaDefaults.tenantRate, capacity)
  const perUser = limits.framesPerSecondPerUser
  const users = new KeyedBuckets({ perSecond: perUser, burst: Math.max(perUser, limits.framesBurst) }, capacity)
  const frames: Rate = { perSecond: limits.framesPerSecond, burst: limits.framesBurst }
  // One message as large as is allowed must pass a rested link.
  const inbound = limits.inboundBytesPerSecond
  const bytes: Rate = { perSecond: inbound, burst: Math.max(inbound, limits.messageBytes) }
  const spread = (ms: number): number => Math.ceil(ms * (1 + random()))
  const spender = keyOfLast()

  return {
    connect(address) {
      const now = clock.now()
      const wait = addresses.take(address, now)
      if (wait > 0) throw limited('Too many links from this address.', spread(wait))
      const full = node.take(now)
      if (full === 0) return
      addresses.put(address)
      // All who are refused in one burst would come back in one burst: spread them over the seconds that it takes.
      throw new FanfareError('overloaded', 'The node takes no more links just now.', {
        retryAfterMs: Math.ceil(full + random() * 5_000),
      })
    },
    anonymous(address) {
      const wait = strangers.take(address, clock.now())
      if (wait > 0) throw limited('Too many requests from this address.', spread(wait))
    },
    seek(address) {
      const wait = seekers.take(address, clock.now())
      if (wait > 0) throw limited('Too many unknown sessions from this address.', spread(wait))
      return () => seekers.put(address)
    },
    carry(address, bytes) {
      const wait = carried.take(address, clock.now(), requestBytes + bytes)
      if (wait > 0) throw limited('This address sends too many bytes.', spread(wait))
    },
    link: () => new LinkBuckets({ clock, frames, bytes }),
    spend({ tenantId, userId }, cost = 1) {
      const now = clock.now()
      const key = userId === undefined ? undefined : spender(tenantId, userId)
      const wait = key === undefined ? 0 : users.take(key, now, cost)
      if (wait > 0) throw limited('The user sends too much over all sessions.', wait)
      const tenantWait = tenants.take(tenantId, now, cost)
      if (tenantWait === 0) return
      if (key !== undefined) users.put(key, cost)
      throw limited('The tenant sends too much.', tenantWait)
    },
    enter({ ofUser, ofTenant }) {
      if (ofUser >= limits.sessionsPerUser) throw tooMany(`The user has ${ofUser} sessions, as many as it may have.`)
      if (ofTenant >= limits.sessionsPerTenant) throw tooMany('The tenant has as many sessions as it may have.')
    },
  }
}

const addressShare = (admitted: number): Rate => ({ perSecond: admitted * 0.4, burst: Math.max(1, admitted * 0.8) })

const limited = (message: string, retryAfterMs: number): FanfareError =>
  new FanfareError('rate_limited', `${message} Slow down and try again after the hint.`, { retryAfterMs })

const tooMany = (message: string): FanfareError =>
  new FanfareError('too_many_sessions', `${message} Close one and try again.`, { retryAfterMs: sessionsRetryMs })

type LinkRates = { readonly clock: Clock; readonly frames: Rate; readonly bytes: Rate }

/** Two buckets in one object, and no closures: there is one for every link of the node. */
class LinkBuckets implements LinkQuota {
  readonly #rates: LinkRates
  #frames: number
  #bytes: number
  #at: number

  constructor(rates: LinkRates) {
    this.#rates = rates
    this.#frames = fullOf(rates.frames)
    this.#bytes = fullOf(rates.bytes)
    this.#at = rates.clock.now()
  }

  bytes(count: number): void {
    this.#fill()
    const wait = waitFor(this.#rates.bytes, this.#bytes, count)
    if (wait > 0) throw limited('The link sends too many bytes.', wait)
    this.#bytes -= count * 1000
  }

  frame(): void {
    this.#fill()
    const wait = waitFor(this.#rates.frames, this.#frames, 1)
    if (wait > 0) throw limited('The link sends too many frames.', wait)
    this.#frames -= 1000
  }

  #fill(): void {
    const { clock, frames, bytes } = this.#rates
    const now = clock.now()
    const elapsed = elapsedSince(this.#at, now)
    this.#at = now
    this.#frames = filled(frames, this.#frames, elapsed)
    this.#bytes = filled(bytes, this.#bytes, elapsed)
  }
}
