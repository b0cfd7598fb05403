/** One connection to PostgreSQL as Kysely takes it, without anything that outlives a transaction. Begins and ends nothing. */
import type { CompiledQuery, DatabaseConnection, QueryResult } from 'kysely'
import { type PoolClient, types } from 'pg'
import { toStoreError } from './errors.ts'

const int8 = 20
const numeric = 1700

/** Counts, times and sums as numbers: none of ours is beyond 2^53. */
export const typeParsers = {
  getTypeParser: (id: number, format?: 'text' | 'binary') =>
    id === int8 || id === numeric ? Number : types.getTypeParser(id, format),
} as typeof types

export class PostgresConnection implements DatabaseConnection {
  readonly #client: PoolClient
  readonly #where: string
  /** What the first statement that failed said, as it came. */
  failure: unknown

  constructor(client: PoolClient, where: string) {
    this.#client = client
    this.#where = where
  }

  /**
   * Without a name, so that a pooler may give each transaction another connection.
   *
   * @throws FanfareError `unavailable` where the server or the way to it is at fault; else what PostgreSQL says
   */
  async executeQuery<Row>({ sql, parameters }: CompiledQuery): Promise<QueryResult<Row>> {
    try {
      const { rows, rowCount } = await this.#client.query(sql, [...parameters])
      return { rows, ...(rowCount === null ? {} : { numAffectedRows: BigInt(rowCount) }) }
    } catch (error) {
      this.failure ??= error
      throw toStoreError(error, this.#where)
    }
  }

  streamQuery(): never {
    throw new Error('rows are read page by page, not streamed')
  }
}
