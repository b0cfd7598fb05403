/** Queries that no tenant's rows take: each would see or touch what is not the tenant's, or would not be the store's to end. */
import { CompiledQuery, type Kysely, sql } from 'kysely'
import type { Shape } from './query-shapes.world.ts'
import type { Rows } from './store.ts'

/** What the types of Kysely or of the tables would not let anybody write. */
const loose = (rows: Rows) =>
  rows as unknown as Kysely<{ readonly [table: string]: { readonly [column: string]: string } }>

export const refusedQueries: readonly Shape[] = [
  { name: 'raw SQL', run: (rows) => sql`select * from proof_ward`.execute(rows) },
  { name: 'raw SQL that writes', run: (rows) => sql`delete from proof_ward`.execute(rows) },
  { name: 'a compiled query', run: (rows) => rows.executeQuery(CompiledQuery.raw('select * from proof_ward')) },
  {
    name: 'a query compiled and changed',
    run: (rows) =>
      rows.executeQuery({ ...rows.selectFrom('proof_ward').selectAll().compile(), sql: 'select * from proof_ward' }),
  },
  { name: 'no plugins', run: (rows) => rows.withoutPlugins().selectFrom('proof_ward').selectAll().execute() },
  {
    name: 'a plugin of its own',
    run: async (rows) =>
      rows.withPlugin({ transformQuery: ({ node }) => node, transformResult: async ({ result }) => result }),
  },
  { name: 'a schema', run: (rows) => rows.withSchema('main').selectFrom('proof_ward').selectAll().execute() },
  { name: 'a transaction', run: (rows) => rows.transaction().execute(async () => {}) },
  { name: 'a transaction to control', run: (rows) => rows.startTransaction().execute() },
  { name: 'a connection', run: (rows) => rows.connection().execute(async () => {}) },
  { name: 'the end', run: (rows) => rows.destroy() },
  { name: 'a stream', run: async (rows) => rows.selectFrom('proof_ward').selectAll().stream().next() },
  { name: 'a table dropped', run: (rows) => rows.schema.dropTable('proof_ward').execute() },
  { name: 'a table made', run: (rows) => rows.schema.createTable('mine').addColumn('id', 'text').execute() },
  {
    name: 'a view',
    run: (rows) => rows.schema.createView('mine').as(rows.selectFrom('proof_ward').selectAll()).execute(),
  },
  { name: 'what tables there are', run: (rows) => rows.introspection.getTables() },
  { name: 'a table of SQLite', run: (rows) => loose(rows).selectFrom('sqlite_schema').selectAll().execute() },
  { name: 'a table of PostgreSQL', run: (rows) => loose(rows).selectFrom('pg_class').selectAll().execute() },
  { name: 'a table of the store', run: (rows) => loose(rows).selectFrom('fanfare_migration').selectAll().execute() },
  { name: 'another schema', run: (rows) => loose(rows).selectFrom('information_schema.tables').selectAll().execute() },
  {
    name: 'a raw table',
    run: (rows) => rows.selectFrom(sql<{ id: string }>`proof_ward`.as('x')).selectAll().execute(),
  },
  {
    name: 'a raw table by its name',
    run: (rows) => rows.selectFrom(sql.table<{ id: string }>('proof_ward').as('x')).selectAll().execute(),
  },
  {
    name: 'a raw table that is joined',
    run: (rows) =>
      rows
        .selectFrom('proof_ward')
        .innerJoin(sql<{ note: string }>`proof_bed`.as('b'), (on) => on.onTrue())
        .select('b.note')
        .execute(),
  },
  {
    name: 'a right join',
    run: (rows) =>
      rows.selectFrom('proof_ward as w').rightJoin('proof_bed as b', 'b.ward_id', 'w.id').select('b.note').execute(),
  },
  {
    name: 'a full join',
    run: (rows) =>
      rows.selectFrom('proof_ward as w').fullJoin('proof_bed as b', 'b.ward_id', 'w.id').select('b.note').execute(),
  },
  {
    name: 'a condition that ends its parentheses',
    run: (rows) => rows.selectFrom('proof_ward').selectAll().where(sql<boolean>`floor = 1) or (1 = 1`).execute(),
  },
  {
    name: 'a comment that ends the condition',
    run: (rows) => rows.selectFrom('proof_ward').selectAll().where(sql<boolean>`1 = 1) -- `).execute(),
  },
  {
    name: 'a second statement',
    run: (rows) =>
      rows.selectFrom('proof_ward').selectAll().where(sql<boolean>`1 = 1; delete from proof_bed`).execute(),
  },
  {
    name: 'a raw subquery',
    run: (rows) =>
      rows.selectFrom('proof_ward').select(sql<number>`(select count(*) from proof_bed)`.as('n')).execute(),
  },
  {
    name: 'a raw list of a table',
    run: (rows) => rows.selectFrom('proof_ward').selectAll().where(sql<boolean>`id in proof_bed`).execute(),
  },
  {
    name: 'a raw table as a parameter',
    run: (rows) =>
      rows
        .selectFrom('proof_ward')
        .selectAll()
        .where(sql<boolean>`id in ${sql.table('proof_bed')}`)
        .execute(),
  },
  {
    name: 'a raw name that is a table',
    run: (rows) =>
      rows
        .selectFrom('proof_ward')
        .selectAll()
        .where(sql<boolean>`id in ${sql.id('proof_bed')}`)
        .execute(),
  },
  {
    name: 'a raw end',
    run: (rows) => rows.selectFrom('proof_ward').selectAll().modifyEnd(sql`union select * from proof_ward`).execute(),
  },
  {
    name: 'a function that says who asks',
    run: (rows) =>
      rows
        .selectFrom('proof_ward')
        .select((eb) => eb.fn<string>('set_config', [eb.val('a'), eb.val('b')]).as('x'))
        .execute(),
  },
  {
    name: 'a function that runs a text',
    run: (rows) =>
      rows.selectFrom('proof_ward').select(sql`query_to_xml(${'select 1'}, true, true, '')`.as('x')).execute(),
  },
  {
    name: 'an insert into another tenant',
    run: (rows) =>
      rows.insertInto('proof_ward').values({ tenant_id: 'harbour', id: 'x', title: 'x', floor: 1 }).execute(),
  },
  {
    name: 'an update into another tenant',
    run: (rows) => rows.updateTable('proof_ward').set({ tenant_id: 'harbour' }).execute(),
  },
  {
    name: 'an update of a raw column',
    run: (rows) => rows.updateTable('proof_ward').set(sql.ref('tenant_id'), 'harbour').execute(),
  },
  {
    name: 'an upsert into another tenant',
    run: (rows) =>
      rows
        .insertInto('proof_ward')
        .values({ id: 'icu', title: 'x', floor: 1 })
        .onConflict((on) => on.columns(['id']).doUpdateSet({ tenant_id: 'harbour' }))
        .execute(),
  },
  {
    name: 'an upsert of whichever row is in the way',
    run: (rows) =>
      rows
        .insertInto('proof_ward')
        .values({ id: 'icu', title: 'x', floor: 1 })
        .onConflict((on) => on.doUpdateSet({ title: 'x' }))
        .execute(),
  },
  {
    name: 'a replacement',
    run: (rows) => rows.replaceInto('proof_ward').values({ id: 'icu', title: 'x', floor: 1 }).execute(),
  },
  {
    name: 'an insert or replace',
    run: (rows) => rows.insertInto('proof_ward').orReplace().values({ id: 'icu', title: 'x', floor: 1 }).execute(),
  },
  { name: 'an insert of defaults', run: (rows) => rows.insertInto('proof_ward').defaultValues().execute() },
  {
    name: 'a merge',
    run: (rows) =>
      rows
        .mergeInto('proof_ward as w')
        .using('proof_bed as b', 'b.ward_id', 'w.id')
        .whenMatched()
        .thenDelete()
        .execute(),
  },
  {
    name: 'an expression that is called as a table is',
    run: (rows) =>
      rows
        .with('proof_bed', (of) => of.selectFrom('proof_ward').selectAll())
        .selectFrom('proof_bed')
        .selectAll()
        .execute(),
  },
  {
    name: 'an expression that is not where it is asked for',
    run: (rows) =>
      loose(rows)
        .selectFrom((eb) => eb.selectFrom('proof_ward').select('id').as('inner'))
        .innerJoin('found', 'found.id', 'inner.id')
        .selectAll()
        .execute(),
  },
  {
    name: 'a raw expression',
    run: (rows) =>
      rows
        .with('found', () => sql<{ id: string }>`select * from proof_ward`)
        .selectFrom('found')
        .selectAll()
        .execute(),
  },
]
