/** Administration of sessions: who is connected, and ending it. Reaches every node through the bus. */
import type { Session } from '../hub/session.ts'
import type { Services } from './services.ts'

export type SessionInfo = {
  readonly session: string
  readonly userId: string
  readonly link: Session['link']['kind']
  readonly rooms: readonly string[]
  readonly openedAt: string
  readonly expiresAt: string
}

export type SessionFilter = { readonly userId?: string; readonly limit: number }

/** Of one tenant, on this node. */
export const listSessions = (services: Services, tenantId: string, filter: SessionFilter): readonly SessionInfo[] => {
  const found: SessionInfo[] = []
  const all =
    filter.userId === undefined ? services.hub.sessions.values() : services.hub.sessionsOf(tenantId, filter.userId)
  for (const session of all) {
    if (session.tenantId !== tenantId) continue
    if (found.length >= filter.limit) break
    found.push({
      session: session.id,
      userId: session.userId,
      link: session.link.kind,
      rooms: session.roomNames(),
      openedAt: new Date(session.openedAt).toISOString(),
      expiresAt: new Date(session.identity.expiresAt).toISOString(),
    })
  }
  return found
}

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
