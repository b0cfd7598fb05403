/**
 * The status feature: one status for all devices of a user, which follows the sessions as the server sees them, and what the
 * user chose to say. Puts the parts together and owns no rule.
 */
import { idOfRoomPart } from '@fanfare/protocol'
import type { AppContext } from '../../app/context.ts'
import { command } from '../../app/define-app.ts'
import type { FeatureDescription } from '../../app/feature-description.ts'
import { serverRoute } from '../../app/server-route.ts'
import { SeldomWarning } from '../../lib/seldom.ts'
import type { User } from '../../model/identity.ts'
import type { Feature } from '../feature.ts'
import { Arrivals } from './arrivals.ts'
import { Rounds } from './rounds.ts'
import { SecondLook } from './second-look.ts'
import type { StatusApi, StatusOptions } from './status-api.ts'
import { readStatuses, statusBatches } from './statuses.ts'
import { statusSchema } from './tables.ts'
import { Telling } from './telling.ts'
import { asHeld, endOf, ownStatusOf, type StatusChange, type StatusRow, statusOf } from './transition.ts'
import { checked, newStatus, statusDefaults, statusesAsked, userStatus } from './words.ts'

/** What the feature says to itself through the context, and nobody else need know of. */
type OwnApi = StatusApi & {
  went(userId: string, since: string): Promise<void>
  /** Somebody is about to hear of this user. */
  watched(userId: string): Promise<void>
}
const ownOf = (context: AppContext): OwnApi => context.status as OwnApi

const held = Promise.resolve()

const describe = (options: StatusOptions): FeatureDescription => {
  checkOptions(options)
  const may = mayOf(options)
  return {
    rooms: {
      'status:{userId}': {
        events: { 'status.updated': userStatus },
        log: { keep: 10, for: '1h', archive: '1d' },
        access: async ({ context, room, user }) => {
          const userId = idOfRoomPart(room.slice('status:'.length))
          if (userId === undefined || !(await may(user, userId))) return false
          await ownOf(context).watched(userId)
          return true
        },
      },
    },
    commands: {
      'status:set': command(newStatus(options), (context, status) => context.status.set(context.user.id, status)),
      'status:get': command(statusesAsked, async (context, { userIds }) => {
        const { user } = context
        const allowed = await Promise.all(userIds.map((userId) => may(user, userId)))
        return context.status.get(
          userIds.filter((_, index) => allowed[index]),
          { as: user.id },
        )
      }),
    },
    routes: {
      'GET /v1/users/{userId}/status': serverRoute(
        {
          scope: 'read',
          room: 'status:{userId}',
          summary: 'The status of a user, as others see it',
          answer: userStatus,
        },
        async (context) => (await context.status.get([context.params.userId ?? '']))[0],
      ),
    },
    lifecycle: { 'user.offline': (context, { userId, since }) => ownOf(context).went(userId, since) },
  }
}

const mayOf = ({ access }: StatusOptions) => {
  const granted = (user: User, userId: string) => user.may('status', 'user', userId)
  const may = access ? (user: User, userId: string) => access({ user, userId }) : granted
  return (user: User, userId: string) => user.id === userId || may(user, userId)
}

/** @throws Error */
const checkOptions = ({ access, textLength = statusDefaults.textLength }: StatusOptions): void => {
  if (access !== undefined && typeof access !== 'function')
    throw new Error('access: give a function ({ user, userId }) => ….')
  if (!Number.isInteger(textLength) || textLength < 0 || textLength > 10_000) {
    throw new Error('textLength: give a whole number from 0 to 10000.')
  }
}

export const status: Feature<'status'> = {
  name: 'status',
  schema: statusSchema,
  describe,
  open: async (services, options) => {
    const { clock, log, store } = services
    const batches = statusBatches(store)
    const warning = new SeldomWarning({ clock, log }, 'who is connected could not be written down; it is tried again')
    const online = async (tenantId: string) =>
      new Set(Object.keys((await services.of(tenantId).stats()).sessionsByUser))
    const secondLook = new SecondLook({ clock, batches, warning, online })
    const { heldSince } = services
    const everybody = services.isReactedTo('status.updated')
    const telling = new Telling({ clock, store, batches, secondLook, warning, heldSince, everybody })
    const isTold = telling.isTold.bind(telling)
    // Where all are told, it matters to nobody whether they are held.
    const untilHeld = everybody ? () => held : services.untilHeld
    const arrivals = new Arrivals({ clock, batches, warning, isTold, untilHeld, online })
    const rounds = new Rounds({ clock, store, batches, secondLook, warning, isTold, online })
    const schema = newStatus(options)
    const shown = async (tenantId: string, rows: readonly StatusRow[]): Promise<readonly StatusRow[]> => {
      const untold = rows.filter(({ isTold }) => !isTold).map(({ userId }) => userId)
      if (everybody || untold.length === 0) return rows
      const held = await services.heldSince(tenantId, untold)
      return rows.map((row) => asHeld(row, held.get(row.userId)))
    }
    const choose = async (tenantId: string, userId: string, change: StatusChange): Promise<StatusRow> => {
      const since = services.hereSince(tenantId, userId)
      // Whoever came and chooses at once may do so before it is written down that they came.
      const came =
        since === undefined ? undefined : batches.add(tenantId, { userId, change: { kind: 'came', at: since } })
      const [row] = await Promise.all([batches.add(tenantId, { userId, change }), came])
      return row
    }
    rounds.start()
    const apiOf = (tenantId: string): OwnApi => ({
      async set(userId, given) {
        const at = clock.now()
        const change = { kind: 'chose', at, status: checked(schema, given) } as const
        await telling.begin(tenantId, userId)
        return ownStatusOf(await choose(tenantId, userId, change), at)
      },
      async get(userIds, { as } = {}) {
        if (userIds.length === 0) return []
        checked(statusesAsked, { userIds })
        const rows = await shown(tenantId, await readStatuses(store, tenantId, userIds))
        const now = clock.now()
        return rows.map((row) => (row.userId === as ? ownStatusOf(row, now) : statusOf(row, now)))
      },
      watched: (userId) => telling.watch(tenantId, userId),
      async went(userId, began) {
        // Before it is asked: a session that begins after this is younger than the end.
        const end = { at: clock.now(), since: Date.parse(began) }
        if (await services.isOnline(tenantId, userId)) return
        const row = await batches.add(tenantId, { userId, change: { kind: 'went', ...end } })
        if (endOf(row, end) === 'doubtful')
          secondLook.at(tenantId, userId, { at: end.at, connectedAt: row.connectedAt })
      },
    })
    return {
      api: ({ tenantId }) => apiOf(tenantId),
      connected: ({ identity: { tenantId, userId } }) => arrivals.came(tenantId, userId),
      async stop() {
        await rounds.stop()
        await telling.stop()
        await secondLook.stop()
        await arrivals.stop()
      },
    }
  },
}
