/** Deletes from the journal what its rooms keep no longer, a little at a time, on whichever node comes by first. */
import type { App } from '../app/app.ts'
import type { Clock } from '../lib/clock.ts'
import type { Metrics } from '../lib/metrics.ts'
import { postponePurge, purgeRoom, readDue } from '../store/journal-erase.ts'
import type { Store } from '../store/store.ts'
import { roomOrNone } from './forward-room.ts'

export type PurgeOptions = {
  readonly store: Store
  readonly app: Pick<App, 'room'>
  readonly clock: Clock
  readonly metrics: Metrics
  /** How long a room without an archive remembers its keys. */
  readonly keyMs: number
}

/** Tenants, and rooms of each, of one round; the next goes on where it ended. */
const mostTenants = 100
const mostRooms = 100
/** What an application no longer has may come back with its next version: nothing is deleted for its sake. */
const unknownRoomMs = 24 * 60 * 60_000

export const purgeJournal = async (options: PurgeOptions): Promise<void> => {
  const { clock, store } = options
  const atMost = clock.now()
  const tenants = await store.tenantsDue({ table: 'journal_room', column: 'due', atMost, limit: mostTenants })
  for (const tenantId of tenants) {
    const rooms = await store.of(tenantId).read((rows) => readDue(rows, { atMost, limit: mostRooms }))
    for (const room of rooms) await purge(options, tenantId, room)
  }
}

const purge = async ({ app, clock, keyMs, metrics, store }: PurgeOptions, tenantId: string, name: string) => {
  const room = roomOrNone(app, tenantId, name)
  const tenant = store.of(tenantId)
  if (!room) {
    await tenant.change(({ rows }) => postponePurge(rows, name, clock.now() + unknownRoomMs))
    return
  }
  const forMs = room.log.archive?.forMs ?? keyMs
  for (let more = true; more; ) {
    const purged = await tenant.change(({ rows }) => purgeRoom(rows, name, { forMs, now: clock.now() }))
    metrics.add('fanfare_journal_purged_total', purged.deleted)
    more = purged.more
  }
}
