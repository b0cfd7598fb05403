/** An application that writes down every end it is told of, each time anew, and by which process. */
import { randomUUID } from 'node:crypto'
import process from 'node:process'
import { type AppContext, defineApp } from '@fanfare/server'
import { z } from 'zod'

const Note = z.object({ what: z.string(), pid: z.number(), state: z.enum(['begun', 'done']) })
export type Note = z.output<typeof Note>

/** With a key of its own, so that a second run shows. */
const note = (context: AppContext, what: string, state: Note['state']) =>
  context.publish('diary', 'noted', { what, pid: process.pid, state }, { key: randomUUID() })

/** How long the end of a user whose name begins with `slow` takes. */
const slowMs = 20_000

export default defineApp({
  rooms: {
    'ward:{id}': { events: {}, access: 'tenant' },
    diary: { events: { noted: Note }, access: 'tenant', log: { keep: 100_000, for: '1h', durable: true } },
  },
  lifecycle: {
    'user.offline': async (context, { userId }) => {
      await note(context, userId, 'begun')
      if (userId.startsWith('slow')) await new Promise((resolve) => setTimeout(resolve, slowMs))
      await note(context, userId, 'done')
    },
    'room.vacated': async (context, { room }) => {
      await note(context, room, 'done')
    },
  },
})
