import { expect, test } from 'bun:test'
import { payloadBegins, payloadOf } from './payload.ts'

test('a payload has exactly the bytes that were asked for, and ends with its number', () => {
  for (const bytes of [100, 4_096]) {
    expect(payloadOf(7, bytes)).toHaveLength(bytes)
    expect(payloadOf(7, bytes)).toStartWith(payloadBegins)
    expect(JSON.parse(payloadOf(1_000_007, bytes))).toMatchObject({ n: '000007' })
  }
})
