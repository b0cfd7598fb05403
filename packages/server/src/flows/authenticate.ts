/** From what a link or request showed to an identity, checked against what it claims about itself. */
import { FanfareError } from '@fanfare/protocol'
import type { Credentials } from '../auth/auth.ts'
import { checkClaimed } from '../auth/credentials.ts'
import type { Caller, ServerCaller } from '../model/caller.ts'
import type { Identity } from '../model/identity.ts'
import type { Services } from './services.ts'
import { type Stranger, tell, tellTurnedAway } from './tell.ts'

export type Shown = {
  readonly credentials: Credentials
  /** The page that asks, when a browser does. */
  readonly origin: string | undefined
  /** `tenantId` and `userId` that the client named; they must be those of the token. */
  readonly query: URLSearchParams
}

/** @throws FanfareError `unauthenticated`, `token_expired`, `tenant_mismatch` */
export const authenticate = (services: Services, shown: Shown): Promise<Identity> =>
  identifyOrTell(services, shown, 'session.refused')

const identifyOrTell = async (services: Services, shown: Shown, action: Stranger['action']): Promise<Identity> => {
  let identity: Identity | undefined
  try {
    identity = await identify(services, shown)
    checkClaimed(identity, shown.query)
    return identity
  } catch (thrown) {
    tellTurnedAway(services, { thrown, identity, action })
    throw thrown
  }
}

const identify = ({ auth }: Services, { credentials, origin }: Shown): Promise<Identity> => {
  switch (credentials.kind) {
    case 'token':
      return auth.verifyToken(credentials.token)
    case 'ticket':
      return auth.redeemTicket(credentials.ticket, origin === undefined ? {} : { origin })
    case 'key':
      throw new FanfareError(
        'unauthenticated',
        'An API key is for servers and the HTTP API; open a session with a token.',
      )
    case 'none':
      throw new FanfareError(
        'unauthenticated',
        'Send a token: Authorization: Bearer …, or a ticket from POST /v1/tickets.',
      )
  }
}

/** For an HTTP request: a user's token, or a server's API key. */
export const authenticateCaller = async (
  services: Services,
  shown: Shown,
): Promise<{ caller: Caller; identity?: Identity }> => {
  if (shown.credentials.kind === 'key') return { caller: await verifyKey(services, shown.credentials.key) }
  const identity = await identifyOrTell(services, shown, 'request.refused')
  return { caller: { kind: 'user', tenantId: identity.tenantId, user: services.auth.userOf(identity) }, identity }
}

const verifyKey = async (services: Services, key: string): Promise<ServerCaller> => {
  try {
    const caller = await services.auth.verifyKey(key)
    tell(services, caller, { action: 'key.used' })
    return caller
  } catch (thrown) {
    tellTurnedAway(services, { thrown, action: 'request.refused' })
    throw thrown
  }
}
