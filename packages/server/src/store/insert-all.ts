/**
 * Inserts many rows by a query whose making and text do not grow with them: PostgreSQL is given all of them as one value, and
 * SQLite runs the statement of one row for each. Narrowed to the tenant as every other query.
 */
import {
  ExpressionWrapper,
  type Insertable,
  type InsertQueryBuilder,
  InsertQueryNode,
  type InsertResult,
  type OperationNode,
  PrimitiveValueListNode,
  ValuesNode,
} from 'kysely'
import type { Rows } from './store.ts'
import type { Tables } from './tables.ts'

type Row = { readonly [column: string]: unknown }

/** The first row as Kysely has it, and all of them beside, for compilers of ours: the columns that Kysely's row begins with. */
export type AllRows = ValuesNode & { readonly columns: readonly string[]; readonly all: readonly Row[] }

const isAllRows = (node: OperationNode): node is AllRows => ValuesNode.is(node) && 'all' in node

/** Of a whole query, or of its values. */
export const allRowsOf = (node: OperationNode | undefined): AllRows | undefined => {
  const values = node && InsertQueryNode.is(node) ? node.values : node
  return values && isAllRows(values) ? values : undefined
}

/**
 * An insert of at least one row, to go on with `onConflict` or `returning`. All rows say the columns that the first does, as
 * texts, numbers and nulls.
 *
 * @example await insertAll(rows, 'chat_message', messages).execute()
 */
export const insertAll = <Table extends keyof Tables & string>(
  rows: Rows,
  table: Table,
  all: readonly Insertable<Tables[Table]>[],
): InsertQueryBuilder<Tables, Table, InsertResult> => {
  const [first = {}] = all as readonly Row[]
  const columns = Object.keys(first)
  const node: AllRows = {
    ...ValuesNode.create([PrimitiveValueListNode.create(Object.values(first))]),
    columns,
    all: all as readonly Row[],
  }
  return rows
    .insertInto(table)
    .columns(columns as never)
    .expression(new ExpressionWrapper(node))
}
