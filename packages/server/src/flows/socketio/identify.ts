/** Who a Socket.IO client is: by a Fanfare token or ticket, or by the application's own word. */
import { FanfareError } from '@fanfare/protocol'
import type { NamespaceRule, SocketClaims, SocketHandshake } from '../../app/socketio.ts'
import type { Credentials } from '../../auth/auth.ts'
import { credentialsOf } from '../../auth/credentials.ts'
import type { Identity } from '../../model/identity.ts'
import { checkTenant } from '../../model/room-key.ts'
import { authenticate } from '../authenticate.ts'
import type { Services } from '../services.ts'

const dayMs = 24 * 60 * 60_000

/** @throws FanfareError `unauthenticated`, `token_expired`, `tenant_mismatch`, `unavailable`; what the application throws */
export const identify = async (
  services: Services,
  rule: NamespaceRule,
  handshake: SocketHandshake,
): Promise<Identity> => {
  if (rule.authenticate) return admit(services, await rule.authenticate(handshake))
  const { origin, query } = handshake
  return authenticate(services, { credentials: shownBy(handshake), origin, query })
}

/** @throws FanfareError `unauthenticated` when several are shown that differ */
const shownBy = ({ auth, headers, query }: SocketHandshake): Credentials => {
  const { token, ticket } = auth
  const given: Credentials[] = []
  if (typeof token === 'string' && token !== '') given.push({ kind: 'token', token: token.replace(/^bearer +/i, '') })
  if (typeof ticket === 'string' && ticket !== '') given.push({ kind: 'ticket', ticket })
  const [first, second] = given
  if (second) throw new FanfareError('unauthenticated', 'Show a token or a ticket, not both.')
  // What the client says in `auth` is newer than headers and query, which a browser repeats unchanged.
  return first ?? credentialsOf({ headers, url: `http://localhost/?${query}` }).credentials
}

/** What the application says of a client; what is stored about the user is read as for any other. */
const admit = async ({ auth, clock }: Services, claims: SocketClaims): Promise<Identity> => {
  const { tenantId, userId, roles = [], grants = [], expiresAt = clock.now() + dayMs } = claims ?? {}
  if (typeof tenantId !== 'string' || typeof userId !== 'string' || userId === '') {
    throw new FanfareError('unauthenticated', 'The application named no tenant and user for this client.')
  }
  const identity = { tenantId: checkTenant(tenantId), userId, roles, grants, claims: claims.claims ?? {}, expiresAt }
  // Held while it is read: of a user whom nobody holds, nothing is kept.
  const user = auth.userOf(identity)
  await auth.grants.reload(tenantId, userId)
  return user.id === userId ? identity : refuse()
}

const refuse = (): never => {
  throw new FanfareError('unauthenticated')
}
