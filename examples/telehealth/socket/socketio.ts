/** What the clinic's Socket.IO clients find: their names on the outside, Fanfare's chat, inbox and status behind them. */
import type { Duration, SocketIoDescription } from '@fanfare/server'
import type { Tally } from '../metrics.ts'
import { messageEvents } from './messages.ts'
import { notificationEvents } from './notifications.ts'
import { presenceEvents } from './presence.ts'
import { greet, roomEvents } from './rooms.ts'
import { words } from './words.ts'

export type SocketIoOptions = {
  /** A client that emits nothing for so long is disconnected. */
  readonly idleTimeout: Duration
  readonly tally: Tally
}

export const socketio = ({ idleTimeout, tally }: SocketIoOptions): SocketIoDescription => ({
  recovery: { for: '2m' },
  idleTimeout,
  events: words,
  namespaces: {
    '/': {
      subscribe: ['chats:{userId}', 'inbox:{userId}', 'status:{userId}'],
      refresh: 'auth:refresh',
      connect: async (socket) => {
        tally.connections++
        await greet(socket)
      },
      on: { ...messageEvents, ...roomEvents, ...presenceEvents, ...notificationEvents },
    },
  },
})
