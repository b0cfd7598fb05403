/**
 * The statuses of the store: read, and changed many at a time, each change with the event that tells of it. Decides nothing;
 * `transition.ts` does.
 */
import type { Batches } from '../../store/batches.ts'
import { createBatches } from '../../store/batches.ts'
import { insertAll } from '../../store/insert-all.ts'
import type { Change, EventDraft, Rows, Store } from '../../store/store.ts'
import type { UserStatusTable } from './tables.ts'
import { type StatusChange, type StatusRow, statusOf, transition, unknownUser } from './transition.ts'
import { statusRoom } from './words.ts'

export type StatusItem = { readonly userId: string; readonly change: StatusChange }

/** How often the connections of a tenant are compared with its statuses, ms. */
export const roundMs = 300_000

/** Each answers with the status as it is after the change. */
export const statusBatches = (store: Store, options: { readonly most?: number } = {}): Batches<StatusItem, StatusRow> =>
  createBatches({ store, run: apply, ...options })

const apply = async (change: Change, items: readonly StatusItem[]): Promise<readonly StatusRow[]> => {
  const before = await lockedRows(change.rows, items)
  const after = new Map(before)
  const results = items.map(({ userId, change: happened }) => {
    const next = transition(after.get(userId) ?? unknownUser(userId), happened)
    after.set(userId, next)
    return next
  })
  const changed = [...after.values()].filter((row) => !isSame(row, before.get(row.userId)))
  if (changed.length > 0) await write(change.rows, changed)
  await expectRound(change.rows, items)
  const seen = changed.filter(({ isTold, userId, version }) => isTold && version !== before.get(userId)?.version)
  const now = Math.max(...items.map((item) => item.change.at))
  const drafts = seen.flatMap((row) => eventOf(row, now))
  if (drafts.length > 0) await change.publish(drafts)
  return results
}

/**
 * Makes the rows that are not there, and holds all of them until the end of the change, so that no other node decides from
 * what this one is about to change. In one order, so that two that want the same users wait for each other in turn.
 */
const lockedRows = async (rows: Rows, items: readonly StatusItem[]): Promise<ReadonlyMap<string, StatusRow>> => {
  const users = [...new Set(items.map(({ userId }) => userId))].sort()
  const unknown = users.map((userId) => columnsOf(unknownUser(userId)))
  const found = await insertAll(rows, 'user_status', unknown)
    .onConflict((conflict) =>
      conflict.columns(['tenant_id', 'user_id']).doUpdateSet((old) => ({ user_id: old.ref('excluded.user_id') })),
    )
    .returningAll()
    .execute()
  return new Map(found.map((row) => [row.user_id, rowOf(row)]))
}

const write = async (rows: Rows, changed: readonly StatusRow[]): Promise<void> => {
  await insertAll(rows, 'user_status', changed.map(columnsOf))
    .onConflict((conflict) =>
      conflict.columns(['tenant_id', 'user_id']).doUpdateSet((old) => ({
        told: old.ref('excluded.told'),
        connected: old.ref('excluded.connected'),
        connected_at: old.ref('excluded.connected_at'),
        last_seen: old.ref('excluded.last_seen'),
        chosen: old.ref('excluded.chosen'),
        text: old.ref('excluded.text'),
        version: old.ref('excluded.version'),
      })),
    )
    .execute()
}

/** Where somebody is told, somebody looks after a while whether they are still there. */
const expectRound = async (rows: Rows, items: readonly StatusItem[]): Promise<void> => {
  const told = items.find(({ change }) => change.kind === 'came' || change.kind === 'told')
  if (!told) return
  await rows
    .insertInto('status_round')
    .values({ due_at: told.change.at + roundMs })
    .onConflict((conflict) => conflict.column('tenant_id').doNothing())
    .execute()
}

const eventOf = (row: StatusRow, now: number): EventDraft[] => {
  const room = statusRoom(row.userId)
  return room === undefined ? [] : [{ room, type: 'status.updated', data: statusOf(row, now) }]
}

/** Of users of whom nothing is known too, in the order asked. */
export const readStatuses = async (store: Store, tenantId: string, users: readonly string[]): Promise<StatusRow[]> => {
  const found = await store.of(tenantId).read((rows) =>
    rows
      .selectFrom('user_status')
      .selectAll()
      .where('user_id', 'in', [...new Set(users)])
      .execute(),
  )
  const byUser = new Map(found.map((row) => [row.user_id, rowOf(row)]))
  return users.map((userId) => byUser.get(userId) ?? unknownUser(userId))
}

/** Those of these users of whose coming and going somebody may want to know. */
export const readTold = async (rows: Rows, users: readonly string[]): Promise<ReadonlyMap<string, true>> => {
  const found = await rows
    .selectFrom('user_status')
    .select('user_id')
    .where('user_id', 'in', users)
    .where('told', '=', 1)
    .execute()
  return new Map(found.map((row) => [row.user_id, true]))
}

const isSame = (one: StatusRow, other: StatusRow | undefined): boolean =>
  other !== undefined && (Object.keys(one) as (keyof StatusRow)[]).every((name) => one[name] === other[name])

type Columns = Omit<UserStatusTable, 'tenant_id'>

const columnsOf = (row: StatusRow): Columns => ({
  user_id: row.userId,
  told: row.isTold ? 1 : 0,
  connected: row.isConnected ? 1 : 0,
  connected_at: row.connectedAt,
  last_seen: row.lastSeen,
  chosen: row.chosen,
  text: row.text,
  version: row.version,
})

const rowOf = (row: Columns): StatusRow => ({
  userId: row.user_id,
  isTold: row.told === 1,
  isConnected: row.connected === 1,
  connectedAt: row.connected_at,
  lastSeen: row.last_seen,
  chosen: row.chosen,
  text: row.text,
  version: row.version,
})
