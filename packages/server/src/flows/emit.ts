/**
 * Emit: to the Socket.IO sessions of a room, a user or the tenant that are there now, on every node, at most once. Encoded
 * once, by the node that was asked. To one session that can come back it is kept instead, in the session's own room.
 */
import type { EmitTarget, SocketEmitter } from '../app/emit.ts'
import type { NodeMessage } from '../engine/node-bus.ts'
import type { Session } from '../hub/session.ts'
import { dialectName, encodeNamed } from '../wire/socketio/dialect.ts'
import { appendToOwnRoom, ownRoom } from './own-room.ts'
import type { Services } from './services.ts'

export type EmitMessage = NodeMessage & { readonly type: 'emit' }

/** From whom: the tenant and the namespace stay within. */
export type EmitSource = { readonly tenantId: string; readonly namespace: string }

/** Emits what it is given, and logs what goes wrong: nobody waits for it. @throws Error on what cannot be sent; FanfareError `unknown_room` */
export const emitter = (services: Services, source: EmitSource, target: EmitTarget): SocketEmitter => ({
  emit(name, ...args) {
    const rule = services.app.socketio?.namespaces.get(source.namespace)
    if (!rule) throw new Error(`The application describes no namespace ${source.namespace} for Socket.IO clients.`)
    const frame = encodeNamed({ namespace: rule.name, events: rule.events }, { name, args })
    if ('room' in target) services.app.room(source.tenantId, target.room)
    const { except = [] } = target
    const message = { ...source, type: 'emit', to: aimOf(target), except: [except].flat(), frame } as const
    send(services, message).catch((error: unknown) => services.log.warn({ error, event: name }, 'an emit was lost'))
  },
})

const aimOf = (target: EmitTarget): EmitMessage['to'] => {
  if ('room' in target) return { room: target.room }
  if ('userId' in target) return { userId: target.userId }
  return 'session' in target ? { session: target.session } : { everyone: true }
}

const send = async (services: Services, message: EmitMessage): Promise<void> => {
  const { app, engine } = services
  const { to, tenantId, namespace, frame } = message
  const recovery = app.socketio?.recovery
  if (recovery && 'session' in to) {
    if (message.except.includes(to.session)) return
    const state = await engine.sessions.find(to.session)
    if (state?.tenantId === tenantId && state.namespace === namespace) {
      await appendToOwnRoom(services, ownRoom({ tenantId, session: to.session, forMs: recovery.forMs }), frame)
      return
    }
  }
  await engine.bus.send(message)
}

/** What this node does when the bus says so. */
export const deliverEmit = (services: Services, message: EmitMessage): void => {
  const name = dialectName(message.namespace)
  for (const session of sessionsAt(services, message)) {
    const { dialect, tenantId, id } = session
    if (dialect.name !== name || tenantId !== message.tenantId || message.except.includes(id)) continue
    tell(session, message.frame)
  }
}

/** To this session, with where it is now. */
export const tell = ({ dialect, outbox, subscriptions }: Session, frame: string): void =>
  outbox.push(dialect.stamp ? dialect.stamp(frame, subscriptions.values()) : frame)

const sessionsAt = ({ app, hub }: Services, { to, tenantId }: EmitMessage): Iterable<Session> => {
  if ('room' in to) return hub.sessionsIn(app.room(tenantId, to.room).key)
  if ('userId' in to) return hub.sessionsOf(tenantId, to.userId)
  if ('everyone' in to) return hub.sessions.values()
  const session = hub.sessions.get(to.session)
  return session ? [session] : []
}
