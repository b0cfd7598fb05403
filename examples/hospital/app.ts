/** The hospital: every event of a tenant to every session of that tenant, with a short memory and a way to sign in. */
import { FanfareError, type RoomEvent } from '@fanfare/protocol'
import { type AccessContext, defineApp } from '@fanfare/server'
import { analyticsRoom, Counted, createAnalytics, operatorTenant } from './analytics.ts'
import { eventSchemas, eventsRoom, eventTypes, hospitalEvent } from './events.ts'
import { publishTestEvent, readBody, tellEvents, tellStats } from './routes.ts'
import { type SignInOptions, signIn } from './sign-in.ts'
import { createUsers, demoAccounts } from './users.ts'

/** Every token of a tenant may read its events; the operators' tenant is theirs alone. */
const ofHospital = ({ user }: AccessContext) => user.tenantId !== operatorTenant
const ofOperators = ({ user }: AccessContext) => user.tenantId === operatorTenant

export const createHospital = () => {
  const analytics = createAnalytics()
  let door: SignInOptions | undefined
  const count = (_: unknown, event: RoomEvent) => analytics.count(event)
  return defineApp({
    rooms: {
      [eventsRoom]: { events: eventSchemas, log: { keep: 10_000, for: '30d', durable: true }, access: ofHospital },
      [analyticsRoom]: {
        events: { 'event.counted': Counted },
        log: { keep: 100_000, for: '30d', durable: true },
        access: ofOperators,
      },
    },
    on: Object.fromEntries(eventTypes.map((type) => [type, count])),
    endpoints: {
      '/ws': {
        subscribe: [eventsRoom],
        tokenInQuery: true,
        words: { event: (event) => ({ type: 'event', event: hospitalEvent(event) }) },
      },
    },
    routes: {
      'GET /api/realtime/events/{tenantId}': tellEvents,
      'GET /api/realtime/stats': tellStats,
      'POST /api/realtime/test-event': publishTestEvent,
      'POST /api/auth/signin': {
        auth: 'none',
        handle: async ({ request }) => {
          if (door === undefined) throw new FanfareError('unavailable')
          return signIn(door, await readBody(request))
        },
      },
    },
    async onStart({ of, mint, mode }) {
      // Accounts whose passwords anybody can read in the source are for a developer's own machine only.
      const users = await createUsers(mode === 'development' ? demoAccounts : [])
      door = { users, of, mint }
      analytics.open(of(operatorTenant))
      return () => {
        door = undefined
      }
    },
  })
}

export const app = createHospital()
export default app
