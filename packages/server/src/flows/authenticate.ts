/** From what a link or request showed to an identity, checked against what it claims about itself. */
import { FanfareError } from '@fanfare/protocol'
import type { Credentials } from '../auth/auth.ts'
import { checkClaimed } from '../auth/credentials.ts'
import type { Caller } from '../model/caller.ts'
import type { Identity } from '../model/identity.ts'
import type { Services } from './services.ts'

export type Shown = {
  readonly credentials: Credentials
  /** The page that asks, when a browser does. */
  readonly origin: string | undefined
  /** `tenantId` and `userId` that the client named; they must be those of the token. */
  readonly query: URLSearchParams
}

/** @throws FanfareError `unauthenticated`, `token_expired`, `tenant_mismatch` */
export const authenticate = async (services: Services, shown: Shown): Promise<Identity> => {
  const identity = await identify(services, shown)
  checkClaimed(identity, shown.query)
  return identity
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
  if (shown.credentials.kind === 'key') return { caller: await services.auth.verifyKey(shown.credentials.key) }
  const identity = await authenticate(services, shown)
  return { caller: { kind: 'user', tenantId: identity.tenantId, user: services.auth.userOf(identity) }, identity }
}
