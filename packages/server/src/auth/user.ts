/** The user that access rules see. Answers from memory, with what is granted and revoked at the moment of the question. */
import type { Identity, User } from '../model/identity.ts'
import { type Grant, mayDo, parseGrant } from './grant.ts'
import type { HeldTrust } from './user-trust.ts'

export type TrustedUserOptions = {
  readonly identity: Identity
  readonly trust: HeldTrust
  /** Of the token or ticket, in ms since 1970; 0 where nothing says. */
  readonly issuedAt: number
}

/** A class, not closures: there is one for every session. */
export class TrustedUser implements User {
  readonly #identity: Identity
  readonly #trust: HeldTrust
  readonly #issuedAt: number
  readonly #fromToken: readonly Grant[]

  constructor({ identity, trust, issuedAt }: TrustedUserOptions) {
    this.#identity = identity
    this.#trust = trust
    this.#issuedAt = issuedAt
    this.#fromToken = grantsOf(identity)
  }

  get id(): string {
    return this.#identity.userId
  }

  get tenantId(): string {
    return this.#identity.tenantId
  }

  get roles(): readonly string[] {
    return this.#identity.roles
  }

  get claims(): { readonly [name: string]: unknown } {
    return this.#identity.claims
  }

  is(role: string): boolean {
    return this.#identity.roles.includes(role)
  }

  may(action: string, resource: string, id?: string): boolean {
    const { state } = this.#trust
    return state.kind === 'read' && mayDo({ action, resource, id: id ?? '*' }, state.rules, this.#fromToken)
  }

  /** Whether everything that the user had until then was revoked. */
  get isRevoked(): boolean {
    const { state } = this.#trust
    if (state.kind !== 'read') return false
    // Tokens say whole seconds: one made in the second of the revocation, or at no time at all, counts as made before it.
    return state.tokensRevokedAt !== 0 && !(this.#issuedAt > state.tokensRevokedAt)
  }
}

const none: readonly Grant[] = []

const grantsOf = ({ grants }: Identity): readonly Grant[] =>
  grants.length === 0 ? none : grants.flatMap((text) => parseGrant(text) ?? [])
