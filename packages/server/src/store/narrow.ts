/**
 * Narrows a query to one tenant: every table in it, wherever it stands, is joined by a condition on `tenant_id`, and what is
 * inserted gets it. What cannot be narrowed is refused, so that nothing is let through for want of knowing it. Runs nothing.
 */
import { FanfareError } from '@fanfare/protocol'
import {
  AliasNode,
  AndNode,
  BinaryOperationNode,
  ColumnNode,
  type ColumnUpdateNode,
  type CommonTableExpressionNameNode,
  type DeleteQueryNode,
  type FunctionNode,
  IdentifierNode,
  type InsertQueryNode,
  type JoinNode,
  type OnConflictNode,
  OnNode,
  type OperationNode,
  OperationNodeTransformer,
  OperatorNode,
  ParensNode,
  PrimitiveValueListNode,
  type QueryId,
  type RawNode,
  ReferenceNode,
  type RootOperationNode,
  SelectionNode,
  SelectQueryNode,
  TableNode,
  type UpdateQueryNode,
  ValueListNode,
  ValueNode,
  ValuesNode,
  WhereNode,
  type WithNode,
} from 'kysely'
import { allRowsOf } from './insert-all.ts'
import { checkFunction, checkRawSql } from './raw-sql.ts'

const tenantColumn = 'tenant_id'
const queries: readonly string[] = ['SelectQueryNode', 'InsertQueryNode', 'UpdateQueryNode', 'DeleteQueryNode']
/** Names under which databases keep their own tables. */
const reserved = /^(sqlite|pg|fanfare|information)_/

const refuse = (what: string): never => {
  throw new FanfareError('internal', `The store cannot narrow this query to its tenant: ${what}.`)
}

/** The names by which the tenant tables of a query are known in it. */
type Narrowed<Node> = { readonly node: Node; readonly names: readonly string[] }

/** One for a store, since it is not cheap to make. Synchronous, so queries of many tenants may use it in turn. */
export class Narrowing extends OperationNodeTransformer {
  readonly #tables: ReadonlySet<string>
  /** What was narrowed, for whom: a subquery made of the same rows comes by twice, alone and within another query. */
  readonly #done = new WeakMap<object, string>()
  #tenantId = ''
  /** Names of the common table expressions that may be used where we are. */
  #expressions: string[] = []

  constructor(tables: Iterable<string>) {
    super()
    this.#tables = new Set(tables)
  }

  /** @throws FanfareError `internal` when it is no query, or one that cannot be narrowed */
  narrow<Node extends RootOperationNode>(node: Node, tenantId: string, queryId: QueryId): Node {
    if (!queries.includes(node.kind)) refuse(`a ${node.kind} is no query of the tenant's rows`)
    this.#tenantId = tenantId
    this.#expressions = []
    this.nodeStack.length = 0
    return this.transformNode(node, queryId)
  }

  /** Whether the query, as it stands, was narrowed to this tenant here. */
  isNarrow(node: OperationNode, tenantId: string): boolean {
    return this.#done.get(node) === tenantId
  }

