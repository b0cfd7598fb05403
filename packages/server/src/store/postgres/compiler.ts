/** Kysely's compiler for PostgreSQL, but that many rows and long lists are one value each, whatever their length. */
import {
  type BinaryOperationNode,
  InsertQueryNode,
  PostgresDialect,
  PostgresQueryCompiler,
  type PrimitiveValueListNode,
  type ValuesNode,
} from 'kysely'
import { allRowsOf } from '../insert-all.ts'
import { longListOf } from '../long-list.ts'

class Compiler extends PostgresQueryCompiler {
  protected override visitBinaryOperation(node: BinaryOperationNode): void {
    const list = longListOf(node)
    if (!list) {
      super.visitBinaryOperation(node)
      return
    }
    this.visitNode(node.leftOperand)
    this.append(list.among === 'in' ? ' = any(' : ' <> all(')
    this.appendValue(list.values)
    this.append(')')
  }

  /** The table's own type says what each column is. */
  protected override visitValues(node: ValuesNode): void {
    const all = allRowsOf(node)
    const insert = this.parentNode
    if (!all || !insert || !InsertQueryNode.is(insert) || !insert.into) {
      super.visitValues(node)
      return
    }
    this.append('select ')
    this.compileList(insert.columns?.slice(0, all.columns.length) ?? [])
    // What the narrowing added is the same in every row.
    const [first] = all.values as readonly PrimitiveValueListNode[]
    for (const value of first?.values.slice(all.columns.length) ?? []) {
      this.append(', ')
      this.appendValue(value)
    }
    this.append(' from json_populate_recordset(null::')
    this.visitNode(insert.into)
    this.append(', ')
    this.appendValue(jsonOf(all.all))
    this.append(')')
  }
}

/** Halves of characters, which PostgreSQL does not take in JSON, become what they become in a text of their own. */
const jsonOf = (rows: readonly unknown[]): string => {
  const text = JSON.stringify(rows)
  if (!text.includes('\\ud')) return text
  return JSON.stringify(rows, (_, value) => (typeof value === 'string' ? value.toWellFormed() : value))
}

export class StorePostgresDialect extends PostgresDialect {
  override createQueryCompiler(): PostgresQueryCompiler {
    return new Compiler()
  }
}
