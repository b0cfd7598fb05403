/** Where a node is in a room, whatever comes in whichever order. */
import { expect, test } from 'bun:test'
import type { Position, RoomEvent } from '@fanfare/protocol'
import type { Slice } from '../room-log.ts'
import { type Outcome, Tail } from './tail.ts'

const event = (offset: number, data: string | number = offset): RoomEvent => ({
  id: `e${offset}`,
  type: 'note',
  tenantId: 't',
  room: 'r',
  offset,
  data,
  timestamp: '2026-01-01T00:00:00.000Z',
})
const at = (epoch: string, offset: number): Position => ({ epoch, offset })
const page = (top: Position, ...offsets: number[]): Slice => ({
  ok: true,
  events: offsets.map((offset) => event(offset)),
  top,
  more: false,
})
/** What was done, in short. */
const said = ({ lost, deliver, next }: Outcome) => [lost, deliver.map(({ offset }) => offset), next] as const

let tick = 0
/** Asked and answered now. */
const now = () => {
  const asked = ++tick
  return { asked, now: ++tick }
}
const tailAt = (position: Position): Tail => {
  const tail = new Tail()
  tail.found(position, now())
  return tail
}

test('messages in order are delivered, repeats are not', () => {
  const tail = tailAt(at('a', 3))
  expect(said(tail.heard('a', event(3), ++tick))).toEqual([false, [], 'nothing'])
  expect(said(tail.heard('a', event(4), ++tick))).toEqual([false, [4], 'nothing'])
  expect(said(tail.heard('a', event(4), ++tick))).toEqual([false, [], 'nothing'])
  expect(tail).toMatchObject({ epoch: 'a', top: 4, whole: true })
})

test('a hole among messages is repaired at once, one before an own event may fill by itself', () => {
  const heard = tailAt(at('a', 3))
  expect(said(heard.heard('a', event(5), ++tick))).toEqual([false, [], 'repair'])
  expect(heard).toMatchObject({ top: 3, seen: 5, behind: true, whole: false })
  const own = tailAt(at('a', 3))
  expect(said(own.acknowledged('a', event(5), now()))).toEqual([false, [], 'wait'])
  expect(said(own.heard('a', event(4), ++tick))).toEqual([false, [4, 5], 'nothing'])
  expect(said(own.heard('a', event(5), ++tick))).toEqual([false, [], 'nothing'])
})

test('what was read fills the hole, and what came too early follows it', () => {
  const tail = tailAt(at('a', 3))
  tail.heard('a', event(6), ++tick)
  expect(said(tail.page(at('a', 3), page(at('a', 6), 4, 5), now()))).toEqual([false, [4, 5, 6], 'nothing'])
})

test('a page for where the tail no longer is, is of no use', () => {
  const tail = tailAt(at('a', 3))
  tail.heard('a', event(6), ++tick)
  tail.heard('a', event(4), ++tick)
  expect(said(tail.page(at('a', 3), page(at('a', 6), 4, 5, 6), now()))).toEqual([false, [], 'nothing'])
  expect(tail.top).toBe(4)
})

test('a hole that the log no longer has is a loss, told once', () => {
  const tail = tailAt(at('a', 3))
  tail.heard('a', event(9), ++tick)
  const trimmed = { ok: false, reason: 'trimmed', top: at('a', 8) } as const
  expect(said(tail.page(at('a', 3), trimmed, now()))).toEqual([true, [9], 'nothing'])
  expect(said(tail.page(at('a', 3), trimmed, now()))).toEqual([false, [], 'nothing'])
})

test('before the baseline nothing is delivered; after it what came meanwhile, and nothing of the past', () => {
  const tail = new Tail()
  for (const offset of [6, 7, 8, 9])
    expect(said(tail.heard('a', event(offset), ++tick))).toEqual([false, [], 'nothing'])
  expect(said(tail.found(at('a', 7), now()))).toEqual([false, [8, 9], 'nothing'])
})

test('a message of an epoch that nobody knows is no proof: it waits for a comparison', () => {
  const tail = tailAt(at('a', 3))
  expect(said(tail.heard('b', event(1), ++tick))).toEqual([false, [], 'compare'])
  expect(tail).toMatchObject({ epoch: 'a', whole: false })
  expect(said(tail.heard('b', event(2), ++tick))).toEqual([false, [], 'compare'])
  expect(said(tail.found(at('b', 1), now()))).toEqual([true, [2], 'nothing'])
  expect(said(tail.heard('b', event(3), ++tick))).toEqual([false, [3], 'nothing'])
})