  protected override transformNodeImpl<Node extends OperationNode>(node: Node, queryId?: QueryId): Node {
    if (!queries.includes(node.kind)) return super.transformNodeImpl(node, queryId)
    if (this.isNarrow(node, this.#tenantId)) return node
    const before = this.#expressions.length
    this.#expressions.push(...expressionNames(node))
    const narrowed = super.transformNodeImpl(node, queryId)
    this.#expressions.length = before
    this.#done.set(narrowed, this.#tenantId)
    return narrowed
  }

  protected override transformSelectQuery(node: SelectQueryNode, queryId?: QueryId): SelectQueryNode {
    const inner = super.transformSelectQuery(node, queryId)
    const joins = this.#joins(inner.joins)
    return this.#guarded({ ...inner, ...joins.node }, [...this.#namesIn(inner.from?.froms), ...joins.names])
  }

  protected override transformUpdateQuery(node: UpdateQueryNode, queryId?: QueryId): UpdateQueryNode {
    const inner = super.transformUpdateQuery(node, queryId)
    if (inner.table === undefined || inner.limit || inner.top) refuse('an update of one table is all that is known')
    const joins = this.#joins(inner.joins)
    const names = [...this.#ownNames(inner.table), ...this.#namesIn(inner.from?.froms), ...joins.names]
    return this.#guarded({ ...inner, ...joins.node }, names)
  }

  protected override transformDeleteQuery(node: DeleteQueryNode, queryId?: QueryId): DeleteQueryNode {
    const inner = super.transformDeleteQuery(node, queryId)
    const [table, ...others] = inner.from.froms
    if (others.length > 0 || inner.limit || inner.top) refuse('a delete from one table is all that is known')
    const joins = this.#joins(inner.joins)
    const names = [...this.#ownNames(table), ...this.#namesIn(inner.using?.tables), ...joins.names]
    return this.#guarded({ ...inner, ...joins.node }, names)
  }

  protected override transformInsertQuery(node: InsertQueryNode, queryId?: QueryId): InsertQueryNode {
    const inner = super.transformInsertQuery(node, queryId)
    this.#ownNames(inner.into)
    if (inner.columns === undefined || inner.values === undefined) refuse('an insert must say its columns and values')
    if (inner.columns?.some(isTenantColumn)) refuse(`an insert does not say ${tenantColumn}: the store does`)
    if (inner.replace || inner.orAction || inner.onDuplicateKey || inner.top) {
      refuse('what an insert does with rows that are there is said by onConflict')
    }
    return {
      ...inner,
      columns: [...(inner.columns ?? []), ColumnNode.create(tenantColumn)],
      values: this.#inserted(inner.values),
    }
  }

  /** With all its rows, where it has more than Kysely knows of. */
  protected override transformValues(node: ValuesNode, queryId?: QueryId): ValuesNode {
    const all = allRowsOf(node)
    const values = super.transformValues(node, queryId)
    return all ? { ...all, ...values } : values
  }

  protected override transformOnConflict(node: OnConflictNode, queryId?: QueryId): OnConflictNode {
    const inner = super.transformOnConflict(node, queryId)
    if (inner.constraint || inner.indexExpression) refuse('onConflict names columns')
    if (inner.columns === undefined) {
      return inner.updates ? refuse('onConflict names the columns whose row it updates') : inner
    }
    if (inner.columns.some(isTenantColumn)) return inner
    return { ...inner, columns: [ColumnNode.create(tenantColumn), ...inner.columns] }
  }

  protected override transformColumnUpdate(node: ColumnUpdateNode, queryId?: QueryId): ColumnUpdateNode {
    const column = ReferenceNode.is(node.column) ? node.column.column : node.column
    if (!ColumnNode.is(column)) return refuse('what is set is a column')
    if (isTenantColumn(column)) refuse('no row changes its tenant')
    return super.transformColumnUpdate(node, queryId)
  }

  protected override transformCommonTableExpressionName(
    node: CommonTableExpressionNameNode,
    queryId?: QueryId,
  ): CommonTableExpressionNameNode {
    const name = node.table.table.identifier.name
    if (this.#tables.has(name.toLowerCase()) || reserved.test(name.toLowerCase())) {
      refuse(`${name} cannot be the name of a common table expression`)
    }
    return super.transformCommonTableExpressionName(node, queryId)
  }

  protected override transformRaw(node: RawNode, queryId?: QueryId): RawNode {
    checkRawSql(node.sqlFragments.join('?'), this.#tables)
    for (const parameter of node.parameters) {
      if (TableNode.is(parameter)) refuse(`raw SQL names the table ${parameter.table.identifier.name}`)
      if (IdentifierNode.is(parameter) && this.#tables.has(parameter.name.toLowerCase())) {
        refuse(`raw SQL names the table ${parameter.name}`)
      }
    }
    return super.transformRaw(node, queryId)
  }

  protected override transformFunction(node: FunctionNode, queryId?: QueryId): FunctionNode {
    checkFunction(node.func)
    return super.transformFunction(node, queryId)
  }

  protected override transformMergeQuery(): never {
    return refuse('a merge is not known')
  }

  /** @returns the name by which it is known where it stands; none for what was narrowed within */
  #nameOf(item: OperationNode): string | undefined {
    const node = AliasNode.is(item) ? item.node : item
    if (SelectQueryNode.is(node)) return undefined
    if (!TableNode.is(node)) return refuse(`a ${node.kind} stands where a table should`)
    const { identifier, schema } = node.table
    if (schema) refuse(`${schema.name}.${identifier.name} names a schema`)
    if (!AliasNode.is(item)) return this.#isTenantTable(identifier.name) ? identifier.name : undefined
    if (!IdentifierNode.is(item.alias)) return refuse(`the alias of ${identifier.name} is no name`)
    return this.#isTenantTable(identifier.name) ? item.alias.name : undefined
  }

  #isTenantTable(name: string): boolean {
    if (this.#expressions.includes(name)) return false
    return this.#tables.has(name) || refuse(`there is no table ${name}`)
  }

  #namesIn(items: readonly OperationNode[] = []): readonly string[] {
    return items.map((item) => this.#nameOf(item)).filter((name) => name !== undefined)
  }

  /** Of the table that is written to. */
  #ownNames(item: OperationNode | undefined): readonly string[] {
    const name = item && this.#nameOf(item)
    return name === undefined ? refuse('what is written to is a table') : [name]
  }

  /** Conditions go to where each table is joined, so that an outer join keeps its rows; a cross join has no such place. */
  #joins(joins: readonly JoinNode[] | undefined): Narrowed<{ readonly joins?: readonly JoinNode[] }> {
    if (joins === undefined) return { node: {}, names: [] }
    const names: string[] = []
    const narrowed = joins.map((join) => {
      if (!['InnerJoin', 'LeftJoin', 'CrossJoin'].includes(join.joinType)) {
        refuse(`a ${join.joinType} is not known; turn it into a left join`)
      }
      const name = this.#nameOf(join.table)
      if (name === undefined) return join
      if (join.joinType === 'CrossJoin') {
        names.push(name)
        return join
      }
      const own = this.#isOwn(name)
      return { ...join, on: OnNode.create(join.on ? AndNode.create(own, ParensNode.create(join.on.on)) : own) }
    })
    return { node: { joins: narrowed }, names }
  }

  #isOwn(name: string): OperationNode {
    return BinaryOperationNode.create(
      ReferenceNode.create(ColumnNode.create(tenantColumn), TableNode.create(name)),
      OperatorNode.create('='),
      ValueNode.create(this.#tenantId),
    )
  }

  #guarded<Node extends { readonly where?: WhereNode }>(node: Node, names: readonly string[]): Node {
    const said = node.where && ParensNode.create(node.where.where)
    const all = names.map((name) => this.#isOwn(name))
    const [first, ...others] = said ? [...all, said] : all
    if (first === undefined || all.length === 0) return node
    return { ...node, where: WhereNode.create(others.reduce((left, right) => AndNode.create(left, right), first)) }
  }

  /** What is inserted, with the tenant as its last column. */
  #inserted(values: OperationNode | undefined): OperationNode {
    if (values && ValuesNode.is(values)) {
      const rows = values.values.map((row) => this.#insertedRow(row))
      return { ...values, ...ValuesNode.create(rows) }
    }
    if (values && SelectQueryNode.is(values)) return this.#selected(values)
    return refuse('what is inserted is rows or a select')
  }

  #insertedRow(row: ValuesNode['values'][number]): ValuesNode['values'][number] {
    return PrimitiveValueListNode.is(row)
      ? PrimitiveValueListNode.create([...row.values, this.#tenantId])
      : ValueListNode.create([...row.values, ValueNode.create(this.#tenantId)])
  }

  #selected(select: SelectQueryNode): SelectQueryNode {
    if (select.selections === undefined) return refuse('a select that is inserted must say its columns')
    const tenant = SelectionNode.create(
      AliasNode.create(ValueNode.create(this.#tenantId), IdentifierNode.create(tenantColumn)),
    )
    const operations = select.setOperations?.map((operation) => {
      const { expression } = operation
      if (!SelectQueryNode.is(expression)) return refuse(`a ${expression.kind} is inserted beside a select`)
      return { ...operation, expression: this.#selected(expression) }
    })
    return {
      ...select,
      selections: [...select.selections, tenant],
      ...(operations === undefined ? {} : { setOperations: operations }),
    }
  }
}

const isTenantColumn = (node: OperationNode): boolean =>
  ColumnNode.is(node) && node.column.name.toLowerCase() === tenantColumn

const expressionNames = (node: OperationNode & { readonly with?: WithNode }): readonly string[] =>
  node.with?.expressions.map(({ name }) => name.table.table.identifier.name) ?? []
