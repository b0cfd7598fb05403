/** What holds of inserts of many rows and of long lists, on every database. */
import { expect, test } from 'bun:test'
import { insertAll } from './insert-all.ts'
import type { Rows } from './store.ts'
import { openTestStore, type TestStoreOptions } from './store.world.ts'
import { fillWards, wardSchema } from './ward.world.ts'

const beds = Array.from({ length: 40 }, (_, index) => ({
  ward_id: 'new',
  number: index + 1,
  patient: index % 2 === 0 ? `"${index}" \\ {é}, 'of' ${'日'.repeat(index)}` : null,
  note: `note ${index}`,
  note_key: null,
}))

const bedsOf = (rows: Rows) =>
  rows
    .selectFrom('proof_bed')
    .select(['ward_id', 'number', 'patient', 'note', 'note_key'])
    .where('ward_id', '=', 'new')
    .orderBy('number')
    .execute()

export const describeManyRows = (name: string, kind: NonNullable<TestStoreOptions['kind']>): void => {
  const open = () => openTestStore({ schemas: [wardSchema], kind })

  test(`${name}: many rows are inserted as they are, and are their tenant's alone`, async () => {
    await using store = await open()
    await store.of('clinic').change(async ({ rows }) => {
      const inserted = await insertAll(rows, 'proof_bed', beds).executeTakeFirst()
      expect(inserted.numInsertedOrUpdatedRows).toBe(40n)
    })
    expect(await store.of('clinic').read(bedsOf)).toEqual(beds)
    expect(await store.of('clinic.').read(bedsOf)).toEqual([])
    // The same keys in another tenant are other rows.
    await store.of('clinic.').change(({ rows }) => insertAll(rows, 'proof_bed', beds.slice(0, 1)).execute())
    expect(await store.of('clinic').read(bedsOf)).toEqual(beds)
  })

  test(`${name}: rows that are there are updated by what comes, and given back in the order in which they came`, async () => {
    await using store = await open()
    await fillWards(store, 'clinic.')
    const raised = await store.of('clinic').change(async ({ rows }) => {
      await insertAll(rows, 'proof_bed', beds).execute()
      return insertAll(
        rows,
        'proof_bed',
        beds.map((bed) => ({ ...bed, note: `${bed.note} again` })),
      )
        .onConflict((conflict) =>
          conflict.columns(['ward_id', 'number']).doUpdateSet((eb) => ({ note: eb.ref('excluded.note') })),
        )
        .returning(['number', 'note'])
        .execute()
    })
    expect(raised).toEqual(beds.map(({ number, note }) => ({ number, note: `${note} again` })))
  })

  test(`${name}: one row that cannot be inserted undoes all of them`, async () => {
    await using store = await open()
    const twice = [...beds, beds[0]!]
    const inserting = store.of('clinic').change(({ rows }) => insertAll(rows, 'proof_bed', twice).execute())
    await expect(inserting).rejects.toThrow()
    expect(await store.of('clinic').read(bedsOf)).toEqual([])
  })

  test(`${name}: many rows do not say their tenant`, async () => {
    await using store = await open()
    const theirs = beds.map((bed) => ({ ...bed, tenant_id: 'clinic.' }))
    const inserting = store.of('clinic').change(({ rows }) => insertAll(rows, 'proof_bed', theirs).execute())
    await expect(inserting).rejects.toMatchObject({ code: 'internal' })
    // Nor does one that is not the first, whose columns nobody looks at.
    await store.of('clinic').change(({ rows }) => insertAll(rows, 'proof_bed', [beds[0]!, theirs[1]!]).execute())
    expect(await store.of('clinic.').read(bedsOf)).toEqual([])
    expect(await store.of('clinic').read(bedsOf)).toHaveLength(2)
  })

  test(`${name}: halves of characters are kept as what stands for them`, async () => {
    await using store = await open()
    await store
      .of('clinic')
      .change(({ rows }) => insertAll(rows, 'proof_bed', [{ ...beds[0]!, note: 'a\ud800b' }]).execute())
    const [bed] = await store.of('clinic').read(bedsOf)
    expect(bed?.note).toBe('a\ufffdb')
  })

  test(`${name}: lists of any length find the same`, async () => {
    await using store = await open()
    await store.of('clinic').change(({ rows }) => insertAll(rows, 'proof_bed', beds).execute())
    await store.of('clinic.').change(({ rows }) => insertAll(rows, 'proof_bed', beds).execute())
    for (const length of [1, 8, 9, 39, 40]) {
      const some = beds.slice(0, length)
      const numbers = some.map(({ number }) => number)
      const notes = some.map(({ note }) => note)
      const found = await store
        .of('clinic')
        .read(async (rows) => [
          await rows.selectFrom('proof_bed').select('number').where('number', 'in', numbers).execute(),
          await rows.selectFrom('proof_bed').select('number').where('note', 'in', notes).execute(),
          await rows.selectFrom('proof_bed').select('number').where('note', 'not in', notes).execute(),
        ])
      expect(found.map((some) => some.length)).toEqual([length, length, 40 - length])
    }
  })
}
