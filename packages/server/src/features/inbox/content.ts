/** What a notification says, as it stands sealed in a row: title, message and data are one text, so that nobody sees which is how long. */
import type { Json, Notification } from '@fanfare/protocol'
import type { Sealer } from '../../store/store.ts'
import { type RowState, stateNames } from './states.ts'

export type Content = { readonly title: string; readonly message: string; readonly data?: Json }

/** Where a sealed text stands: what is moved to another row cannot be opened there. */
export type Place = {
  readonly table: 'inbox_notification' | 'inbox_digest' | 'inbox_task' | 'inbox_push'
  readonly id: string
}

export const aboutContent = (table: string, id: unknown): string => `${table}|${id}`

/** For the columns of the row. */
export const sealContent = (sealer: Sealer, content: unknown, { table, id }: Place) => {
  const { text, keyId } = sealer.seal(JSON.stringify(content), aboutContent(table, id))
  return { content: text, key_id: keyId }
}

type SealedRow = { readonly content: string; readonly key_id: string | null }

/** What was sealed for this place, and nothing else ever was. @throws FanfareError `internal` when the key is not there, or somebody changed it */
export const openSealed = <What = Content>(sealer: Sealer, row: SealedRow, { table, id }: Place): What =>
  JSON.parse(sealer.open({ text: row.content, keyId: row.key_id }, aboutContent(table, id))) as What

type Known = {
  readonly id: string
  readonly user_id: string
  readonly kind: string
  readonly count: number
  readonly created_at: number
}

/** @param state as it is now, never hidden */
export const notificationOf = (
  { id, user_id, kind, count, created_at }: Known,
  content: Content,
  state: Exclude<RowState, 4>,
): Notification => ({
  id,
  userId: user_id,
  kind,
  ...content,
  state: stateNames[state],
  count,
  createdAt: new Date(created_at).toISOString(),
})
