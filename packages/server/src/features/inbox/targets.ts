/** Who a notification is for. Up to some hundreds are named at once; for more, only how many. */
import { FanfareError, type NotificationTarget } from '@fanfare/protocol'
import type { Rows } from '../../store/store.ts'
import type { CheckedNotification } from './check.ts'

/** Users beyond the last one named, in the order of their ids. */
export type Page = { readonly after: string; readonly limit: number }

export type ManyTarget = { readonly target: 'topic' | 'role'; readonly name: string }

/** Undefined for a user. */
export const manyOf = (to: NotificationTarget): ManyTarget | undefined => {
  if ('topic' in to) return { target: 'topic', name: to.topic }
  return 'role' in to ? { target: 'role', name: to.role } : undefined
}

const usersOf = (rows: Rows, { target, name }: ManyTarget) =>
  target === 'topic'
    ? rows.selectFrom('inbox_follow').where('topic', '=', name).select('inbox_follow.user_id as user').$castTo<User>()
    : rows.selectFrom('inbox_role').where('role', '=', name).select('inbox_role.user_id as user').$castTo<User>()

type User = { readonly user: string }

export const pageOf = async (rows: Rows, many: ManyTarget, { after, limit }: Page): Promise<readonly string[]> => {
  const all = usersOf(rows, many)
  const users = await rows
    .selectFrom(all.as('users'))
    .select('user')
    .where('user', '>', after)
    .orderBy('user')
    .limit(limit)
    .execute()
  return users.map(({ user }) => user)
}

/** @throws FanfareError `too_large` where there are more than `reach` */
export const sizeOf = async (rows: Rows, many: ManyTarget, reach: number): Promise<number> => {
  const { count } = await rows
    .selectFrom(
      rows
        .selectFrom(usersOf(rows, many).as('all'))
        .select('user')
        .limit(reach + 1)
        .as('users'),
    )
    .select((eb) => eb.fn.countAll<number>().as('count'))
    .executeTakeFirstOrThrow()
  if (count <= reach) return count
  throw new FanfareError(
    'too_large',
    `to: the ${many.target} has more than ${reach} users, which is what one notification may reach (features.inbox.reach).`,
  )
}

/** One notification of one user. */
export type Delivery = Pick<CheckedNotification, 'kind' | 'content' | 'key'> & { readonly userId: string }
