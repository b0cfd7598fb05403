import { expect, test } from 'bun:test'
import { fakeClock } from '../lib/fake-clock.ts'
import { masterKeys } from './master-keys.ts'
import { allSchemas } from './open-store.ts'
import { type RotationStep, rotateKey } from './rotate-key.ts'
import { openTestStore, type TestStore } from './store.world.ts'
import { wardSchema } from './ward.world.ts'

const key = Buffer.alloc(32, 7).toString('base64')
const otherKey = Buffer.alloc(32, 8).toString('base64')
const sealed = allSchemas([wardSchema]).flatMap((schema) => schema.sealed ?? [])

const aboutBed = (number: number) => `proof_bed|icu|${number}`

const addBeds = async (store: TestStore, numbers: readonly number[]): Promise<void> => {
  const sealer = await store.of('clinic').sealer()
  await store.of('clinic').change(({ rows }) =>
    rows
      .insertInto('proof_bed')
      .values(
        numbers.map((number) => {
          const { text, keyId } = sealer.seal(`note ${number}`, aboutBed(number))
          return { ward_id: 'icu', number, patient: null, note: text, note_key: keyId }
        }),
      )
      .execute(),
  )
}

/** What the beds say, to whoever asks a node now. */
const notesIn = async (store: TestStore): Promise<readonly string[]> => {
  const beds = await store
    .of('clinic')
    .read((rows) => rows.selectFrom('proof_bed').selectAll().orderBy('number').execute())
  const sealer = await store.of('clinic').sealer()
  return beds.map((bed) => sealer.open({ text: bed.note, keyId: bed.note_key }, aboutBed(bed.number)))
}

const keysOf = (store: TestStore) =>
  store
    .of('clinic')
    .read((rows) => rows.selectFrom('tenant_key').select(['id', 'number', 'ready']).orderBy('number').execute())

const keysUsed = async (store: TestStore) => {
  const beds = await store
    .of('clinic')
    .read((rows) => rows.selectFrom('proof_bed').select('note_key').distinct().execute())
  return beds.map(({ note_key }) => note_key)
}

/** A node whose time the test moves, and a rotation beside it that runs until the test says otherwise. */
const worldOf = async (masters: readonly string[] = [key]) => {
  const clock = fakeClock()
  const store = await openTestStore({ schemas: [wardSchema], clock, encryptionKeys: masters })
  const steps: RotationStep[] = []
  const rotate = (options: { readonly stopAt?: RotationStep['kind']; readonly masters?: readonly string[] } = {}) =>
    rotateKey({
      store,
      tenantId: 'clinic',
      sealed,
      masters: masterKeys(options.masters ?? masters),
      clock,
      onStep: (step) => {
        steps.push(step)
        if (step.kind === options.stopAt) throw new Error('killed')
      },
    })
  const finished = async (running: Promise<void>) => {
    let over = false
    const done = running.finally(() => {
      over = true
    })
    done.catch(() => {})
    while (!over) await clock.advance(1_000)
    await done
  }
  return { clock, store, steps, rotate, finished, [Symbol.asyncDispose]: () => store.close() }
}

test('after a rotation every row is sealed by the new key alone, and says what it said', async () => {
  await using world = await worldOf()
  const { store, steps } = world
  const numbers = Array.from({ length: 1_203 }, (_, index) => index)
  await addBeds(store, numbers)
  await store.of('clinic').change(({ publish }) => publish([{ room: 'w', type: 't', data: 'a fever' }]))
  const [before] = await keysOf(store)
  await world.finished(world.rotate())
  const after = await keysOf(store)
  expect(after).toMatchObject([{ number: 2, ready: 1 }])
  expect(await keysUsed(store)).toEqual([after[0]!.id])
  expect(await notesIn(store)).toEqual(numbers.map((number) => `note ${number}`))
  const [event] = await store.of('clinic').read((rows) => rows.selectFrom('journal').selectAll().execute())
  expect(event!.key_id).toBe(after[0]!.id)
  expect(
    (await store.of('clinic').sealer()).open({ text: event!.data, keyId: event!.key_id }, `journal|${event!.id}`),
  ).toBe('"a fever"')
  expect(steps.filter(({ kind }) => kind === 'sealed')).toHaveLength(4)
  expect(steps.at(-1)).toEqual({ kind: 'dropped', keyId: before!.id })
})

test('texts from before there were keys are sealed, and empty ones stay empty', async () => {
  await using world = await worldOf()
  const open = { ward_id: 'icu', patient: null, note_key: null }
  await world.store.of('clinic').change(({ rows }) =>
    rows
      .insertInto('proof_bed')
      .values([
        { ...open, number: 1, note: 'note 1' },
        { ...open, number: 2, note: '' },
      ])
      .execute(),
  )
  await world.finished(world.rotate())
  const beds = await world.store
    .of('clinic')
    .read((rows) => rows.selectFrom('proof_bed').select(['note', 'note_key']).execute())
  expect(beds[0]!.note_key).not.toBeNull()
  expect({ ...beds[1]! }).toEqual({ note: '', note_key: null })
  expect(await notesIn(world.store)).toEqual(['note 1', ''])
})

test('a node that runs meanwhile goes on reading and writing at every moment, and loses nothing', async () => {
  await using world = await worldOf()
  const { clock, store } = world
  let number = 0
  let over = false
  await addBeds(store, [++number])
  const rotation = world.rotate().finally(() => {
    over = true
  })
  const sealers: Awaited<ReturnType<ReturnType<TestStore['of']>['sealer']>>[] = []
  while (!over) {
    await addBeds(store, [++number])
    expect(await notesIn(store)).toHaveLength(number)
    sealers.push(await store.of('clinic').sealer())
    // What one node seals now, another that last looked just before it can open.
    const known = sealers.at(-5) ?? sealers[0]!
    const now = sealers.at(-1)!
    expect(known.open(now.seal('x', 'y'), 'y')).toBe('x')
    await clock.advance(1_000)
  }
  await rotation
  expect(number).toBeGreaterThan(15)
  expect(await notesIn(store)).toEqual(Array.from({ length: number }, (_, index) => `note ${index + 1}`))
})

test.each(['made', 'waiting', 'sealed'] as const)('killed after it %s, it goes on where it stood', async (stopAt) => {
  await using world = await worldOf()
  const numbers = Array.from({ length: 600 }, (_, index) => index)
  await addBeds(world.store, numbers)
  await expect(world.finished(world.rotate({ stopAt }))).rejects.toThrow('killed')
  expect(await notesIn(world.store)).toHaveLength(600)
  await world.finished(world.rotate())
  expect(world.steps.filter(({ kind }) => kind === 'resumed')).toHaveLength(1)
  expect(await keysOf(world.store)).toMatchObject([{ number: 2 }])
  expect(await notesIn(world.store)).toEqual(numbers.map((number) => `note ${number}`))
})

test('a new master key takes over tenant by tenant', async () => {
  await using world = await worldOf([otherKey, key])
  await addBeds(world.store, [1])
  await world.finished(world.rotate())
  const masters = await world.store
    .of('clinic')
    .read((rows) => rows.selectFrom('tenant_key').select('master').execute())
  expect(masters).toHaveLength(1)
  expect(await notesIn(world.store)).toEqual(['note 1'])
  await expect(world.finished(world.rotate({ masters: [] }))).rejects.toThrow('FANFARE_ENCRYPTION_KEYS')
})
