/** What the engine calls: events, presence changes and messages from nodes, each to who handles it on this node. */
import type { NodeMessage } from '../engine/node-bus.ts'
import type { PresenceSink } from '../engine/presence.ts'
import type { RoomSink } from '../engine/room-log.ts'
import { deliverEmit } from './emit.ts'
import type { Services } from './services.ts'
import { endSessions } from './sessions.ts'
import { weighUser } from './weigh.ts'

const events = ({ canary, hub }: Services): RoomSink => ({
  deliver(room, epoch, event) {
    if (canary.owns(room)) canary.seen(event.id)
    else hub.deliver(room, epoch, event)
  },
  lost: (room) => hub.lost(room),
})

const presence = ({ hub }: Services): PresenceSink => ({
  changed: (room, change, member) => hub.presenceChanged(room, change, member),
})

const messages =
  (services: Services) =>
  (message: NodeMessage): void => {
    switch (message.type) {
      case 'grants.changed':
        weighUser(services, message.tenantId, message.userId).catch((error: unknown) => {
          // What may have been revoked is not known: nobody of this user stays. They come back when it is known again.
          services.log.error({ error, tenant: message.tenantId, user: message.userId }, 'grants could not be read anew')
          for (const session of services.hub.sessionsOf(message.tenantId, message.userId)) {
            session.end('unavailable', 'what the user may do cannot be looked up')
          }
        })
        return
      case 'disconnect':
        endSessions(services, message.tenantId, message)
        return
      case 'emit':
        deliverEmit(services, message)
    }
  }

export const receive = { events, presence, messages }
