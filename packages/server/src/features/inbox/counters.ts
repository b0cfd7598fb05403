/**
 * The counters of users. Every change of a user's notifications goes by here first: the row is the lock that puts changes of
 * one user into an order, and `version` is their number.
 */
import type { NotificationCount } from '@fanfare/protocol'
import type { Selectable } from 'kysely'
import type { Rows } from '../../store/store.ts'
import type { MarksOfAll } from './states.ts'
import type { UserTable } from './tables.ts'

export type UserRow = Omit<Selectable<UserTable>, 'tenant_id'>

const counters = ['version', 'unseen', 'unread', 'shown', 'kept', 'pushes'] as const
export type Counter = (typeof counters)[number]
/** What is added to each. */
export type Difference = { readonly [Name in Counter]?: number }

export const columnsOfUser = ['user_id', ...counters, 'all_seen', 'all_unread', 'all_read', 'all_archived'] as const

export const countOf = ({
  unseen,
  unread,
  version,
}: Pick<UserRow, 'unseen' | 'unread' | 'version'>): NotificationCount => ({
  unseen,
  unread,
  version,
})

export const noCount: NotificationCount = Object.freeze({ unseen: 0, unread: 0, version: 0 })

export const marksOf = (user: UserRow): MarksOfAll => ({
  seen: user.all_seen,
  unread: user.all_unread,
  read: user.all_read,
  archived: user.all_archived,
})

/** Locks the users' rows in one order, makes those that are not there, and adds. @returns them as they are then */
export const addToUsers = async (
  rows: Rows,
  differences: ReadonlyMap<string, Difference>,
): Promise<ReadonlyMap<string, UserRow>> => {
  if (differences.size === 0) return new Map()
  const values = [...differences]
    .sort(([one], [other]) => (one < other ? -1 : 1))
    .map(([user_id, added]) => ({ user_id, ...noRow, ...added }))
  const changed = await rows
    .insertInto('inbox_user')
    .values(values)
    .onConflict((conflict) =>
      conflict.columns(['tenant_id', 'user_id']).doUpdateSet((eb) => ({
        version: eb('inbox_user.version', '+', eb.ref('excluded.version')),
        unseen: eb('inbox_user.unseen', '+', eb.ref('excluded.unseen')),
        unread: eb('inbox_user.unread', '+', eb.ref('excluded.unread')),
        shown: eb('inbox_user.shown', '+', eb.ref('excluded.shown')),
        kept: eb('inbox_user.kept', '+', eb.ref('excluded.kept')),
        pushes: eb('inbox_user.pushes', '+', eb.ref('excluded.pushes')),
      })),
    )
    .returning(columnsOfUser)
    .execute()
  return new Map(changed.map((user) => [user.user_id, user]))
}

const noRow = {
  version: 0,
  unseen: 0,
  unread: 0,
  shown: 0,
  kept: 0,
  pushes: 0,
  all_seen: 0,
  all_unread: 0,
  all_read: 0,
  all_archived: 0,
}

/** Locks rows that are there. */
export const lockUsers = async (rows: Rows, userIds: readonly string[]): Promise<ReadonlyMap<string, UserRow>> =>
  addToUsers(rows, new Map(userIds.map((userId) => [userId, {}])))

/** Undefined: the user never had anything. */
export const readUser = (rows: Rows, userId: string): Promise<UserRow | undefined> =>
  rows.selectFrom('inbox_user').select(columnsOfUser).where('user_id', '=', userId).executeTakeFirst()
