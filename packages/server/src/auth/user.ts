/** The user that access rules see. Answers from memory, with what is granted and revoked at the moment of the question. */
import type { Identity, User } from '../model/identity.ts'
import { type Grant, mayDo, parseGrant } from './grant.ts'
import type { HeldTrust } from './user-trust.ts'

/** A class, not closures: there is one for every session. */
export class TrustedUser implements User {
  readonly #identity: Identity
  readonly #trust: HeldTrust
  readonly #fromToken: readonly Grant[]

  constructor(identity: Identity, trust: HeldTrust) {
    this.#identity = identity
    this.#trust = trust
    this.#fromToken = identity.grants.length === 0 ? none : identity.grants.flatMap((text) => parseGrant(text) ?? [])
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
}

const none: readonly Grant[] = []
