import { expect, test } from 'bun:test'
import { isoTime } from './iso-time.ts'

test('the text of a time is that of Date, whichever came before', () => {
  for (const ms of [0, 1_700_000_000_123, 1_700_000_000_123, 1_700_000_000_124, 0]) {
    expect(isoTime(ms)).toBe(new Date(ms).toISOString())
  }
})
