/**
 * Has PostgreSQL count tables that it has never counted, as right after they were made or restored. Until it does so by itself,
 * a minute or more later, it takes a tenant for a small part of every table and reads all of it: 2 s for what takes 2 ms.
 */
import type { PoolClient } from 'pg'
import type { Clock, Timer } from '../../lib/clock.ts'
import type { Log } from '../../lib/log.ts'

export type StatisticsOptions = {
  readonly clock: Clock
  readonly log: Log
  readonly onConnection: (work: (client: PoolClient) => Promise<void>) => Promise<void>
}

/** Fewer are read as fast as they are found. */
const leastRows = 200
const soonMs = 1_000
/** Where there was nothing to count, the next look is so many times later. */
const growth = 2
const longestMs = 60_000

const uncounted = `
  SELECT format('%I.%I', schemaname, relname) AS name FROM pg_stat_user_tables
  WHERE last_analyze IS NULL AND last_autoanalyze IS NULL AND n_live_tup >= ${leastRows}
    AND pg_has_role((SELECT relowner FROM pg_class WHERE oid = relid), 'USAGE')`

export class Statistics {
  readonly #options: StatisticsOptions
  #timer: Timer | undefined
  #looking: Promise<void> | undefined
  #pauseMs = soonMs
  #closed = false

  constructor(options: StatisticsOptions) {
    this.#options = options
  }

  /** Rows were written: looks a while later. Cheap, and called often. */
  soon(): void {
    if (this.#timer || this.#looking || this.#closed) return
    this.#timer = this.#options.clock.after(this.#pauseMs, () => {
      this.#timer = undefined
      this.#looking = this.#look().finally(() => {
        this.#looking = undefined
      })
    })
  }

  async close(): Promise<void> {
    this.#closed = true
    this.#timer?.cancel()
    await this.#looking
  }

  /** Never throws: PostgreSQL does it by itself in the end. */
  async #look(): Promise<void> {
    const { log, onConnection } = this.#options
    let counted = 0
    try {
      await onConnection(async (client) => {
        const { rows } = await client.query<{ readonly name: string }>(uncounted)
        // Where another node is at it, this one goes on.
        for (const { name } of rows) await client.query(`ANALYZE (SKIP_LOCKED) ${name}`)
        counted = rows.length
      })
    } catch (error) {
      log.debug({ error }, 'tables of PostgreSQL could not be counted yet')
    }
    this.#pauseMs = counted > 0 ? soonMs : Math.min(longestMs, this.#pauseMs * growth)
  }
}
