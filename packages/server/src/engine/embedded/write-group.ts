/** Gathers the writes of one tick into one transaction; each is acknowledged after the commit, and refused when it fails. */
import type { DatabaseSync } from 'node:sqlite'
import { FanfareError } from '@fanfare/protocol'
import { deferred } from '../../lib/deferred.ts'

type Write = {
  readonly run: () => unknown
  readonly resolve: (value: never) => void
  readonly reject: (error: unknown) => void
}

/** Beyond it the disk cannot keep up. */
const mostWaiting = 50_000

export class WriteGroup {
  readonly #database: DatabaseSync
  #waiting: Write[] = []

  constructor(database: DatabaseSync) {
    this.#database = database
  }

  /** What `run` returns, once it is on disk. @throws FanfareError `unavailable`, `overloaded` */
  async write<Result>(run: () => Result): Promise<Result> {
    if (this.#waiting.length >= mostWaiting) {
      throw new FanfareError('overloaded', 'More waits for the disk than it can take.', { retryAfterMs: 1_000 })
    }
    const settle = deferred<Result>()
    this.#waiting.push({ run, resolve: settle.resolve, reject: settle.reject })
    if (this.#waiting.length === 1) setImmediate(() => this.flush())
    return settle.promise
  }

  /** Commits what waits. */
  flush(): void {
    const writes = this.#waiting
    this.#waiting = []
    if (writes.length === 0) return
    let results: unknown[]
    try {
      results = this.#commit(writes)
    } catch (cause) {
      const error = new FanfareError('unavailable', 'It could not be written to disk, and nothing was changed.', {
        cause,
      })
      for (const { reject } of writes) reject(error)
      return
    }
    for (const [index, { resolve }] of writes.entries()) resolve(results[index] as never)
  }

  #commit(writes: readonly Write[]): unknown[] {
    const database = this.#database
    database.exec('BEGIN IMMEDIATE')
    try {
      const results = writes.map(({ run }) => run())
      database.exec('COMMIT')
      return results
    } catch (error) {
      // SQLite has already rolled back after some errors, such as a full disk.
      if (database.isTransaction) database.exec('ROLLBACK')
      throw error
    }
  }
}
