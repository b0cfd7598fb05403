import { expect, test } from 'bun:test'
import { soon } from './soon.ts'

test('what is there at once is gone on with in the same call, and what throws then throws to the caller', () => {
  expect(soon(1, (value) => value + 1)).toBe(2)
  const failing = () => {
    throw new Error('no')
  }
  expect(() => soon(1, failing)).toThrow('no')
})

test('what comes later is gone on with when it is there', async () => {
  const later = soon(Promise.resolve(1), (value) => value + 1)
  expect(later).toBeInstanceOf(Promise)
  expect(await later).toBe(2)
})
