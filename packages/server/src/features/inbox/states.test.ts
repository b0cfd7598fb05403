import { expect, test } from 'bun:test'
import fc from 'fast-check'
import type { Mark } from './inbox-api.ts'
import { bandsOf, type MarksOfAll, type RowState, stateNow, transition, transitionOfAll } from './states.ts'

const never: MarksOfAll = { seen: 0, unread: 0, read: 0, archived: 0 }
/** What stands at a user of whom all were marked so, one after another. */
const lastOf = (history: readonly Mark[]): MarksOfAll =>
  history.reduce<MarksOfAll>((all, name, index) => Object.assign(all, { [name]: index + 1 }), { ...never })

const mark = fc.constantFrom<Mark>('seen', 'unread', 'read', 'archived')
const state = fc.constantFrom<RowState>(0, 1, 2, 3, 4)

test('a notification goes from unseen over seen and read into the archive, and back to unread', () => {
  expect(transition(0, 'seen')).toBe(1)
  expect(transition(1, 'read')).toBe(2)
  expect(transition(2, 'archived')).toBe(3)
  expect(transition(2, 'unread')).toBe(1)
  expect(transition(3, 'unread')).toBe(1)
})

test('a mark never takes anything back, and nothing reaches what is hidden', () => {
  expect(transition(2, 'seen')).toBe(2)
  expect(transition(3, 'read')).toBe(3)
  expect(transition(0, 'unread')).toBe(0)
  for (const every of ['seen', 'unread', 'read', 'archived'] as const) expect(transition(4, every)).toBe(4)
})

test('marking all leaves the archive alone', () => {
  expect(transitionOfAll(3, 'unread')).toBe(3)
  expect(transitionOfAll(2, 'unread')).toBe(1)
})

test('the last of each mark of all says the same as all of them in order', () => {
  fc.assert(
    fc.property(state, fc.array(mark, { maxLength: 12 }), fc.nat(12), (first, history, changed) => {
      const since = history.slice(changed)
      const all = lastOf(history)
      const expected = since.reduce<RowState>(transitionOfAll, first)
      expect(stateNow({ state: first, changed: Math.min(changed, history.length) }, all)).toBe(expected)
    }),
  )
})

test('the bands for a query hold exactly the rows that are in a wanted state', () => {
  fc.assert(
    fc.property(
      fc.array(mark, { maxLength: 8 }),
      fc.uniqueArray(state),
      fc.array(fc.record({ state, changed: fc.nat(9) }), { maxLength: 30 }),
      (history, wanted, rows) => {
        const all = lastOf(history)
        const bands = bandsOf(new Set(wanted), all)
        for (const row of rows) {
          const found = bands.some(
            ({ from, before, states }) => row.changed >= from && row.changed < before && states.includes(row.state),
          )
          expect(found).toBe(wanted.includes(stateNow(row, all)))
        }
      },
    ),
  )
})
