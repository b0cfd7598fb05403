import { afterEach, beforeEach, expect, test } from 'bun:test'
import { fakeClock } from '../lib/fake-clock.ts'
import type { Rows } from './store.ts'
import { openTestStore, type TestStore } from './store.world.ts'
import { TickReads } from './tick-reads.ts'

let store: TestStore
let asked: string[][]
let reads: TickReads<string>
let fails: boolean

const read = async (_: Rows, names: readonly string[]) => {
  asked.push([...names])
  if (fails) throw new Error('no answer')
  return new Map(names.filter((name) => name !== 'nobody').map((name) => [name, `of ${name}`]))
}

beforeEach(async () => {
  store = await openTestStore({ schemas: [], clock: fakeClock() })
  asked = []
  fails = false
  reads = new TickReads({ store, read })
})
afterEach(() => store[Symbol.asyncDispose]())

test('what is asked in one tick is one question for each tenant, and everybody has their own answer', async () => {
  const answers = await Promise.all([
    reads.of('clinic', 'ann'),
    reads.of('clinic', 'nobody'),
    reads.of('lab', 'ann'),
    reads.of('clinic', 'ann'),
  ])
  expect(answers).toEqual(['of ann', undefined, 'of ann', 'of ann'])
  expect(asked).toEqual([['ann', 'nobody'], ['ann']])
})

test('who asks while others are answered is asked for anew', async () => {
  const first = reads.of('clinic', 'ann')
  await new Promise<void>((resolve) => setImmediate(resolve))
  expect(await reads.of('clinic', 'ann')).toBe('of ann')
  await first
  expect(asked).toEqual([['ann'], ['ann']])
})

test('a question that fails is failed for all who asked it, and for nobody after them', async () => {
  fails = true
  const both = await Promise.allSettled([reads.of('clinic', 'ann'), reads.of('clinic', 'bob')])
  expect(both.map(({ status }) => status)).toEqual(['rejected', 'rejected'])
  fails = false
  expect(await reads.of('clinic', 'bob')).toBe('of bob')
})
