/** What every store promises, by the numbers of `store.ts`: the same cases on SQLite and on PostgreSQL. */
import { expect, test } from 'bun:test'
import type { FanfareError } from '@fanfare/protocol'
import { sql } from 'kysely'
import type { OpenedStore } from './create-store.ts'
import { readShapes, writeShapes } from './query-shapes.world.ts'
import { refusedQueries } from './refused-queries.world.ts'
import type { CommittedEvents, EventDraft } from './store.ts'
import { fillWards, tenants, wardSchema, wardsOf } from './ward.world.ts'

export type StoreMaker = {
  /** A store of its own, with these keys. Whoever asks closes it. */
  readonly make: (options?: { readonly encryptionKeys?: readonly string[] }) => Promise<OpenedStore & AsyncDisposable>
  /** What is there of it after the machine ended without a word, opened anew. */
  readonly crashed: (store: OpenedStore) => Promise<OpenedStore & AsyncDisposable>
  /** Another node on the same rows, or on a copy of them, with other keys. */
  readonly beside: (store: OpenedStore, encryptionKeys: readonly string[]) => Promise<OpenedStore & AsyncDisposable>
}

const key = Buffer.alloc(32, 7).toString('base64')
const otherKey = Buffer.alloc(32, 8).toString('base64')

const draft = (room: string, data: number, more: Partial<EventDraft> = {}): EventDraft => ({
  room,
  type: 'noted',
  data,
  ...more,
})

/** In no order but their own. */
const sorted = (result: unknown): unknown => (Array.isArray(result) ? result.map(textOf).sort() : textOf(result))

const textOf = (value: unknown): string =>
  JSON.stringify(value, (_name, inner) => (typeof inner === 'bigint' ? Number(inner) : inner)) ?? 'nothing'

const withoutWho = (value: unknown, tenantId: string): unknown =>
  JSON.parse(JSON.stringify(value ?? null).replaceAll(JSON.stringify(tenantId).slice(1, -1), 'TENANT'))

