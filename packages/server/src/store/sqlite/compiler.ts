/** Kysely's compiler for SQLite, but that long lists are one value each, so that one prepared statement serves every length. */
import { type BinaryOperationNode, SqliteDialect, SqliteQueryCompiler } from 'kysely'
import { longListOf } from '../long-list.ts'

class Compiler extends SqliteQueryCompiler {
  protected override visitBinaryOperation(node: BinaryOperationNode): void {
    const list = longListOf(node)
    if (!list) {
      super.visitBinaryOperation(node)
      return
    }
    this.visitNode(node.leftOperand)
    this.append(` ${list.among} (select value from json_each(`)
    this.appendValue(JSON.stringify(list.values))
    this.append('))')
  }
}

export class StoreSqliteDialect extends SqliteDialect {
  override createQueryCompiler(): SqliteQueryCompiler {
    return new Compiler()
  }
}
