/** Queries of every shape that features write, and that somebody might: for what each gives a tenant, as if nobody else were there. */
import { sql } from 'kysely'
import type { Rows } from './store.ts'

export type Shape = { readonly name: string; readonly run: (rows: Rows) => Promise<unknown> }

const joins = ['alone', 'inner', 'left', 'cross', 'comma', 'joined subquery'] as const
const conditions = ['none', 'or', 'raw or', 'exists', 'in', 'not in', 'in of the same rows'] as const
const wraps = ['plain', 'subquery', 'expression', 'union', 'union all', 'except', 'scalar', 'counted'] as const

/** Every join with every condition in every place. */
export const readShapes: readonly Shape[] = joins.flatMap((join) =>
  conditions.flatMap((condition) =>
    wraps.map((wrap) => ({
      name: `${join}, ${condition}, ${wrap}`,
      run: (rows: Rows) => wrapped(rows, wrap, composed(rows, join, condition)),
    })),
  ),
)

const composed = (rows: Rows, join: (typeof joins)[number], condition: (typeof conditions)[number]) =>
  rows
    .selectFrom('proof_ward as w')
    .select(['w.id', 'w.title'])
    .$if(join === 'inner', (query) => query.innerJoin('proof_bed as b', 'b.ward_id', 'w.id').select('b.note as note'))
    .$if(join === 'left', (query) =>
      query
        .leftJoin('proof_bed as b', (on) =>
          on.onRef('b.ward_id', '=', 'w.id').on(sql<boolean>`b.number = 1 or b.number = 2`),
        )
        .select('b.note as note'),
    )
    .$if(join === 'cross', (query) => query.crossJoin('proof_bed as b').select('b.note as note'))
    .$if(join === 'comma', (query) =>
      query.innerJoin('proof_ward as other', (on) => on.onTrue()).select('other.title as note'),
    )
    .$if(join === 'joined subquery', (query) =>
      query
        .innerJoin(rows.selectFrom('proof_bed').select(['ward_id', 'note']).distinct().as('b'), (on) =>
          on.onRef('b.ward_id', '=', 'w.id'),
        )
        .select('b.note as note'),
    )
    .$if(condition === 'or', (query) => query.where((eb) => eb.or([eb('w.floor', '=', 1), eb('w.title', 'like', '%')])))
    .$if(condition === 'raw or', (query) => query.where(sql<boolean>`w.floor = 7 or 1 = 1`))
    .$if(condition === 'exists', (query) =>
      query.where((eb) => eb.exists(eb.selectFrom('proof_bed').select('number').where('patient', '=', 'patient 01'))),
    )
    .$if(condition === 'in', (query) =>
      query.where('w.title', 'in', (eb) => eb.selectFrom('proof_ward').select('proof_ward.title')),
    )
    .$if(condition === 'not in', (query) =>
      query.where('w.id', 'not in', (eb) =>
        eb.selectFrom('proof_bed').select('ward_id').where('patient', 'is not', null),
      ),
    )
    .$if(condition === 'in of the same rows', (query) =>
      query.where('w.title', 'in', rows.selectFrom('proof_ward as again').select('again.title')),
    )

const wrapped = async (
  rows: Rows,
  wrap: (typeof wraps)[number],
  query: ReturnType<typeof composed>,
): Promise<readonly unknown[]> => {
  if (wrap === 'subquery') return rows.selectFrom(query.as('inner')).selectAll().execute()
  if (wrap === 'expression')
    return rows
      .with('found', () => query)
      .selectFrom('found')
      .selectAll()
      .execute()
  if (wrap === 'union') return query.union(query).execute()
  if (wrap === 'union all') return query.unionAll(query).execute()
  if (wrap === 'except') return query.except(query.where('w.floor', '=', 0)).execute()
  if (wrap === 'counted')
    return rows
      .selectFrom(query.as('inner'))
      .select((eb) => eb.fn.countAll().as('all'))
      .execute()
  if (wrap === 'scalar') {
    return rows
      .selectFrom(query.as('inner'))
      .select((eb) => [
        'inner.title',
        eb
          .selectFrom('proof_bed')
          .select((of) => of.fn.countAll().as('beds'))
          .as('beds'),
        eb
          .case()
          .when(eb.exists(eb.selectFrom('proof_ward').select('id')))
          .then('some')
          .else('none')
          .end()
          .as('any'),
      ])
      .execute()
  }
  return query.execute()
}

