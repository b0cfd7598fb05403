/** Rows of the journal as events, and what their seals are about. */
import type { RoomEvent } from '@fanfare/protocol'
import type { Selectable } from 'kysely'
import { type JournalTable, journalAbout } from './journal-tables.ts'
import type { JournalEvent, Sealer } from './store.ts'

type Opening = { readonly tenantId: string; readonly sealer: Sealer }

/** As clients see it. @throws FanfareError `internal` when its data cannot be opened */
export const eventOfRow = (row: Selectable<JournalTable>, { tenantId, sealer }: Opening): RoomEvent => ({
  id: row.id,
  type: row.type,
  tenantId,
  room: row.room,
  offset: row.offset,
  ...(row.user_id === null ? {} : { userId: row.user_id }),
  data: JSON.parse(sealer.open({ text: row.data, keyId: row.key_id }, journalAbout(row.id))),
  timestamp: new Date(row.at).toISOString(),
})

/** @throws FanfareError `internal` when its data cannot be opened */
export const journalEventOfRow = (row: Selectable<JournalTable>, epoch: string, opening: Opening): JournalEvent => ({
  ...eventOfRow(row, opening),
  epoch,
  ...(row.depth === 0 ? {} : { depth: row.depth }),
})
