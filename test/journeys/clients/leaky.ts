/** An application whose every part fails with what it was given in its error: the worst that a team could write. */
import { command, defineApp } from '@fanfare/server'
import * as v from 'valibot'
import { z } from 'zod'

const Said = z.object({ text: z.string() })

const fails = (what: unknown): never => {
  throw new Error(`could not cope with ${JSON.stringify(what)}`, { cause: new TypeError(JSON.stringify(what)) })
}

export default defineApp({
  rooms: {
    'open:{id}': {
      events: { said: Said, lost: Said, 'never.reacts': Said, strict: v.object({ count: v.number() }) },
      log: { keep: 1_000, for: '1h', durable: true },
      access: 'tenant',
      publish: 'tenant',
      presence: true,
    },
    'memory:{id}': { events: { said: Said }, access: 'tenant', publish: 'tenant', presence: { state: v.number() } },
    'guarded:{id}': {
      events: { said: Said },
      access: ({ user, room }) => fails({ user, room, claims: user.claims }),
      publish: ({ user }) => fails(user.claims),
    },
  },
  commands: {
    works: command(Said, (_, input) => input),
    breaks: command(Said, (_, input) => fails(input)),
    'breaks:bare': command(Said, (_, { text }) => {
      // Not an error at all, which any library may throw.
      throw text
    }),
    strict: command(v.object({ count: v.number() }), () => null),
  },
  on: {
    lost: (_, event) => fails(event),
    'never.reacts': (_, event) => Promise.reject(event.data.text),
  },
  routes: { 'POST /app/breaks': async ({ request }) => fails(await request.text()) },
})
