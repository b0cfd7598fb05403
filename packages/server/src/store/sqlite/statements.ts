/** One SQLite connection as Kysely takes it: statements are prepared once and kept, the least used go. Begins and ends nothing. */
import type { DatabaseSync, SQLInputValue, StatementSync } from 'node:sqlite'
import type { CompiledQuery, DatabaseConnection, QueryResult } from 'kysely'
import { type AllRows, allRowsOf } from '../insert-all.ts'
import { toStoreError } from './errors.ts'

type Prepared = { readonly statement: StatementSync; readonly gives: 'rows' | 'counts' }

/** Lists of many lengths make many statements, so those that wait to be used again are bounded. */
const mostStatements = 300

export class SqliteStatements implements DatabaseConnection {
  readonly #database: DatabaseSync
  readonly #prepared = new Map<string, Prepared>()

  constructor(database: DatabaseSync) {
    this.#database = database
  }

  /** @throws FanfareError `unavailable` where the disk or the file is at fault; else what SQLite says */
  async executeQuery<Row>({ sql, parameters, query }: CompiledQuery): Promise<QueryResult<Row>> {
    const all = allRowsOf(query)
    try {
      return all ? this.#runAll<Row>(sql, parameters, all) : this.#run<Row>(sql, parameters as SQLInputValue[])
    } catch (error) {
      throw toStoreError(error)
    }
  }

  #run<Row>(sql: string, parameters: readonly SQLInputValue[]): QueryResult<Row> {
    const { statement, gives } = this.#prepare(sql)
    if (gives === 'rows') return { rows: statement.all(...parameters) as Row[] }
    return { rows: [], numAffectedRows: BigInt(statement.run(...parameters).changes) }
  }

  /** With each row's values in place of those of the first. */
  #runAll<Row>(sql: string, parameters: readonly unknown[], { columns, all }: AllRows): QueryResult<Row> {
    const { statement, gives } = this.#prepare(sql)
    const rest = parameters.slice(columns.length)
    const rows: Row[] = []
    let changes = 0
    for (const row of all) {
      const values = columns.map((column) => row[column]) as SQLInputValue[]
      for (const value of rest) values.push(value as SQLInputValue)
      if (gives === 'rows') rows.push(...(statement.all(...values) as Row[]))
      else changes += Number(statement.run(...values).changes)
    }
    return gives === 'rows' ? { rows } : { rows, numAffectedRows: BigInt(changes) }
  }

  #prepare(sql: string): Prepared {
    const known = this.#prepared.get(sql)
    if (known) {
      this.#prepared.delete(sql)
      this.#prepared.set(sql, known)
      return known
    }
    const statement = this.#database.prepare(sql)
    const prepared: Prepared = { statement, gives: statement.columns().length > 0 ? 'rows' : 'counts' }
    this.#prepared.set(sql, prepared)
    const [oldest] = this.#prepared.keys()
    if (this.#prepared.size > mostStatements && oldest !== undefined) this.#prepared.delete(oldest)
    return prepared
  }

  streamQuery(): never {
    throw new Error('rows are read page by page, not streamed')
  }
}
