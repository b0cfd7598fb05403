/** The application of the proofs about nodes: halls with presence for clients of every kind, and a tally of who was told as offline. */
import { command, defineApp, socketHandler } from '@fanfare/server'
import { z } from 'zod'

export const halls = defineApp({
  rooms: {
    'hall:{id}': {
      events: { counted: z.object({ n: z.number().int() }) },
      log: { keep: 200_000, for: '1h', durable: true },
      access: 'tenant',
      publish: 'tenant',
      presence: { grace: '5s' },
    },
  },
  commands: {
    /** How often `user.offline` ran for each, over all nodes. */
    'offline:tally': command(z.object({ users: z.array(z.string()) }), async ({ cache }, { users }) => {
      const told = await Promise.all(users.map((user) => cache.get(`offline:${user}`)))
      return told.map((times) => (typeof times === 'number' ? times : 0))
    }),
  },
  lifecycle: {
    'user.offline': async ({ cache }, { userId }) => {
      await cache.increment(`offline:${userId}`)
    },
  },
  socketio: {
    recovery: { for: '2m' },
    namespaces: {
      '/': {
        // What others see of a client is the session's, and a session that was recovered is a new one on its node.
        connect: async (socket) => {
          if (!socket.recovered) return
          for (const room of socket.rooms) if (room.startsWith('hall:')) await socket.appear(room, {})
        },
        on: {
          enter: socketHandler(z.tuple([z.string()]), async (socket, room) => {
            await socket.join(room)
            await socket.appear(room, {})
            return true
          }),
        },
      },
    },
  },
})

export default halls