test('a straggler is found to be one, and its epoch is not asked for again', () => {
  const tail = tailAt(at('b', 0))
  expect(said(tail.heard('a', event(5), ++tick))).toEqual([false, [], 'compare'])
  expect(said(tail.found(at('b', 0), now()))).toEqual([false, [], 'nothing'])
  expect(said(tail.heard('a', event(6), ++tick))).toEqual([false, [], 'nothing'])
  expect(tail.whole).toBe(true)
})

test('an answer says nothing about what was heard after its question', () => {
  const tail = tailAt(at('a', 3))
  const asked = ++tick
  tail.heard('b', undefined, ++tick)
  expect(said(tail.found(at('a', 3), { asked, now: ++tick }))).toEqual([false, [], 'compare'])
  expect(said(tail.found(at('b', 0), now()))).toEqual([true, [], 'nothing'])
})

test('an old answer does not take the tail back to an epoch that has ended since', () => {
  const tail = tailAt(at('a', 3))
  const asked = ++tick
  expect(said(tail.acknowledged('b', undefined, now()))).toEqual([true, [], 'nothing'])
  expect(said(tail.found(at('a', 3), { asked, now: ++tick }))).toEqual([false, [], 'compare'])
  expect(said(tail.acknowledged('a', event(4), { asked, now: ++tick }))).toEqual([false, [], 'compare'])
  expect(tail).toMatchObject({ epoch: 'b', top: 0 })
  expect(tail.known).toEqual(at('b', 0))
})

test('an own publish in a new epoch is a loss and is delivered, and what follows in its batch too', () => {
  const tail = tailAt(at('a', 3))
  const batch = now()
  expect(said(tail.acknowledged('b', event(7), batch))).toEqual([true, [7], 'nothing'])
  expect(said(tail.acknowledged('b', event(8), batch))).toEqual([false, [8], 'nothing'])
  expect(said(tail.acknowledged('c', undefined, batch))).toEqual([true, [], 'nothing'])
  expect(said(tail.acknowledged('c', event(1), batch))).toEqual([false, [1], 'nothing'])
})

test('one loss is told once, whoever tells of it', () => {
  const tail = tailAt(at('a', 3))
  const losses = [
    tail.acknowledged('b', event(1), now()),
    tail.found(at('b', 1), now()),
    tail.heard('b', undefined, ++tick),
    tail.saw(at('b', 1)),
    tail.page(at('a', 3), { ok: false, reason: 'epoch', top: at('b', 1) }, now()),
  ].filter(({ lost }) => lost)
  expect(losses).toHaveLength(1)
})

test('an epoch that is over and rises again is told to end, and is not followed', () => {
  const tail = tailAt(at('a', 3))
  tail.found(at('b', 0), now())
  expect(said(tail.found(at('a', 2), now()))).toEqual([false, [], 'compare'])
  expect(tail.known).toEqual(at('a', Number.MAX_SAFE_INTEGER))
  expect(said(tail.found(at('c', 2), now()))).toEqual([true, [], 'nothing'])
  expect(tail.known).toEqual(at('c', 2))
})

test('what was known of a room before it was listened to counts against an epoch that rises', () => {
  const tail = new Tail({ epoch: 'a', former: ['z'] })
  tail.found(at('b', 0), now())
  for (const over of ['a', 'z']) expect(said(tail.found(at(over, 2), now()))).toEqual([false, [], 'compare'])
})

test('what was seen elsewhere is waited for a little; a log that is behind what is known is compared', () => {
  const tail = tailAt(at('a', 3))
  expect(said(tail.saw(at('a', 5)))).toEqual([false, [], 'wait'])
  expect(tail.known).toEqual(at('a', 5))
  expect(said(tail.page(at('a', 3), { ok: false, reason: 'ahead', top: at('a', 2) }, now()))).toEqual([
    false,
    [],
    'compare',
  ])
})

test('of too much that comes early the rest is read', () => {
  const tail = tailAt(at('a', 0))
  for (let offset = 2; offset <= 1_000; offset++) tail.heard('a', event(offset), ++tick)
  expect(said(tail.heard('a', event(1), ++tick))[1]).toHaveLength(257)
  expect(tail).toMatchObject({ top: 257, seen: 1_000, behind: true })
  const large = tailAt(at('a', 0))
  for (let offset = 2; offset <= 20; offset++) large.heard('a', event(offset, 'x'.repeat(200_000)), ++tick)
  expect(large.heard('a', event(1), ++tick).deliver).toHaveLength(6)
})