export const describeStore = (name: string, { make, crashed, beside }: StoreMaker): void => {
  const of = (promise: string) => `${name}: ${promise}`

  test(of('S1 every query gives a tenant what it would give if nobody else were there'), async () => {
    await using alone = await make()
    await using shared = await make()
    const [tenantId, ...others] = tenants
    await fillWards(alone, tenantId)
    for (const one of [tenantId, ...others]) await fillWards(shared, one)
    const answers = (store: OpenedStore, asking: string) =>
      store.of(asking).read(async (rows) => {
        const found = new Map<string, unknown>()
        for (const shape of readShapes) found.set(shape.name, sorted(await shape.run(rows)))
        return found
      })
    const expected = await answers(alone, tenantId)
    expect(await answers(shared, tenantId)).toEqual(expected)
    // A query that gives nothing to anybody would prove nothing.
    expect([...expected.values()].filter((rows) => Array.isArray(rows) && rows.length > 0).length).toBeGreaterThan(250)
    expect(textOf([...(await answers(shared, 'nobody'))])).not.toContain('clinic')
  }, 30_000)

  test(of(
    'S1 every change does to a tenant what it would do if nobody else were there, and nothing to others',
  ), async () => {
    const undo = new Error('undone')
    await using alone = await make()
    await using shared = await make()
    const [tenantId, ...others] = tenants
    await fillWards(alone, tenantId)
    for (const one of tenants) await fillWards(shared, one)
    for (const shape of writeShapes) {
      const after = async (store: OpenedStore) => {
        const seen: { result?: unknown; rows?: unknown } = {}
        await store
          .of(tenantId)
          .change(async ({ rows }) => {
            seen.result = sorted(await shape.run(rows))
            seen.rows = [
              await rows.selectFrom('proof_ward').selectAll().orderBy('id').execute(),
              await rows.selectFrom('proof_bed').selectAll().orderBy('ward_id').orderBy('number').execute(),
            ]
            throw undo
          })
          .catch((error) => expect([shape.name, error]).toEqual([shape.name, undo]))
        return textOf(seen)
      }
      expect([shape.name, await after(shared)]).toEqual([shape.name, await after(alone)])
    }
    for (const shape of writeShapes) {
      await shared
        .of(others[0])
        .change(({ rows }) => shape.run(rows))
        .catch(() => {
          // Some cannot be done twice; those that can are done.
        })
    }
    for (const one of [tenantId, ...others.slice(1)]) {
      expect(withoutWho(await wardsOf(shared, one), one)).toEqual(withoutWho(await wardsOf(alone, tenantId), tenantId))
    }
  }, 30_000)

  test(of('S1 what would go beyond the tenant is refused, and nothing of it is done'), async () => {
    await using store = await make()
    for (const one of tenants) await fillWards(store, one)
    const all = () => Promise.all(tenants.map((one) => wardsOf(store, one)))
    const before = await all()
    const outcomes: Record<string, string> = {}
    for (const shape of refusedQueries) {
      outcomes[shape.name] = await store
        .of(tenants[0])
        .change(({ rows }) => shape.run(rows))
        .then(
          (result) => `it gave ${textOf(result)}`,
          (error: FanfareError) => error.code,
        )
    }
    expect(outcomes).toEqual(Object.fromEntries(refusedQueries.map((shape) => [shape.name, 'internal'])))
    expect(await all()).toEqual(before)
  }, 20_000)

  test(of('S1 a tenant whose name is none is refused'), async () => {
    await using store = await make()
    for (const hostile of ['', "x' OR '1'='1", 'a\0b', '../x', 'a|b', 'é', 'x'.repeat(65), '$operators']) {
      expect(() => store.of(hostile)).toThrow(/tenant id/)
    }
  })

  test(of('S1 what a value says is never a query'), async () => {
    await using store = await make()
    const hostile = "icu' OR '1'='1'; DROP TABLE proof_ward; -- $1 ? \\"
    await store.of('clinic').change(({ rows }) =>
      rows
        .insertInto('proof_ward')
        .values({ id: hostile, title: `${hostile} é😀`, floor: 1 })
        .execute(),
    )
    const found = await store
      .of('clinic')
      .read((rows) => rows.selectFrom('proof_ward').select('title').where('id', '=', hostile).execute())
    expect(found).toEqual([{ title: `${hostile} é😀` }])
  })

  test(of('S2 what was changed is there after the machine went without a word'), async () => {
    await using store = await make()
    await store.of('clinic').change(async ({ rows, publish }) => {
      await rows.insertInto('proof_ward').values({ id: 'icu', title: 'ICU', floor: 1 }).execute()
      await publish([draft('ward', 1)])
    })
    await using later = await crashed(store)
    expect(await later.of('clinic').read((rows) => rows.selectFrom('proof_ward').select('id').execute())).toEqual([
      { id: 'icu' },
    ])
    expect(await later.of('clinic').read((rows) => rows.selectFrom('journal').select('offset').execute())).toEqual([
      { offset: 1 },
    ])
  }, 30_000)

  test(of('S2 a change that rejects leaves nothing, nor does one whose failed statement was swallowed'), async () => {
    await using store = await make()
    const tenant = store.of('clinic')
    const ward = { id: 'icu', title: 'ICU', floor: 1 }
    const failing = tenant.change(async ({ rows }) => {
      await rows.insertInto('proof_ward').values(ward).execute()
      throw new Error('no')
    })
    await expect(failing).rejects.toThrow('no')
    const swallowing = tenant.change(async ({ rows }) => {
      await rows.insertInto('proof_ward').values(ward).execute()
      await rows
        .insertInto('proof_ward')
        .values(ward)
        .execute()
        .catch(() => {})
      return 'done'
    })
    await expect(swallowing).rejects.toThrow(/unique|UNIQUE/)
    expect(await tenant.read((rows) => rows.selectFrom('proof_ward').selectAll().execute())).toEqual([])
    await tenant.change(({ rows }) => rows.insertInto('proof_ward').values(ward).execute())
  })

  test(of('S2 rows are of no use once their transaction is over'), async () => {
    await using store = await make()
    const kept = await store.of('clinic').change(async ({ rows }) => rows)
    await expect(kept.selectFrom('proof_ward').selectAll().execute()).rejects.toThrow(/after their transaction/)
  })

  test(of('S2 a read cannot write, and sees one moment'), async () => {
    await using store = await make()
    const tenant = store.of('clinic')
    const writing = tenant.read((rows) =>
      rows.insertInto('proof_ward').values({ id: 'x', title: 'x', floor: 1 }).execute(),
    )
    await expect(writing).rejects.toThrow(/only be read/)
    const counts = await tenant.read(async (rows) => {
      const count = () =>
        rows
          .selectFrom('proof_ward')
          .select((eb) => eb.fn.countAll<number>().as('n'))
          .executeTakeFirst()
      const before = await count()
      await tenant.change((change) =>
        change.rows.insertInto('proof_ward').values({ id: 'y', title: 'y', floor: 1 }).execute(),
      )
      return [before, await count()]
    })
    expect(counts).toEqual([{ n: 0 }, { n: 0 }])
  })

  test(of('S2 changes that are in each other’s way are all done, as if one after another'), async () => {
    await using store = await make()
    const tenant = store.of('clinic')
    await fillWards(store, 'clinic')
    // Half of them take the rows in the one order, half in the other.
    const add = (ids: readonly string[]) =>
      tenant.change(async ({ rows }) => {
        for (const id of ids) {
          await rows
            .updateTable('proof_ward')
            .set((eb) => ({ floor: eb('floor', '+', 1) }))
            .where('id', '=', id)
            .execute()
        }
      })
    await Promise.all(Array.from({ length: 12 }, (_, index) => add(index % 2 === 0 ? ['icu', 'er'] : ['er', 'icu'])))
    const floors = await tenant.read((rows) => rows.selectFrom('proof_ward').select('floor').orderBy('id').execute())
    expect(floors.map(({ floor }) => floor)).toEqual([13, 12, 2])
  }, 20_000)

  test(of('S3 events are in the journal exactly if their change is, and their offsets have no hole'), async () => {
    await using store = await make()
    const tenant = store.of('clinic')
    const one = (index: number) =>
      tenant.change(async ({ publish }) => {
        await publish([draft('ward', index), draft(`room ${index % 3}`, index)])
        if (index % 4 === 0) throw new Error('no')
      })
    const settled = await Promise.allSettled(Array.from({ length: 40 }, (_, index) => one(index)))
    const kept = settled.flatMap(({ status }, index) => (status === 'fulfilled' ? [index] : []))
    expect(kept).toHaveLength(30)
    const events = await tenant.read((rows) =>
      rows.selectFrom('journal').select(['offset', 'data']).where('room', '=', 'ward').orderBy('offset').execute(),
    )
    expect(events.map(({ offset }) => offset)).toEqual(kept.map((_, index) => index + 1))
    expect(events.map(({ data }) => Number(data)).sort((a, b) => a - b)).toEqual(kept)
  }, 20_000)

  test(of('S4 what is committed is told once, after the commit, in the order of each room'), async () => {
    await using store = await make()
    const told: CommittedEvents[] = []
    const seen: Promise<boolean>[] = []
    const isThere = async ({ tenantId, events }: CommittedEvents) => {
      const found = await store.of(tenantId).read((rows) => rows.selectFrom('journal').select('id').execute())
      return events.every(({ id }) => found.some((row) => row.id === id))
    }
    const end = store.onCommitted((committed) => {
      told.push(committed)
      seen.push(isThere(committed))
    })
    const one = (index: number) =>
      store.of(index % 2 === 0 ? 'clinic' : 'harbour').change(async ({ publish }) => {
        await publish([draft('ward', index), draft(`room ${index % 3}`, index)])
        if (index % 5 === 0) throw new Error('no')
      })
    await Promise.allSettled(Array.from({ length: 60 }, (_, index) => one(index)))
    expect(told).toHaveLength(48)
    expect(await Promise.all(seen)).not.toContain(false)
    for (const tenantId of ['clinic', 'harbour']) {
      for (const room of ['ward', 'room 0', 'room 1', 'room 2']) {
        const events = told.filter((each) => each.tenantId === tenantId).flatMap((each) => each.events)
        const offsets = events.filter((event) => event.room === room).map(({ offset }) => offset)
        expect(offsets).toEqual(offsets.map((_, index) => index + 1))
      }
    }
    end()
    await store.of('clinic').change(({ publish }) => publish([draft('ward', 1)]))
    expect(told).toHaveLength(48)
  }, 20_000)

  test(
    of('S4 a key that was there gives the first event, and is not told again; nor is a listener’s error anybody’s'),
    async () => {
      await using store = await make()
      const told: CommittedEvents[] = []
      store.onCommitted(() => {
        throw new Error('mine')
      })
      store.onCommitted((committed) => told.push(committed))
      const publish = (data: number) =>
        store.of('clinic').change((change) => change.publish([draft('ward', data, { key: 'k' })]))
      const [first] = await publish(1)
      const [again] = await publish(2)
      expect(again).toMatchObject({ id: first!.id, offset: 1, data: 1 })
      expect(told.flatMap(({ events }) => events.map(({ offset }) => offset))).toEqual([1])
    },
  )

  test(of('S5 a sealed text opens for its tenant and its row alone, and the rows do not tell it'), async () => {
    await using store = await make({ encryptionKeys: [key] })
    const sealer = await store.of('clinic').sealer()
    const sealed = sealer.seal('she has a fever', 'proof_bed|icu|1')
    expect(sealed.keyId).not.toBeNull()
    expect(sealed.text).not.toContain('fever')
    expect(Buffer.from(sealed.text, 'base64').toString()).not.toContain('fever')
    expect(sealer.seal('she has a fever', 'proof_bed|icu|1').text).not.toBe(sealed.text)
    expect((await store.of('clinic').sealer()).open(sealed, 'proof_bed|icu|1')).toBe('she has a fever')
    expect(() => sealer.open(sealed, 'proof_bed|icu|2')).toThrow(/changed or moved/)
    const bytes = Buffer.from(sealed.text, 'base64')
    bytes[bytes.length - 1]! ^= 1
    expect(() => sealer.open({ ...sealed, text: bytes.toString('base64') }, 'proof_bed|icu|1')).toThrow(
      /changed or moved/,
    )
    expect(() => sealer.open({ ...sealed, text: '' }, 'proof_bed|icu|1')).toThrow(/changed or moved/)
    const others = await store.of('harbour').sealer()
    expect(() => others.open(sealed, 'proof_bed|icu|1')).toThrow(/not in the store/)
    expect(() => others.open({ ...sealed, keyId: others.seal('', '').keyId }, 'proof_bed|icu|1')).toThrow(
      /changed or moved/,
    )
    expect(sealer.open({ text: 'open', keyId: null }, 'anything')).toBe('open')
  })

  test(of('S5 events are sealed in the journal, and the keys of tenants are sealed too'), async () => {
    await using store = await make({ encryptionKeys: [key] })
    const [event] = await store
      .of('clinic')
      .change(({ publish }) => publish([{ room: 'w', type: 't', data: 'a fever' }]))
    expect(event!.data).toBe('a fever')
    const rows = await store.everywhere('read', async (all) => [
      await all.selectFrom('journal').selectAll().execute(),
      await all.selectFrom('tenant_key').selectAll().execute(),
    ])
    expect(JSON.stringify(rows)).not.toContain('fever')
    expect(JSON.stringify(rows)).not.toContain(key)
  })

  test(of('S5 without keys texts stay as they are; with the wrong one nothing is opened'), async () => {
    await using open = await make()
    const plain = await open.of('clinic').sealer()
    expect(plain.seal('a fever', 'x')).toEqual({ text: 'a fever', keyId: null })
    expect(() => plain.open({ text: 'x', keyId: '1' }, 'x')).toThrow(/FANFARE_ENCRYPTION_KEYS/)
    await using store = await make({ encryptionKeys: [key] })
    const sealed = (await store.of('clinic').sealer()).seal('a fever', 'x')
    await using other = await beside(store, [otherKey])
    await expect(other.of('clinic').sealer()).rejects.toThrow(/FANFARE_ENCRYPTION_KEYS/)
    await using both = await beside(store, [otherKey, key])
    expect((await both.of('clinic').sealer()).open(sealed, 'x')).toBe('a fever')
  })

  test(of('gives tenants with rows that are due, and the names of no others'), async () => {
    await using store = await make()
    for (const one of tenants) await fillWards(store, one)
    const due = { table: 'proof_ward', column: 'floor', atMost: 0 } as const
    expect([...(await store.tenantsDue({ ...due, limit: 10 }))].sort()).toEqual([...tenants].sort())
    expect(await store.tenantsDue({ ...due, limit: 2 })).toHaveLength(2)
    expect(await store.tenantsDue({ ...due, atMost: -1, limit: 10 })).toEqual([])
  })

  test(of('a closed store says so, and may be closed again'), async () => {
    const store = await make()
    await store.close()
    await store.close()
    await expect(store.of('clinic').read(async () => 1)).rejects.toMatchObject({ code: 'unavailable' })
  })

  test(of('numbers are numbers, nothing is null, and texts go by their bytes'), async () => {
    await using store = await make()
    const largest = Number.MAX_SAFE_INTEGER
    const rows = await store.of('clinic').change(async (change) => {
      await change.rows
        .insertInto('proof_bed')
        .values(
          ['a', 'B', 'é', '-', '_'].map((ward_id) => ({
            ward_id,
            number: largest,
            patient: null,
            note: '',
            note_key: null,
          })),
        )
        .execute()
      return change.rows
        .selectFrom('proof_bed')
        .select((eb) => ['ward_id', 'number', 'patient', eb.fn.sum<number>(sql.lit(1)).over().as('n')])
        .orderBy('ward_id')
        .execute()
    })
    expect(rows.map(({ ward_id }) => ward_id)).toEqual(['-', 'B', '_', 'a', 'é'])
    expect({ ...rows[0]! }).toEqual({ ward_id: '-', number: largest, patient: null, n: 5 })
  })
}

export { wardSchema }
