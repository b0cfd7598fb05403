import { expect, test } from 'bun:test'
import { parseDuration } from './duration.ts'

test.each([
  ['500ms', 500],
  ['15s', 15_000],
  ['5m', 300_000],
  ['24h', 86_400_000],
  ['7d', 604_800_000],
])('%s is %d ms', (text, ms) => {
  expect(parseDuration(text)).toBe(ms)
})

test.each(['', '5', 'm', '0s', '-1s', '1.5h', '5 m', '5min', '1e3s', '05m', '9999999999999999d'])(
  '"%s" is no duration',
  (text) => {
    expect(parseDuration(text)).toBeUndefined()
  },
)
