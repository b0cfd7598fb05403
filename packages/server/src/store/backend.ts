/** What SQLite and PostgreSQL do differently, as the store needs it: transactions on a connection, and the state of the schema. */
import type { DatabaseConnection, Dialect } from 'kysely'
import type { Whose } from './rows.ts'
import type { Schema } from './tables.ts'

/** `read`: rows of one moment. `change`: takes its turn with others, and is on disk when it resolves. */
export type TransactionKind = 'read' | 'change'

export type Asked = { readonly kind: TransactionKind; readonly whose: Whose }

/** Owned by who opened it; all of it throws FanfareError `unavailable` where the database does not answer. */
export type Backend = {
  readonly kind: 'sqlite' | 'postgres'
  /** Its compiler and adapter are used, its driver never. */
  readonly dialect: Dialect
  /**
   * All that `work` does, or (when it throws) nothing. `work` runs again, from its beginning, when others were in its way. What
   * it swallows does not save it: once a statement has failed, the transaction has.
   */
  transaction<T>(asked: Asked, work: (connection: DatabaseConnection) => Promise<T>): Promise<T>
  /** In one step, and only one process at a time; the names of what ran. */
  migrate(schemas: readonly Schema[]): Promise<readonly string[]>
  /** The names of what would run. */
  pending(schemas: readonly Schema[]): Promise<readonly string[]>
  /** Calls back when somebody said the name, or may have: also once the connection is there again. Now and then for nothing. */
  listen?(name: string, hear: () => void): () => void
  close(): Promise<void>
}
