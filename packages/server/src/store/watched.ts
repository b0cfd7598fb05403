/** A connection as one transaction sees it: it fails for good with its first statement that fails, and ends with the transaction. */
import { FanfareError } from '@fanfare/protocol'
import type { DatabaseConnection } from 'kysely'

/** A statement that failed fails what comes after it, on SQLite as on PostgreSQL, where nothing else is possible. */
export class Watched implements DatabaseConnection {
  readonly #connection: DatabaseConnection
  #state: 'open' | 'over' | { readonly failed: unknown } = 'open'

  constructor(connection: DatabaseConnection) {
    this.#connection = connection
  }

  executeQuery: DatabaseConnection['executeQuery'] = async (query) => {
    this.#check()
    try {
      return await this.#connection.executeQuery(query)
    } catch (error) {
      this.#state = { failed: error }
      throw error
    }
  }

  streamQuery: DatabaseConnection['streamQuery'] = (query, size) => this.#connection.streamQuery(query, size)

  /** @throws what failed, even where it was swallowed */
  end(): void {
    this.#check()
    this.#state = 'over'
  }

  close(): void {
    this.#state = 'over'
  }

  #check(): void {
    if (this.#state === 'open') return
    if (this.#state === 'over') throw new FanfareError('internal', 'The rows are used after their transaction ended.')
    throw this.#state.failed
  }
}
