/** Disconnect: after the link has closed, nothing of the session is left; others may still see the user for the grace. */
import type { Session } from '../hub/session.ts'
import { type RoomKey, roomOfKey } from '../model/room-key.ts'
import { leavePresence } from './presence.ts'
import type { Services } from './services.ts'
import { tellOfSession } from './tell.ts'
import { leave } from './unsubscribe.ts'

export const disconnect = (services: Services, session: Session, clean: boolean): void => {
  if (!session.open) return
  session.open = false
  session.outbox.close()
  services.hub.remove(session)
  services.engine.directory.touch(session.tenantId, session.id)
  services.metrics.add('fanfare_disconnects_total')
  const detail = { clean, ms: services.clock.now() - session.openedAt }
  tellOfSession(services, session, { action: 'session.closed', subject: session.id, detail })
  for (const subscription of [...session.subscriptions.values()]) leave(services, subscription)
  for (const room of [...(session.present ?? [])]) {
    const graceMs = clean ? 0 : graceOf(services, room)
    leavePresence(services, session, { room, graceMs }).catch((error: unknown) => {
      // Its lease ends without help (I7).
      services.log.warn({ error, session: session.id }, 'presence could not be told that a session left')
    })
  }
}

const graceOf = ({ app, limits }: Services, key: RoomKey): number => {
  const { tenantId, name } = roomOfKey(key)
  return app.room(tenantId, name).rule.presence?.graceMs ?? limits.presenceGraceMs
}
