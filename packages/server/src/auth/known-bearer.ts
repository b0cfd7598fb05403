/** Whose a refused token is, where its signature was good: it is over, or was revoked. Holds no part of the token but these names. */
import { FanfareError } from '@fanfare/protocol'
import type { Identity } from '../model/identity.ts'

export type Bearer = Pick<Identity, 'tenantId' | 'userId'>

class KnownBearer extends Error {
  override readonly name = 'KnownBearer'
  readonly bearer: Bearer

  constructor({ tenantId, userId }: Bearer) {
    super('The bearer of the token is known.')
    this.bearer = { tenantId, userId }
  }
}

/** The cause of a refusal. */
export const bearerAsCause = (bearer: Bearer): Error => new KnownBearer(bearer)

/** Undefined where nothing of who was refused is verified. */
export const knownBearer = (thrown: unknown): Bearer | undefined =>
  thrown instanceof FanfareError && thrown.cause instanceof KnownBearer ? thrown.cause.bearer : undefined
