/** Marks notifications seen, read, archived or unread. All is one line at the user, however many there are. */
import { FanfareError, type Json, type NotificationCount } from '@fanfare/protocol'
import type { Change, Rows } from '../../store/store.ts'
import { roomOf } from './check.ts'
import { addToUsers, columnsOfUser, countOf, marksOf, noCount, readUser, type UserRow } from './counters.ts'
import type { Mark, MarkRequest } from './inbox-api.ts'
import type { InboxParts } from './inbox-parts.ts'
import { inboxLimits } from './settings.ts'
import { archived, hidden, type RowState, stateNames, stateNow, transition, unseen } from './states.ts'

/** Ids that are not the user's count nothing, and nobody learns whose they are. @throws FanfareError `invalid_payload`, `too_large`, `unavailable` */
export const mark = async (parts: InboxParts, tenantId: string, request: MarkRequest): Promise<NotificationCount> => {
  const { userId, as, ids } = request
  if (ids !== 'all') checkIds(ids)
  const user = await parts.store
    .of(tenantId)
    .change((change) => (ids === 'all' ? markAll(change, userId, as) : markSome(change, userId, { as, ids })))
  return user === undefined ? noCount : countOf(user)
}

const checkIds = (ids: readonly string[]): void => {
  if (!Array.isArray(ids) || ids.some((id) => typeof id !== 'string')) {
    throw new FanfareError('invalid_payload', "ids: a list of ids, or 'all'.")
  }
  if (ids.length > inboxLimits.ids) {
    throw new FanfareError('too_large', `ids: at most ${inboxLimits.ids}; for more give 'all'.`)
  }
}

const publishUpdate = (change: Change, user: UserRow, update: { readonly [name: string]: Json }) =>
  change.publish([
    { room: roomOf(user.user_id), type: 'notification.updated', data: { ...update, count: countOf(user) } },
  ])

const markAll = async (change: Change, userId: string, as: Mark): Promise<UserRow | undefined> => {
  const marked = await sayOfAll(change.rows, userId, as)
  if (marked === undefined) return readUser(change.rows, userId)
  await publishUpdate(change, marked, { all: true, as })
  return marked
}

/** @returns undefined where there is nothing that it would change */
const sayOfAll = (rows: Rows, userId: string, as: Mark): Promise<UserRow | undefined> => {
  const said = rows
    .updateTable('inbox_user')
    .set((eb) => ({ version: eb('version', '+', 1), [`all_${as}` as const]: eb('version', '+', 1) }))
    .where('user_id', '=', userId)
    .returning(columnsOfUser)
  switch (as) {
    case 'seen':
      return said.set({ unseen: 0 }).where('unseen', '>', 0).executeTakeFirst()
    case 'read':
      return said.set({ unseen: 0, unread: 0 }).where('unread', '>', 0).executeTakeFirst()
    case 'archived':
      return said.set({ unseen: 0, unread: 0, shown: 0 }).where('shown', '>', 0).executeTakeFirst()
    case 'unread':
      return said
        .set((eb) => ({ unread: eb.ref('shown') }))
        .whereRef('unread', '<', 'shown')
        .executeTakeFirst()
  }
}

type Named = { readonly as: Mark; readonly ids: readonly string[] }

const markSome = async (change: Change, userId: string, { as, ids }: Named): Promise<UserRow | undefined> => {
  const { rows } = change
  const user = await lock(rows, userId)
  if (user === undefined || ids.length === 0) return user
  const marks = marksOf(user)
  const found = await rows
    .selectFrom('inbox_notification')
    .select(['id', 'state', 'changed'])
    .where('user_id', '=', userId)
    .where('id', 'in', [...new Set(ids)])
    .execute()
  const changes = found
    .map((row) => ({ id: row.id, from: stateNow(row, marks) }))
    .map(({ id, from }) => ({ id, from, to: transition(from, as) }))
    .filter(({ from, to }) => from !== to)
  const [first] = changes
  if (first === undefined) return user
  // A mark leads to one state, wherever it begins.
  await rows
    .updateTable('inbox_notification')
    .set({ state: first.to, changed: user.version + 1 })
    .where('user_id', '=', userId)
    .where(
      'id',
      'in',
      changes.map(({ id }) => id),
    )
    .execute()
  const users = await addToUsers(rows, new Map([[userId, { version: 1, ...differenceOf(changes) }]]))
  const after = users.get(userId)!
  await publishUpdate(change, after, { ids: changes.map(({ id }) => id), state: stateNames[first.to] })
  return after
}

const lock = (rows: Rows, userId: string): Promise<UserRow | undefined> =>
  rows
    .updateTable('inbox_user')
    .set((eb) => ({ version: eb.ref('version') }))
    .where('user_id', '=', userId)
    .returning(columnsOfUser)
    .executeTakeFirst()

type Changed = { readonly from: RowState; readonly to: RowState }

const differenceOf = (changes: readonly Changed[]) => {
  const more = (isOne: (state: RowState) => boolean) =>
    changes.filter(({ to }) => isOne(to)).length - changes.filter(({ from }) => isOne(from)).length
  return {
    unseen: more((state) => state === unseen),
    unread: more((state) => state < 2),
    shown: more((state) => state < archived && state !== hidden),
  }
}
