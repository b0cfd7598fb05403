/** Who a request comes from, and whether that is enough for what it asks. Rates are counted here, once for each request. */
import { FanfareError } from '@fanfare/protocol'
import type { MiddlewareHandler } from 'hono'
import { hasScope, type ScopeAction } from '../auth/api-keys.ts'
import { checkClaimed, credentialsOf } from '../auth/credentials.ts'
import { authenticateCaller } from '../flows/authenticate.ts'
import type { Services } from '../flows/services.ts'
import { tellRefused } from '../flows/tell.ts'
import type { Caller } from '../model/caller.ts'
import type { Identity, User } from '../model/identity.ts'
import type { HttpEnv } from './settings.ts'

export type Identified = { readonly caller: Caller; readonly identity: Identity | undefined }

/**
 * Takes a user's token or a server's API key, from the headers alone: what opens the API does not belong in an address.
 * @throws FanfareError `unauthenticated`, `token_expired`, `tenant_mismatch`, `rate_limited`, `shutting_down`
 */
export const identifyRequest = async (services: Services, request: Request): Promise<Identified> => {
  if (!services.accepting) throw new FanfareError('shutting_down', undefined, { retryAfterMs: 1_000 })
  const { credentials, origin } = credentialsOf(request)
  if (credentials.kind === 'ticket') {
    throw new FanfareError('unauthenticated', 'A ticket opens a link. Send a token: Authorization: Bearer …')
  }
  const claimed = claimedTenant(request)
  const { caller, identity } = await authenticateCaller(services, { credentials, origin, query: claimed })
  checkClaimed({ tenantId: caller.tenantId }, claimed)
  spend(services, caller, 1)
  return { caller, identity }
}

/** Only the tenant: over HTTP a `userId` in the address names whom the request is about. */
const claimedTenant = (request: Request): URLSearchParams =>
  new URLSearchParams(new URL(request.url).searchParams.getAll('tenantId').map((tenantId) => ['tenantId', tenantId]))

/** @throws FanfareError `rate_limited` */
export const spend = (services: Services, caller: Caller, cost: number): void => {
  const { tenantId } = caller
  services.quotas.spend(caller.kind === 'user' ? { tenantId, userId: caller.user.id } : { tenantId }, cost)
}

/** In front of every route of the API: the caller is known, before a byte of the body is read. */
export const identify =
  (services: Services): MiddlewareHandler<HttpEnv> =>
  async (c, next) => {
    const { caller, identity } = await identifyRequest(services, c.req.raw)
    c.set('caller', caller)
    c.set('identity', identity)
    await next()
    if (c.error instanceof FanfareError && c.error.code === 'forbidden') {
      const subject = `${c.req.method} ${c.req.routePath}`
      tellRefused(services, caller, { action: 'request.refused', subject, thrown: c.error })
    }
  }

/** An API key with one of these scopes, or a user who administers the tenant. @throws FanfareError `forbidden` */
export const requireScope = (caller: Caller, ...scopes: readonly ScopeAction[]): void =>
  requireScopeFor(caller, { scopes, room: undefined })

export type ScopesFor = {
  readonly scopes: readonly ScopeAction[]
  /** Undefined: for every room. */
  readonly room: string | undefined
}

/** The same, where a key for the room will do. @throws FanfareError `forbidden` */
export const requireScopeFor = (caller: Caller, { scopes, room }: ScopesFor): void => {
  switch (caller.kind) {
    case 'app':
      return
    case 'user':
      if (caller.user.is('admin')) return
      throw new FanfareError('forbidden', 'Only a user with the role admin may do this.')
    case 'server': {
      if (scopes.some((scope) => hasScope(caller, scope, room))) return
      const where = room === undefined ? '' : ` for ${room}`
      throw new FanfareError('forbidden', `The API key lacks the scope ${scopes.join(' or ')}${where}.`)
    }
  }
}

/** Where only a person will do. @throws FanfareError `forbidden` */
export const requireUser = (caller: Caller): User => {
  if (caller.kind === 'user') return caller.user
  throw new FanfareError('forbidden', 'This is for users; send a user’s token.')
}