/** Each on rows that are as `fillWards` made them. */
export const writeShapes: readonly Shape[] = [
  {
    name: 'insert',
    run: (rows) => rows.insertInto('proof_ward').values({ id: 'new', title: 'new', floor: 9 }).returningAll().execute(),
  },
  {
    name: 'insert many, with a scalar subquery',
    run: (rows) =>
      rows
        .insertInto('proof_ward')
        .values((eb) => [
          {
            id: 'new',
            title: 'new',
            floor: eb.selectFrom('proof_bed').select((of) => of.fn.countAll<number>().as('n')),
          },
          { id: 'newer', title: 'newer', floor: 1 },
        ])
        .execute(),
  },
  {
    name: 'insert what is selected',
    run: (rows) =>
      rows
        .insertInto('proof_ward')
        .columns(['id', 'title', 'floor'])
        .expression((eb) => eb.selectFrom('proof_ward').select([sql<string>`id || ' copy'`.as('id'), 'title', 'floor']))
        .execute(),
  },
  {
    name: 'insert a union',
    run: (rows) =>
      rows
        .insertInto('proof_ward')
        .columns(['id', 'title', 'floor'])
        .expression((eb) =>
          eb
            .selectFrom('proof_ward')
            .select([sql<string>`id || ' copy'`.as('id'), 'title', 'floor'])
            .unionAll(eb.selectFrom('proof_ward').select([sql<string>`id || ' again'`.as('id'), 'title', 'floor'])),
        )
        .execute(),
  },
  {
    name: 'upsert of what is there, here and elsewhere',
    run: (rows) =>
      rows
        .insertInto('proof_ward')
        .values([
          { id: 'icu', title: 'changed', floor: 5 },
          { id: 'only mine', title: 'changed', floor: 5 },
        ])
        .onConflict((on) => on.columns(['id']).doUpdateSet((eb) => ({ title: eb.ref('excluded.title') })))
        .returning(['id', 'title', 'floor'])
        .execute(),
  },
  {
    name: 'upsert by a partial index, with a condition',
    run: (rows) =>
      rows
        .insertInto('proof_bed')
        .values({ ward_id: 'mat', number: 8, patient: 'patient 01', note: 'moved', note_key: null })
        .onConflict((on) =>
          on
            .columns(['patient'])
            .where('patient', 'is not', null)
            .doUpdateSet({ note: 'moved' })
            .where('proof_bed.note', '!=', 'nothing'),
        )
        .execute(),
  },
  {
    name: 'insert that does nothing where a row is',
    run: (rows) =>
      rows
        .insertInto('proof_ward')
        .values({ id: 'icu', title: 'changed', floor: 5 })
        .onConflict((on) => on.doNothing())
        .execute(),
  },
  {
    name: 'update all',
    run: (rows) => rows.updateTable('proof_ward').set({ title: 'changed' }).returningAll().execute(),
  },
  {
    name: 'update by or',
    run: (rows) =>
      rows.updateTable('proof_ward as w').set({ title: 'changed' }).where(sql<boolean>`w.floor = 1 or 1 = 1`).execute(),
  },
  {
    name: 'update to a subquery',
    run: (rows) =>
      rows
        .updateTable('proof_ward')
        .set((eb) => ({ floor: eb.selectFrom('proof_bed').select((of) => of.fn.countAll<number>().as('n')) }))
        .execute(),
  },
  {
    name: 'update from another table',
    run: (rows) =>
      rows
        .updateTable('proof_ward as w')
        .from('proof_bed as b')
        .set((eb) => ({ title: eb.ref('b.note') }))
        .whereRef('b.ward_id', '=', 'w.id')
        .where('b.number', '=', 1)
        .execute(),
  },
  {
    name: 'update where in',
    run: (rows) =>
      rows
        .updateTable('proof_bed')
        .set({ note: 'changed' })
        .where('ward_id', 'in', (eb) => eb.selectFrom('proof_ward').select('id').where('floor', '<', 2))
        .execute(),
  },
  {
    name: 'update behind an expression',
    run: (rows) =>
      rows
        .with('low', (of) => of.selectFrom('proof_ward').select('id').where('floor', '=', 0))
        .updateTable('proof_bed')
        .set({ note: 'low' })
        .where('ward_id', 'in', (eb) => eb.selectFrom('low').select('low.id'))
        .execute(),
  },
  { name: 'delete all', run: (rows) => rows.deleteFrom('proof_bed').returningAll().execute() },
  {
    name: 'delete by or',
    run: (rows) =>
      rows
        .deleteFrom('proof_bed')
        .where((eb) => eb.or([eb('number', '=', 1), eb.lit(true)]))
        .execute(),
  },
  {
    name: 'delete where exists',
    run: (rows) =>
      rows
        .deleteFrom('proof_ward as w')
        .where((eb) =>
          eb.not(
            eb.exists(
              eb
                .selectFrom('proof_bed as b')
                .select('b.number')
                .whereRef('b.ward_id', '=', 'w.id')
                .where('b.patient', 'is not', null),
            ),
          ),
        )
        .execute(),
  },
]
