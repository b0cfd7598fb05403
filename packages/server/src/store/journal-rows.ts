/** Rows of the journal as events, and what their seals are about. */
import type { Selectable } from 'kysely'
import type { JournalTable } from './journal-tables.ts'
import type { JournalEvent, Sealer } from './store.ts'

/** What a journal's data is sealed as. */
export const journalAbout = (id: string): string => `journal|${id}`

/** @throws FanfareError `internal` when its data cannot be opened */
export const eventOfRow = (
  row: Selectable<JournalTable>,
  { tenantId, sealer }: { readonly tenantId: string; readonly sealer: Sealer },
): Omit<JournalEvent, 'epoch'> => ({
  id: row.id,
  type: row.type,
  tenantId,
  room: row.room,
  offset: row.offset,
  ...(row.user_id === null ? {} : { userId: row.user_id }),
  data: JSON.parse(sealer.open({ text: row.data, keyId: row.key_id }, journalAbout(row.id))),
  timestamp: new Date(row.at).toISOString(),
  ...(row.depth === 0 ? {} : { depth: row.depth }),
})
