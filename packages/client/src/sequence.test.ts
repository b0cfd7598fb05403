import { expect, test } from 'bun:test'
import { orderOf } from './sequence.ts'

test('the next offset is next, one seen is a duplicate, one too far shows a hole', () => {
  expect([3, 4, 5, 6].map((offset) => orderOf(4, offset, 'every'))).toEqual(['duplicate', 'duplicate', 'next', 'hole'])
})

test('where only the latest are delivered, offsets may jump but never go back', () => {
  expect([4, 5, 9].map((offset) => orderOf(4, offset, 'latest'))).toEqual(['duplicate', 'next', 'next'])
})
