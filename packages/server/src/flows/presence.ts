/** Who is in a room: enter, change what others see, leave, and look. Liveness is the link's, not a client's timer. */
import { FanfareError, type Json, type PresenceSnapshot } from '@fanfare/protocol'
import { plainJson } from '../app/plain-json.ts'
import { validate } from '../app/validate.ts'
import type { PresenceEntry } from '../engine/presence.ts'
import type { Session } from '../hub/session.ts'
import type { Caller } from '../model/caller.ts'
import type { RoomKey } from '../model/room-key.ts'
import { authorise } from './authorise.ts'
import type { Services } from './services.ts'
import { tell } from './tell.ts'

/** With the node: of a session that came back on another, what the one before still says is about itself alone. */
const entryOf = ({ engine }: Services, session: Session, room: RoomKey): PresenceEntry => ({
  room,
  userId: session.userId,
  session: `${session.id}@${engine.node}`,
})

/** @throws FanfareError `not_subscribed`, `forbidden`, `invalid_payload` */
export const enterPresence = async (
  services: Services,
  session: Session,
  request: { readonly room: string; readonly state: Json },
): Promise<void> => {
  const room = services.app.room(session.tenantId, request.room)
  const { presence } = room.rule
  if (!presence) throw new FanfareError('forbidden', `${room.name} has no presence.`)
  if (!session.subscriptions.has(room.key)) throw new FanfareError('not_subscribed', `Subscribe to ${room.name} first.`)
  const caller: Caller = { kind: 'user', tenantId: session.tenantId, user: session.user }
  await authorise(services, caller, { room, action: 'presence' })
  const state = presence.state
    ? plainJson(await validate(presence.state, request.state, 'state'), 'state')
    : request.state
  // A right that ended meanwhile took the subscription with it.
  if (!session.open || !session.subscriptions.has(room.key)) {
    throw new FanfareError('not_subscribed', `The session is no longer in ${room.name}.`)
  }
  session.present ??= new Set()
  session.present.add(room.key)
  await services.engine.presence.enter(entryOf(services, session, room.key), state)
}

/** With a grace, others see the user leave only if they do not come back within it. */
export const leavePresence = async (
  services: Services,
  session: Session,
  from: { readonly room: RoomKey; readonly graceMs: number },
): Promise<void> => {
  if (!session.present?.delete(from.room)) return
  await services.engine.presence.leave(entryOf(services, session, from.room), { graceMs: from.graceMs })
}

/** @throws FanfareError `unknown_room`, `forbidden` */
export const readPresence = async (services: Services, caller: Caller, name: string): Promise<PresenceSnapshot> => {
  const room = services.app.room(caller.tenantId, name)
  if (!room.rule.presence) throw new FanfareError('forbidden', `${room.name} has no presence.`)
  await authorise(services, caller, { room, action: 'presence' })
  const members = await services.engine.presence.read(room.key)
  tell(services, caller, { action: 'presence.read', subject: room.name, detail: { members: members.length } })
  return { room: room.name, members }
}

/** Lengthens the leases of everybody whom this node shows. */
export const renewPresence = async (services: Services): Promise<void> => {
  const entries: PresenceEntry[] = []
  for (const session of services.hub.sessions.values()) {
    for (const room of session.present ?? []) entries.push(entryOf(services, session, room))
  }
  if (entries.length > 0) await services.engine.presence.renew(entries)
}
