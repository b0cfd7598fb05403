/** An application whose code fails in ways that nobody waits for. */
import { command, defineApp } from '@fanfare/server'
import { z } from 'zod'

const note = { note: z.object({ text: z.string() }) }

export default defineApp({
  rooms: { 'notes:{id}': { events: note, log: { keep: 100, for: '1h' }, access: 'tenant', publish: 'tenant' } },
  commands: {
    'forgets:await': command(z.object({}), () => {
      void Promise.reject(new Error('nobody waits for this promise'))
      return 'done'
    }),
    'throws:later': command(z.object({}), () => {
      setTimeout(() => {
        throw new Error('nobody is there to catch this')
      }, 0)
      return 'done'
    }),
  },
  on: {
    note: () => {
      void Promise.reject(new Error('nor for this one'))
      throw new Error('a reaction that fails')
    },
  },
})
