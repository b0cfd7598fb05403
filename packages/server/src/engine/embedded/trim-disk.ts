/** Takes what the policies no longer keep off the disk: a few rooms at a time, in rotation, whether or not they are in use. */
import type { DatabaseSync } from 'node:sqlite'
import { asInteger, type DurableRoom } from './durable-room.ts'
import type { RoomRow, Tables } from './tables.ts'

export type TrimDiskOptions = {
  readonly database: DatabaseSync
  readonly tables: Tables
  readonly idempotencyMs: number
  /** The room as memory knows it, if it does; its policy is newer than the one on disk. */
  readonly loaded: (id: number) => DurableRoom | undefined
}

const roomsAtOnce = 200
const eventsAtOnce = 1_000

export class TrimDisk {
  readonly #options: TrimDiskOptions
  #after = 0

  constructor(options: TrimDiskOptions) {
    this.#options = options
  }

  /** One transaction; when it fails, nothing was trimmed and the same rooms come again. */
  run(now: number): void {
    const { database, tables, idempotencyMs } = this.#options
    const rows = tables.roomsAfter.all(this.#after, roomsAtOnce) as unknown as RoomRow[]
    const trimmed: { readonly id: number; readonly to: number }[] = []
    database.exec('BEGIN IMMEDIATE')
    try {
      for (const row of rows) {
        const to = this.#trim(row, now)
        if (to !== undefined) trimmed.push({ id: row.id, to })
      }
      tables.expireKeys.run(now - idempotencyMs, eventsAtOnce)
      database.exec('COMMIT')
    } catch (error) {
      if (database.isTransaction) database.exec('ROLLBACK')
      throw error
    }
    for (const { id, to } of trimmed) {
      const room = this.#options.loaded(id)
      if (room) room.lowest = Math.max(room.lowest, to)
    }
    this.#after = rows.length < roomsAtOnce ? 0 : rows.at(-1)!.id
  }

  /** The lowest offset that may still be there, when any event was taken away. */
  #trim(row: RoomRow, now: number): number | undefined {
    const { tables } = this.#options
    const { offset: lowest } = tables.lowestOffset.get(row.id) as { offset: number | null }
    if (lowest === null) return undefined
    const policy = this.#options.loaded(row.id)?.policy
    const keep = policy ? asInteger(policy.keep) : row.keep
    const since = asInteger(now - (policy ? policy.forMs : row.for_ms))
    const end = lowest + eventsAtOnce
    const young = tables.firstYoungIn.get(row.id, lowest, end, since) as { readonly offset: number } | undefined
    const to = Math.min(end, Math.max(row.top - keep + 1, young?.offset ?? end))
    if (to <= lowest) return undefined
    tables.trimEvents.run(row.id, to)
    return Math.min(to, row.top + 1)
  }
}
