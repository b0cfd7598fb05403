import { expect, test } from 'bun:test'
import { FanfareError } from '@fanfare/protocol'
import { createBatches } from './batches.ts'
import type { Change, Store } from './store.ts'
import { openTestStore } from './store.world.ts'

/** Counts changes, and lets a test say how they end. */
const storeOf = (commit: (change: number) => Promise<void> = async () => {}) => {
  let changes = 0
  const change = {} as Change
  const of = (tenantId: string) => ({
    tenantId,
    read: () => Promise.reject(new Error('not read here')),
    sealer: () => Promise.reject(new Error('not sealed here')),
    async change<T>(work: (change: Change) => Promise<T>): Promise<T> {
      changes++
      const result = await work(change)
      await commit(changes)
      return result
    },
  })
  return { store: { of } as unknown as Store, changes: () => changes }
}

const doubled = async (_change: Change, items: readonly number[]) => items.map((item) => item * 2)

test('what is asked for together is one change, and each is answered by itself', async () => {
  const { store, changes } = storeOf()
  const batches = createBatches({ store, run: doubled })
  const results = await Promise.all([1, 2, 3].map((item) => batches.add('clinic', item)))
  expect(results).toEqual([2, 4, 6])
  expect(changes()).toBe(1)
})

test('what comes while a batch is under way goes together into the next; tenants do not wait for each other', async () => {
  const held = Promise.withResolvers<void>()
  const { store } = storeOf((change) => (change === 1 ? held.promise : Promise.resolve()))
  const sizes: number[] = []
  const batches = createBatches({
    store,
    run: async (change, items: readonly number[]) => {
      sizes.push(items.length)
      return doubled(change, items)
    },
  })
  const first = batches.add('clinic', 1)
  await Bun.sleep(0)
  const later = Promise.all([2, 3, 4].map((item) => batches.add('clinic', item)))
  expect(await batches.add('harbour', 5)).toBe(10)
  expect(sizes).toEqual([1, 1])
  held.resolve()
  expect([await first, ...(await later)]).toEqual([2, 4, 6, 8])
  expect(sizes).toEqual([1, 1, 3])
})

test('lanes do not wait for each other, and what is in one keeps its order', async () => {
  const held = Promise.withResolvers<void>()
  const { store } = storeOf((change) => (change === 1 ? held.promise : Promise.resolve()))
  const batches = createBatches({ store, run: doubled, lane: (item: number) => item % 2 })
  const done: number[] = []
  const all = [1, 2, 3, 4].map(async (item) => void done.push(await batches.add('clinic', item)))
  await Promise.all([all[1], all[3]])
  expect(done).toEqual([4, 8])
  held.resolve()
  await Promise.all(all)
  expect(done).toEqual([4, 8, 2, 6])
})

test('one item that throws does not take the others with it', async () => {
  const { store } = storeOf()
  const batches = createBatches({
    store,
    run: async (change, items: readonly number[]) => {
      if (items.includes(13)) throw new Error('poison')
      return doubled(change, items)
    },
  })
  const settled = await Promise.allSettled([1, 13, 3].map((item) => batches.add('clinic', item)))
  expect(settled.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled'])
})

test('a poison item leaves nothing in the store, and the others are there once', async () => {
  await using store = await openTestStore()
  const batches = createBatches({
    store,
    run: async (change, items: readonly number[]) => {
      const events = await change.publish(items.map((data) => ({ room: 'ward', type: 'noted', data })))
      if (items.includes(13)) throw new Error('poison')
      return events.map(({ offset }) => offset)
    },
  })
  const settled = await Promise.allSettled([1, 13, 3].map((item) => batches.add('clinic', item)))
  expect(settled.map((one) => (one.status === 'fulfilled' ? one.value : 'rejected'))).toEqual([1, 'rejected', 2])
  const kept = await store.of('clinic').read((rows) => rows.selectFrom('journal').select('data').execute())
  expect(kept.map(({ data }) => data)).toEqual(['1', '3'])
})

test('a commit that is rejected for one is tried for each; a store that is away is not asked again for each', async () => {
  const conflicts = storeOf(async (change) => {
    if (change === 1) throw new Error('conflict')
  })
  const batches = createBatches({ store: conflicts.store, run: doubled })
  expect(await Promise.all([1, 2].map((item) => batches.add('clinic', item)))).toEqual([2, 4])
  expect(conflicts.changes()).toBe(3)

  const away = storeOf(async () => {
    throw new FanfareError('unavailable')
  })
  const refused = createBatches({ store: away.store, run: doubled })
  const settled = await Promise.allSettled([1, 2, 3].map((item) => refused.add('clinic', item)))
  expect(settled.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected'])
  expect(away.changes()).toBe(1)
})

test('who waits behind a batch for which the store was away is not to wait for another', async () => {
  const away = storeOf(async () => {
    throw new FanfareError('unavailable')
  })
  const batches = createBatches({ store: away.store, run: doubled, most: 1 })
  const settled = await Promise.allSettled([1, 2, 3, 4, 5].map((item) => batches.add('clinic', item)))
  expect(settled.map((one) => one.status === 'rejected' && one.reason.code)).toEqual(Array(5).fill('unavailable'))
  expect(away.changes()).toBe(1)
  await expect(batches.add('clinic', 6)).rejects.toMatchObject({ code: 'unavailable' })
  expect(away.changes()).toBe(2)
})

test('a batch has a bound, and so have those who wait', async () => {
  const { store, changes } = storeOf()
  const batches = createBatches({ store, run: doubled, most: 2, waiting: 5 })
  const settled = await Promise.allSettled([1, 2, 3, 4, 5, 6].map((item) => batches.add('clinic', item)))
  expect(settled.map((one) => (one.status === 'fulfilled' ? one.value : one.reason.code))).toEqual([
    2,
    4,
    6,
    8,
    10,
    'overloaded',
  ])
  expect(changes()).toBe(3)
  expect(await batches.add('clinic', 7)).toBe(14)
})

test('a batch whose results do not match its items is a defect that each caller hears of', async () => {
  const { store } = storeOf()
  const batches = createBatches({ store, run: async () => [] as readonly number[] })
  const settled = await Promise.allSettled([batches.add('clinic', 1), batches.add('clinic', 2)])
  expect(settled.map((one) => (one.status === 'rejected' ? one.reason.code : 'fulfilled'))).toEqual([
    'internal',
    'internal',
  ])
})
