import { expect, test } from 'bun:test'
import { FanfareError } from '@fanfare/protocol'
import { checkSize } from './publish.ts'

const refusal = (data: string, limit: number): string | undefined => {
  try {
    checkSize(data, limit)
    return undefined
  } catch (error) {
    if (error instanceof FanfareError && error.code === 'too_large') return error.message
    throw error
  }
}

test('the limit of an event holds to the byte of its JSON, whatever characters it has', () => {
  for (const text of [
    'a'.repeat(64),
    'é'.repeat(64),
    '€'.repeat(64),
    '𝄞'.repeat(64),
    '"'.repeat(64),
    '\u0001'.repeat(64),
  ]) {
    const bytes = Buffer.byteLength(JSON.stringify(text))
    expect(refusal(text, bytes)).toBeUndefined()
    expect(refusal(text, bytes - 1)).toBe(`The event's data has ${bytes} bytes; the limit is ${bytes - 1}.`)
  }
})
