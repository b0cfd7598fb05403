/** What the engine calls: events, presence changes and messages from nodes, each to who handles it on this node. */
import type { NodeMessage } from '../engine/node-bus.ts'
import type { PresenceSink } from '../engine/presence.ts'
import type { RoomSink } from '../engine/room-log.ts'
import { deliverEmit } from './emit.ts'
import { Missed } from './missed.ts'
import type { Services } from './services.ts'
import { endSessions } from './sessions.ts'
import { cannotWeigh, weighUser } from './weigh.ts'

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

const messages = (services: Services) => {
  const missed = new Missed(services)
  return (message: NodeMessage): void => {
    switch (message.type) {
      case 'grants.changed': {
        const { tenantId, userId } = message
        weighUser(services, tenantId, userId).catch((error: unknown) =>
          cannotWeigh(services, { tenantId, userId, error }),
        )
        return
      }
      case 'disconnect':
        endSessions(services, message.tenantId, message)
        return
      case 'emit':
        deliverEmit(services, message)
        return
      case 'missed':
        missed.makeGood().catch((error: unknown) => services.log.error({ error }, 'what was missed was not made good'))
    }
  }
}

export const receive = { events, presence, messages }
