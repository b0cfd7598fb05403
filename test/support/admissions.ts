/** An application whose command gets stuck the first time that it runs, wherever that is. */
import { command, defineApp } from '@fanfare/server'
import { z } from 'zod'

export default defineApp({
  rooms: {
    'ward:{ward}': {
      events: { admitted: z.object({ name: z.string() }) },
      log: { keep: 100, for: '1h', durable: true },
      access: 'tenant',
      publish: 'tenant',
    },
  },
  commands: {
    admit: command(z.object({ name: z.string() }), async ({ cache, publish }, { name }) => {
      const tries = await cache.increment(`tries:${name}`)
      await publish('ward:1', 'admitted', { name })
      if (tries === 1) await new Promise(() => {})
      return { tries }
    }),
  },
})
