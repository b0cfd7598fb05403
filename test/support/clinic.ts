/** The application that journeys run on: one room for each policy that a team can choose. */
import { command, defineApp } from '@fanfare/server'
import { z } from 'zod'

const Said = z.object({ text: z.string().max(10_000) })
const Counted = z.object({ n: z.number().int() })
const Reading = z.object({ bed: z.string(), value: z.number() })

export const clinic = defineApp({
  rooms: {
    /** On disk, for every user of the tenant. */
    'ward:{ward}': {
      events: { 'message.created': Said, counted: Counted },
      log: { keep: 200_000, for: '24h', durable: true },
      access: 'tenant',
      publish: 'tenant',
      presence: { grace: '5s' },
    },
    /** In memory, small. */
    'corridor:{id}': {
      events: { counted: Counted, 'message.created': Said },
      log: { keep: 50, for: '5m' },
      access: 'tenant',
      publish: 'tenant',
    },
    /** In memory, large. */
    'archive:{id}': {
      events: { counted: Counted },
      log: { keep: 100_000, for: '1h' },
      access: 'tenant',
      publish: 'tenant',
    },
    /** In memory, large, and on a replica before it is acknowledged. */
    'vital:{id}': {
      events: { counted: Counted },
      log: { keep: 100_000, for: '1h', acks: 'replicas' },
      access: 'tenant',
      publish: 'tenant',
    },
    /** In memory, for large events. */
    'images:{id}': {
      events: { 'message.created': Said },
      log: { keep: 3_000, for: '1h' },
      access: 'tenant',
      publish: 'tenant',
    },
    /** Live only. */
    'whisper:{id}': { events: { counted: Counted }, log: 'none', access: 'tenant', publish: 'tenant' },
    /** Only for whom a grant allows it. */
    'patient:{patientId}': {
      events: { 'message.created': Said },
      log: { keep: 1_000, for: '24h', durable: true },
      access: ({ user, params }) => user.may('read', 'patient', params.patientId),
      publish: ({ user, params }) => user.may('write', 'patient', params.patientId),
    },
    /** A slow reader gets the newest reading of each bed. */
    'monitor:{id}': {
      events: { reading: Reading },
      log: { keep: 100_000, for: '1h' },
      access: 'tenant',
      publish: 'tenant',
      slow: { conflate: ({ data }) => data.bed },
    },
    /** What reactions publish. */
    'echo:{ward}': { events: { echoed: Counted }, log: { keep: 200_000, for: '24h', durable: true }, access: 'tenant' },
    /** Servers only. */
    notices: { events: { notice: Said }, log: { keep: 100, for: '1h', durable: true }, access: 'tenant' },
  },
  commands: {
    'message:send': command(z.object({ ward: z.string(), text: z.string() }), async (context, { ward, text }) => {
      const sent = await context.publish(`ward:${ward}`, 'message.created', { text })
      return { id: sent.id, offset: sent.offset }
    }),
    'never:answers': command(z.object({}), () => new Promise<null>(() => {})),
    'always:fails': command(z.object({}), () => {
      throw new Error('a secret detail')
    }),
  },
  on: {
    counted: async (context, event) => {
      const [kind, id] = event.room.split(':')
      if (kind === 'ward') await context.publish(`echo:${id}`, 'echoed', { n: event.data.n })
    },
  },
})

export default clinic
