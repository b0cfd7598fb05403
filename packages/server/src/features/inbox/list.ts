/** What a user has, newest first, page by page, with the count of the same moment. */
import { FanfareError, type NotificationCount, type NotificationPage, type NotificationState } from '@fanfare/protocol'
import { notificationOf, openSealed } from './content.ts'
import { countOf, marksOf, noCount, readUser } from './counters.ts'
import type { PageAsked } from './inbox-api.ts'
import type { InboxParts } from './inbox-parts.ts'
import { inboxLimits } from './settings.ts'
import { bandsOf, hidden, type RowState, stateNames, stateNow } from './states.ts'

export type PageOf = PageAsked & { readonly userId: string }

/** @throws FanfareError `invalid_payload`, `unavailable` */
export const list = async (parts: InboxParts, tenantId: string, asked: PageOf): Promise<NotificationPage> => {
  const { userId, before } = asked
  const limit = limitOf(asked.limit)
  const wanted = new Set((asked.states ?? ['unseen', 'seen', 'read']).map(numberOf))
  const store = parts.store.of(tenantId)
  const sealer = await store.sealer()
  const found = await store.read(async (rows) => {
    const user = await readUser(rows, userId)
    if (user === undefined) return undefined
    const marks = marksOf(user)
    const bands = bandsOf(wanted, marks)
    if (bands.length === 0) return { user, marks, page: [] }
    const page = await rows
      .selectFrom('inbox_notification')
      .select(['user_id', 'id', 'kind', 'content', 'key_id', 'state', 'changed', 'count', 'created_at'])
      .where('user_id', '=', userId)
      .$if(before !== undefined, (query) => query.where('id', '<', before!))
      .where(({ eb, and, or }) =>
        or(
          bands.map(({ from, before: end, states }) =>
            and([eb('changed', '>=', from), eb('changed', '<', end), eb('state', 'in', states)]),
          ),
        ),
      )
      .orderBy('id', 'desc')
      .limit(limit + 1)
      .execute()
    return { user, marks, page }
  })
  if (found === undefined) return { notifications: [], count: noCount }
  const page = found.page.slice(0, limit)
  const last = found.page.length > limit ? page.at(-1) : undefined
  return {
    notifications: page.map((row) => {
      const content = openSealed(sealer, row, { table: 'inbox_notification', id: row.id })
      return notificationOf(row, content, shownState(stateNow(row, found.marks)))
    }),
    count: countOf(found.user),
    ...(last === undefined ? {} : { before: last.id }),
  }
}

/** @throws FanfareError `unavailable` */
export const count = async (parts: InboxParts, tenantId: string, userId: string): Promise<NotificationCount> => {
  const user = await parts.store.of(tenantId).read((rows) => readUser(rows, userId))
  return user === undefined ? noCount : countOf(user)
}

const limitOf = (limit: number = inboxLimits.pageDefault): number => {
  if (Number.isInteger(limit) && limit >= 1 && limit <= inboxLimits.page) return limit
  throw new FanfareError('invalid_payload', `limit: a whole number from 1 to ${inboxLimits.page}.`)
}

const numberOf = (state: NotificationState): RowState => {
  const number = stateNames.indexOf(state)
  if (number >= 0 && number !== hidden) return number as RowState
  throw new FanfareError('invalid_payload', 'states: of unseen, seen, read and archived.')
}

/** What is hidden is never asked for. */
const shownState = (state: RowState): Exclude<RowState, typeof hidden> => {
  if (state !== hidden) return state
  throw new FanfareError('internal')
}
