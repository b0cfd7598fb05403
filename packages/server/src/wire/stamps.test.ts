import { expect, test } from 'bun:test'
import fc from 'fast-check'
import { encodeCursor, type Place } from './cursor.ts'
import { Stamps } from './stamps.ts'

const stampOf = (frame: unknown, places: Iterable<Place>): string => `${String(frame)} ${encodeCursor(places)}`
const at = (name: string, offset: number): Place => ({ name, epoch: 'e1', offset })

test('the same frame for all who are at the same places is stamped once', () => {
  let made = 0
  const stamps = new Stamps((frame, places) => {
    made++
    return stampOf(frame, places)
  })
  const first = stamps.stamp('one', [at('a', 1), at('b', 2)])
  for (let session = 0; session < 5; session++) expect(stamps.stamp('one', [at('a', 1), at('b', 2)])).toBe(first)
  expect(made).toBe(1)
  stamps.stamp('two', [at('a', 1), at('b', 2)])
  expect(made).toBe(2)
})

test('a place more, a place less, and the same places in another order are other cursors', () => {
  const stamps = new Stamps(stampOf)
  for (const places of [[at('a', 1)], [at('a', 1), at('b', 2)], [at('b', 2), at('a', 1)], [at('b', 2)], []]) {
    expect(stamps.stamp('one', places)).toBe(stampOf('one', places))
  }
})

test('what could not be stamped is not remembered', () => {
  let broken = true
  const stamps = new Stamps((frame, places) => {
    if (broken) throw new Error('no words')
    return stampOf(frame, places)
  })
  expect(() => stamps.stamp('one', [at('a', 1)])).toThrow('no words')
  broken = false
  expect(stamps.stamp('one', [at('a', 1)])).toBe(stampOf('one', [at('a', 1)]))
})

test('wherever sessions go, each is told where it is', () => {
  type Moving = { name: string; epoch: string; offset: number }
  const few = fc.integer({ min: 0, max: 2 })
  const place = fc.record<Moving>({
    name: fc.constantFrom('a', 'b', 'c'),
    epoch: fc.constantFrom('e1', 'e2'),
    offset: few,
  })
  const step = fc.record({ session: few, frame: fc.constantFrom('one', 'two'), moves: fc.boolean(), place })
  fc.assert(
    fc.property(
      fc.array(fc.array(place, { maxLength: 3 }), { minLength: 3, maxLength: 3 }),
      fc.array(step, { maxLength: 60 }),
      (sessions, steps) => {
        const stamps = new Stamps(stampOf)
        for (const { session, frame, moves, place } of steps) {
          // In place, as subscriptions move.
          const [first] = sessions[session]!
          if (moves && first) Object.assign(first, place)
          expect(stamps.stamp(frame, sessions[session]!)).toBe(stampOf(frame, sessions[session]!))
        }
      },
    ),
    { numRuns: 500 },
  )
})
