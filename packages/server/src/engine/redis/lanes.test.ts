/** The way of writes: their order, their batches, their bounds. */
import { expect, test } from 'bun:test'
import { FanfareError } from '@fanfare/protocol'
import { type Deferred, deferred } from '../../lib/deferred.ts'
import { roomKey } from '../../model/room-key.ts'
import type { Lane, Write, Written } from './broker.ts'
import { type LaneBounds, Lanes, laneBounds } from './lanes.ts'

const room = { key: roomKey('t', 'r'), log: { keep: 10, forMs: 1_000, durable: false } }
const publish = (data: number): Write => ({
  kind: 'publish',
  room,
  draft: { id: `e${data}`, type: 'note', tenantId: 't', room: 'r', data, timestamp: '' },
  react: false,
})
const dataOf = (write: Write) => (write.kind === 'publish' ? Number(write.draft.data) : 0)
const receipt = { id: 'e', epoch: 'a', offset: 1, timestamp: '', durability: 'broker' } as const
const done: Written = { kind: 'published', receipt, duplicate: false }

/** Lanes over a broker that answers when the test says so. */
const stage = (bounds: Partial<LaneBounds> = {}) => {
  const batches: { lane: Lane; data: number[]; answer: Deferred<readonly Written[]> }[] = []
  const applied: number[] = []
  let ticks = 0
  const lanes = new Lanes<number>({
    broker: {
      write(lane, writes) {
        const answer = deferred<readonly Written[]>()
        batches.push({ lane, data: writes.map(dataOf), answer })
        return answer.promise
      },
    },
    bounds: { ...laneBounds, ...bounds },
    tick: () => ++ticks,
    prepare: (write) => write,
    apply(write, written) {
      if (written.kind === 'failed') throw written.error
      applied.push(dataOf(write))
      return dataOf(write)
    },
  })
  const put = (data: number, bytes = 1, lane = 'left') => lanes.put(lane, publish(data), bytes)
  const answer = async (index: number, ...written: Written[]) => {
    const { data, answer } = batches[index]!
    answer.resolve(written.length > 0 ? written : data.map(() => done))
    await settle()
  }
  return { lanes, batches, applied, put, answer, sent: () => batches.map(({ data }) => data) }
}
const settle = () => new Promise((resolve) => setImmediate(resolve))
const code = (promise: Promise<unknown>) =>
  promise.then(
    () => 'done',
    (error: FanfareError) => error.code,
  )

test('writes of a tick go together, and the next batch when the first is answered', async () => {
  const { put, answer, sent, applied } = stage()
  const first = [put(1), put(2)]
  await settle()
  const second = [put(3), put(4)]
  await settle()
  expect(sent()).toEqual([[1, 2]])
  await answer(0)
  expect(sent()).toEqual([
    [1, 2],
    [3, 4],
  ])
  await answer(1)
  expect(await Promise.all([...first, ...second])).toEqual([1, 2, 3, 4])
  expect(applied).toEqual([1, 2, 3, 4])
})

test('lanes do not wait for each other', async () => {
  const { put, batches } = stage()
  void put(1, 1, 'left')
  void put(2, 1, 'right')
  await settle()
  expect(batches.map(({ lane }) => lane)).toEqual(['left', 'right'])
})

test('a batch is bounded in number and bytes; one that is larger goes alone', async () => {
  const { put, sent, answer } = stage({ batchWrites: 3, batchBytes: 10 })
  for (const [data, bytes] of [1, 1, 1, 1, 8, 2, 50, 1].entries()) void put(data, bytes)
  await settle()
  for (let index = 0; index < 4; index++) await answer(index)
  expect(sent()).toEqual([[0, 1, 2], [3, 4], [5], [6], [7]])
})

test('when nobody knows what was done, those of the batch are told so, and the next goes', async () => {
  const { put, batches, answer } = stage()
  const first = [code(put(1)), code(put(2))]
  await settle()
  const second = put(3)
  batches[0]!.answer.reject(new Error('the socket closed'))
  await settle()
  expect(await Promise.all(first)).toEqual(['unavailable', 'unavailable'])
  await answer(1)
  expect(await second).toBe(3)
})

test('one that failed alone is told so alone', async () => {
  const { put, answer } = stage()
  const [first, second] = [put(1), put(2)]
  await settle()
  const rejected = code(first)
  await answer(0, { kind: 'failed', error: new FanfareError('too_large') }, done)
  expect(await rejected).toBe('too_large')
  expect(await second).toBe(2)
})

test('whoever has waited too long is told so, in the queue and in flight; what is done later is applied all the same', async () => {
  const { lanes, put, answer, sent, applied } = stage()
  const flying = code(put(1))
  await settle()
  const waiting = code(put(2))
  lanes.beat(3)
  const later = put(3)
  lanes.beat(3)
  lanes.beat(3)
  expect(await Promise.all([flying, waiting])).toEqual(['unavailable', 'unavailable'])
  await answer(0)
  expect(applied).toEqual([1])
  expect(sent()).toEqual([[1], [3]])
  await answer(1)
  expect(await later).toBe(3)
})

test('more than may wait is refused at once, by number and by bytes', async () => {
  const { put, answer } = stage({ waitingWrites: 2, waitingBytes: 100 })
  void put(1)
  await settle()
  const kept = [put(2), put(3)]
  expect(await code(put(4))).toBe('unavailable')
  await answer(0)
  await answer(1)
  expect(await Promise.all(kept)).toEqual([2, 3])
  expect(await code(put(5, 101))).toBe('unavailable')
  const again = put(6, 100)
  await settle()
  await answer(2)
  expect(await again).toBe(6)
})

test('drained is when nothing waits and nothing is in flight', async () => {
  const { lanes, put, answer } = stage()
  void put(1)
  await settle()
  void put(2)
  let drained = false
  void lanes.drain().then(() => {
    drained = true
  })
  await answer(0)
  expect(drained).toBe(false)
  await answer(1)
  expect(drained).toBe(true)
})
