/** Administration of sessions: who is connected here, for the directory, and ending it, on every node through the bus. */
import type { LocalSessions, SessionInfo } from '../engine/directory.ts'
import type { Session } from '../hub/session.ts'
import type { Services } from './services.ts'

/** What the directory reads of this node. */
export const localSessions = ({ hub }: Pick<Services, 'hub'>): LocalSessions => ({
  find(id) {
    const session = hub.sessions.get(id)
    return session && infoOf(session)
  },
  of(tenantId, { userId, limit }) {
    const found: SessionInfo[] = []
    for (const session of userId === undefined ? hub.sessions.values() : hub.sessionsOf(tenantId, userId)) {
      if (session.tenantId !== tenantId) continue
      if (found.length >= limit) break
      found.push(infoOf(session))
    }
    return found
  },
  count: (tenantId) => hub.stats(tenantId),
})

const infoOf = (session: Session): SessionInfo => ({
  session: session.id,
  userId: session.userId,
  link: session.link.kind,
  rooms: session.roomNames(),
  openedAt: new Date(session.openedAt).toISOString(),
  expiresAt: new Date(session.identity.expiresAt).toISOString(),
})

export type DisconnectTarget = { readonly userId: string; readonly session?: string }

/** Ends a user's sessions, or one of them, on whichever node they are. */
export const disconnectUser = (services: Services, tenantId: string, target: DisconnectTarget): Promise<void> =>
  services.engine.bus.send({ type: 'disconnect', tenantId, ...target })

/** What this node does when the bus says so. */
export const endSessions = (services: Services, tenantId: string, target: DisconnectTarget): void => {
  for (const session of services.hub.sessionsOf(tenantId, target.userId)) {
    if (target.session === undefined || target.session === session.id) {
      session.end('disconnected', 'an administrator ended the session')
    }
  }
}

/** Grants changed in the store: every node weighs the user's subscriptions again. */
export const announceGrants = (services: Services, tenantId: string, userId: string): Promise<void> =>
  services.engine.bus.send({ type: 'grants.changed', tenantId, userId })
