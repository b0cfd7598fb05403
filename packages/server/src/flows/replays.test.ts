import { expect, test } from 'bun:test'
import type { RoomEvent } from '@fanfare/protocol'
import { weightOf } from '../engine/weight.ts'
import { fakeClock } from '../lib/fake-clock.ts'
import { Replays } from './replays.ts'

const event = (offset: number, data = 'hi'): RoomEvent => ({
  id: `e${offset}`,
  type: 'said',
  tenantId: 't',
  room: 'a',
  offset,
  timestamp: '2026-01-01T00:00:00.000Z',
  data,
})

const start = (bytes?: number) => {
  const clock = fakeClock()
  return { clock, replays: new Replays({ clock, keptMs: 1_000, ...(bytes === undefined ? {} : { bytes }) }) }
}

test('everybody who replays an event has it in the same words', () => {
  const { replays } = start()
  const one = event(1)
  expect(replays.encoded('a', one)).toBe(replays.encoded('a', one))
  expect(replays.encoded('a', one).event).toBe(one)
})

test('what was read anew is encoded anew, though it has the same position: it may have been redacted', () => {
  const { replays } = start()
  replays.encoded('a', event(1, 'a secret'))
  expect(replays.encoded('a', event(1, 'redacted')).event.data).toBe('redacted')
})

test('an event that goes on in another epoch is of that epoch', () => {
  const { replays } = start()
  const one = event(1)
  replays.encoded('before', one)
  expect(replays.encoded('after', one).epoch).toBe('after')
  expect(replays.size).toBe(1)
})

test('what nobody wants any more is let go, and what is wanted stays', async () => {
  const { clock, replays } = start()
  const [wanted, other] = [event(1), event(2)]
  const first = replays.encoded('a', wanted)
  replays.encoded('a', other)
  for (let second = 0; second < 5; second++) {
    await clock.advance(999)
    expect(replays.encoded('a', wanted)).toBe(first)
  }
  expect(replays.size).toBe(1)
  await clock.advance(2_000)
  expect(replays.size).toBe(0)
})

test('however many are replayed, about so many bytes of them are kept', () => {
  const each = weightOf(event(1))
  const { replays } = start(each * 10)
  for (let offset = 1; offset <= 1_000; offset++) {
    replays.encoded('a', event(offset))
    expect(replays.size).toBeLessThanOrEqual(10)
  }
  replays.encoded('a', event(1_001, 'x'.repeat(each * 10)))
  expect(replays.size).toBeLessThanOrEqual(10)
})
