/** Connect: a verified identity becomes a session in the hub, is greeted, and enters the rooms of its endpoint. */
import { type ConnectedFrame, FanfareError } from '@fanfare/protocol'
import type { Endpoint } from '../app/app.ts'
import type { Link } from '../hub/link.ts'
import { Session } from '../hub/session.ts'
import { secretId } from '../lib/ids.ts'
import type { Identity } from '../model/identity.ts'
import type { Dialect } from '../wire/dialect.ts'
import { disconnect } from './disconnect.ts'
import { fail } from './fail.ts'
import type { Services } from './services.ts'
import { subscribe } from './subscribe.ts'
import { tellOfSession, tellTurnedAway } from './tell.ts'

export type Arrival = {
  readonly link: Link
  readonly dialect: Dialect
  readonly identity: Identity
  readonly endpoint: Endpoint | undefined
  /** Of a session that comes back. @default a new one */
  readonly id?: string
}

/** @throws FanfareError `too_many_sessions`, `shutting_down`; what the endpoint's words throw */
export const connect = (services: Services, arrival: Arrival): Session => {
  try {
    const session = open(services, arrival)
    tellOfSession(services, session, {
      action: 'session.opened',
      subject: session.id,
      detail: { link: session.link.kind },
    })
    return session
  } catch (thrown) {
    tellTurnedAway(services, { thrown, identity: arrival.identity, action: 'session.refused' })
    throw thrown
  }
}

const open = (services: Services, arrival: Arrival): Session => {
  const { identity, link, dialect } = arrival
  // Its identity was looked up while the node began to stop: nobody would send it away.
  if (!services.accepting) throw new FanfareError('shutting_down', undefined, { retryAfterMs: 1_000 })
  services.quotas.enter(services.hub.countsOf(identity))
  const session = new Session({
    home: services,
    id: arrival.id ?? secretId(),
    identity,
    user: services.auth.userOf(identity),
    link,
    dialect,
    openedAt: services.clock.now(),
  })
  services.hub.add(session)
  services.engine.directory.touch(session.tenantId, session.id)
  services.lifecycle.came(session)
  services.metrics.add('fanfare_connects_total')
  try {
    session.send(greeting(services, session))
  } catch (error) {
    // An endpoint's own words failed, and nobody else knows of the session yet.
    disconnect(services, session, false)
    throw error
  }
  services.greeter.greeted(session)
  return session
}

export const greeting = (services: Services, session: Session): ConnectedFrame => ({
  type: 'connected',
  session: session.id,
  tenantId: session.tenantId,
  userId: session.userId,
  expiresAt: new Date(session.identity.expiresAt).toISOString(),
  pingIntervalMs: services.limits.pingIntervalMs,
  pongTimeoutMs: services.limits.pongTimeoutMs,
  message: 'Connected to real-time server',
  timestamp: new Date(services.clock.now()).toISOString(),
})

/** The rooms that an endpoint subscribes for its links. One that is refused says so and does not stop the others. */
export const enterRooms = async (
  services: Services,
  session: Session,
  endpoint: Endpoint | undefined,
): Promise<void> => {
  const entered = (endpoint?.rooms ?? []).map((room) =>
    subscribe(services, session, { room }).catch((error: unknown) => {
      fail(services, session, { thrown: error, room })
    }),
  )
  await Promise.all(entered)
}
