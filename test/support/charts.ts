/** The application of journeys about rooms that are kept in the store, which nodes on Redis alone cannot have. */
import { defineApp } from '@fanfare/server'
import { z } from 'zod'

const Counted = z.object({ n: z.number().int() })

export const charts = defineApp({
  rooms: {
    'chart:{id}': {
      events: { counted: Counted },
      log: { keep: 50, for: '1m', archive: '1d' },
      access: 'tenant',
      publish: 'tenant',
    },
    'chart-echo:{id}': { events: { echoed: Counted }, log: { archive: 'forever' }, access: 'tenant' },
  },
  on: {
    counted: async (context, event) => {
      await context.publish(event.room.replace('chart', 'chart-echo'), 'echoed', { n: event.data.n })
    },
  },
})

export default charts
