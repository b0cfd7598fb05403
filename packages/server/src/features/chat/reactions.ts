/** The reactions to messages, as they are shown: of many users the first, and how many there are more. */
import type { ChatMessage } from '@fanfare/protocol'
import type { Rows, Sealer } from '../../store/store.ts'
import { bounds } from './options.ts'
import { type MessageRow, messageOf, noReactions, openBody } from './rows.ts'

type Reactions = ChatMessage['reactions']

/** To all of these messages by one query. */
export const readReactions = async (rows: Rows, ids: readonly string[]): Promise<ReadonlyMap<string, Reactions>> => {
  if (ids.length === 0) return new Map()
  const found = await rows
    .selectFrom((query) =>
      query
        .selectFrom('chat_reaction')
        .where('message_id', 'in', [...ids])
        .select(({ fn }) => [
          'message_id',
          'reaction',
          'user_id',
          fn
            .agg<number>('row_number')
            .over((over) => over.partitionBy(['message_id', 'reaction']).orderBy('reacted_at').orderBy('user_id'))
            .as('nth'),
          fn
            .countAll<number>()
            .over((over) => over.partitionBy(['message_id', 'reaction']))
            .as('total'),
          fn
            .min<number>('reacted_at')
            .over((over) => over.partitionBy(['message_id', 'reaction']))
            .as('since'),
        ])
        .as('ranked'),
    )
    .selectAll()
    .where('nth', '<=', bounds.reactionUsers)
    .orderBy('since')
    .orderBy('reaction')
    .orderBy('nth')
    .execute()
  const byMessage = new Map<string, Map<string, { users: string[]; total: number }>>()
  for (const { message_id, reaction, user_id, total } of found) {
    const kinds = byMessage.get(message_id) ?? new Map<string, { users: string[]; total: number }>()
    byMessage.set(message_id, kinds)
    const kind = kinds.get(reaction) ?? { users: [], total: Number(total) }
    kinds.set(reaction, kind)
    kind.users.push(user_id)
  }
  return new Map([...byMessage].map(([id, kinds]) => [id, shown(kinds)]))
}

const shown = (kinds: ReadonlyMap<string, { readonly users: readonly string[]; readonly total: number }>): Reactions =>
  Object.fromEntries([...kinds].map(([kind, { users, total }]) => [kind, { users, more: total - users.length }]))

/** Messages as they are now. */
export const readMessages = async (
  rows: Rows,
  found: readonly MessageRow[],
  sealer: Sealer,
): Promise<readonly ChatMessage[]> => {
  const standing = found.filter(({ deleted_at }) => deleted_at === null).map(({ id }) => id)
  const reactions = await readReactions(rows, standing)
  return found.map((row) => messageOf(row, openBody(sealer, row), reactions.get(row.id) ?? noReactions))
}

export const readMessage = async (rows: Rows, row: MessageRow, sealer: Sealer): Promise<ChatMessage> =>
  (await readMessages(rows, [row], sealer))[0]!
