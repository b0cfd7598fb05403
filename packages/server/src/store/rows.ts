/**
 * Kysely over one connection: over the rows of one tenant, with no way around the narrowing, or over all tenants, for the
 * store's own upkeep. Owns no connection and no transaction.
 */
import { FanfareError } from '@fanfare/protocol'
import {
  type CompiledQuery,
  type DatabaseConnection,
  type Dialect,
  type DialectAdapter,
  type Driver,
  Kysely,
  type QueryCompiler,
  type QueryExecutor,
  type QueryId,
  type QueryResult,
  type RootOperationNode,
} from 'kysely'
import { Narrowing } from './narrow.ts'
import type { Tables } from './tables.ts'

const refuse = (what: string): never => {
  throw new FanfareError('internal', `The rows of a tenant take no ${what}.`)
}

/** PostgreSQL fails on it, and what SQLite takes would have nowhere to move to. */
const isUnkeepable = (value: unknown): boolean => typeof value === 'string' && value.includes('\0')

/** Nothing of Kysely's own may begin or end anything: the store has already begun. */
const noDriver: Driver = {
  init: async () => refuse('opening'),
  acquireConnection: async () => refuse('connection of its own'),
  beginTransaction: async () => refuse('transaction of its own'),
  commitTransaction: async () => refuse('transaction of its own'),
  rollbackTransaction: async () => refuse('transaction of its own'),
  releaseConnection: async () => refuse('connection of its own'),
  destroy: async () => refuse('closing'),
}

type Shared = {
  readonly dialect: Dialect
  readonly compiler: QueryCompiler
  readonly adapter: DialectAdapter
}

/** A tenant's, or `everywhere`: not narrowed at all. */
export type Whose = { readonly tenantId: string } | 'everywhere'

export type RowsFactory = (connection: DatabaseConnection, whose: Whose) => Kysely<Tables>

/** @param tables every table that there is; a query that names another is refused */
export const rowsFactory = (dialect: Dialect, tables: Iterable<string>): RowsFactory => {
  const shared: Shared = {
    dialect,
    compiler: dialect.createQueryCompiler(),
    adapter: dialect.createAdapter(),
  }
  const narrowing = new Narrowing(tables)
  return (connection, whose) =>
    new Kysely<Tables>({
      config: { dialect },
      dialect,
      driver: noDriver,
      executor:
        whose === 'everywhere'
          ? new Executor(shared, connection)
          : new TenantExecutor(shared, connection, { narrowing, tenantId: whose.tenantId }),
    })
}

/** Runs queries on the one connection that it was given. */
class Executor implements QueryExecutor {
  readonly plugins = []
  readonly #shared: Shared
  readonly #connection: DatabaseConnection

  constructor(shared: Shared, connection: DatabaseConnection) {
    this.#shared = shared
    this.#connection = connection
  }

  get adapter(): DialectAdapter {
    return this.#shared.adapter
  }

  transformQuery<Node extends RootOperationNode>(node: Node, _queryId: QueryId): Node {
    return node
  }

  compileQuery<Row = unknown>(node: RootOperationNode, queryId: QueryId): CompiledQuery<Row> {
    return this.#shared.compiler.compileQuery(node, queryId)
  }

  executeQuery<Row>(query: CompiledQuery<Row>): Promise<QueryResult<Row>> {
    return this.#connection.executeQuery(query)
  }

  stream(): never {
    return refuse('stream: read page by page')
  }

  provideConnection(): never {
    return refuse('transaction or connection of its own')
  }

  withConnectionProvider(): never {
    return refuse('transaction or connection of its own')
  }

  withPlugin(): never {
    return refuse('plugin')
  }

  withPlugins(): never {
    return refuse('plugin')
  }

  withPluginAtFront(): never {
    return refuse('plugin or schema of its own')
  }

  withoutPlugins(): never {
    return refuse('query beside the narrowing')
  }
}

/** Runs only what it narrowed itself, so that a query that was compiled elsewhere finds no way in. */
class TenantExecutor extends Executor {
  readonly #narrowing: Narrowing
  readonly #tenantId: string
  readonly #compiled = new WeakSet<object>()

  constructor(shared: Shared, connection: DatabaseConnection, to: { narrowing: Narrowing; tenantId: string }) {
    super(shared, connection)
    this.#narrowing = to.narrowing
    this.#tenantId = to.tenantId
  }

  override transformQuery<Node extends RootOperationNode>(node: Node, queryId: QueryId): Node {
    return this.#narrowing.narrow(node, this.#tenantId, queryId)
  }

  override compileQuery<Row = unknown>(node: RootOperationNode, queryId: QueryId): CompiledQuery<Row> {
    if (!this.#narrowing.isNarrow(node, this.#tenantId)) refuse('query that is not narrowed to the tenant')
    const compiled = super.compileQuery<Row>(node, queryId)
    this.#compiled.add(compiled)
    return compiled
  }

  override async executeQuery<Row>(query: CompiledQuery<Row>): Promise<QueryResult<Row>> {
    if (!this.#compiled.has(query)) refuse('query that was made elsewhere')
    if (query.parameters.some(isUnkeepable)) {
      throw new FanfareError('invalid_payload', 'A text has the character U+0000, which cannot be kept; leave it out.')
    }
    return super.executeQuery(query)
  }
}
