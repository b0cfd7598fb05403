import { describe, expect, test } from 'bun:test'
import { decodePayload as parserDecodes } from 'engine.io-parser'
import { decodePacket, decodePayload, encodePayload, openPacket } from './engine-packets.ts'

const bytes = (...values: number[]) => new Uint8Array(values)
const plain = (payload: string) =>
  decodePayload(payload)?.map(({ kind, data }) => [kind, typeof data === 'string' ? data : [...data]])

describe('packets', () => {
  test.each([
    ['0{"sid":"x"}', 'open', '{"sid":"x"}'],
    ['1', 'close', ''],
    ['2', 'ping', ''],
    ['2probe', 'ping', 'probe'],
    ['3', 'pong', ''],
    ['4', 'message', ''],
    ['4hello €', 'message', 'hello €'],
    ['5', 'upgrade', ''],
    ['6', 'noop', ''],
  ])('%s is %s', (text, kind, data) => {
    expect(decodePacket(text)).toEqual({ kind, data } as ReturnType<typeof decodePacket>)
  })

  test.each(['', 'abc', '7', '-1', ' 4', '\u0000', '__proto__', 'constructor', 'B', '\ud800'])('%p is none', (text) => {
    expect(decodePacket(text)).toBeUndefined()
  })

  test('the open packet has these five fields and no other', () => {
    const data = { sid: 'x', upgrades: ['websocket'], pingInterval: 300, pingTimeout: 200, maxPayload: 1_000_000 }
    expect(openPacket(data)).toBe(
      '0{"sid":"x","upgrades":["websocket"],"pingInterval":300,"pingTimeout":200,"maxPayload":1000000}',
    )
  })
})

describe('payloads', () => {
  test('text and bytes, there and back', () => {
    const payload = encodePayload(['4hello', bytes(1, 2, 3, 4), '2'])
    expect(payload).toBe('4hello\x1ebAQIDBA==\x1e2')
    expect(plain(payload)).toEqual([
      ['message', 'hello'],
      ['message', [1, 2, 3, 4]],
      ['ping', ''],
    ])
  })

  test('of a view, only what it shows is sent', () => {
    expect(encodePayload([bytes(9, 1, 2, 9).subarray(1, 3)])).toBe('bAQI=')
  })

  test.each(['', 'abc', '4a\x1e', '\x1e4a', '4a\x1eabc', '4a\x1e\x1e4b'])('%p is refused whole', (payload) => {
    expect(decodePayload(payload)).toBeUndefined()
  })

  test('CVE-2026-59725: what is no base64 is refused, not turned into bytes that nobody sent', () => {
    for (const text of ['b!', 'bAQ ID', 'bAQ\nID', 'bAQ===', 'bA=Q', 'b\u0100', `b${'\u00ff'.repeat(100)}`]) {
      expect([text, decodePacket(text)]).toEqual([text, undefined])
    }
  })

  test('CVE-2020-36048: a payload of too many packets is refused before they are all made', () => {
    expect(decodePayload('4\x1e'.repeat(9_999).concat('4'))?.length).toBe(10_000)
    expect(decodePayload('4\x1e'.repeat(10_000).concat('4'))).toBeUndefined()
    const began = performance.now()
    expect(decodePayload('4\x1e'.repeat(500_000))).toBeUndefined()
    expect(performance.now() - began).toBeLessThan(200)
  })
})

/** Numbers that are the same in every run. */
const numbers = (seed: number) => () => {
  seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0
  return seed / 2 ** 32
}

test('20,000 mutated payloads: none throws, and what is taken is what the reference parser makes of it', () => {
  const random = numbers(59_725)
  const parts = [
    '4',
    '4hello',
    '40{"a":1}',
    'b',
    'bAQIDBA==',
    'bAA',
    '2',
    '3',
    '1',
    '5',
    '6',
    '0{}',
    '4€\ud83d',
    '7',
    '',
  ]
  const noise = ['\x1e', '\u0000', '=', 'b', '4', '\uffff', '\ud800', '-', '__proto__', ' ']
  const pick = (from: readonly string[]) => from[Math.floor(random() * from.length)] ?? ''
  let taken = 0
  for (let round = 0; round < 20_000; round++) {
    let payload = Array.from({ length: 1 + Math.floor(random() * 4) }, () => pick(parts)).join('\x1e')
    for (let change = Math.floor(random() * 3); change > 0; change--) {
      const at = Math.floor(random() * (payload.length + 1))
      payload = payload.slice(0, at) + pick(noise) + payload.slice(at + Math.floor(random() * 3))
    }
    const ours = plain(payload)
    if (ours === undefined) continue
    taken++
    const theirs = parserDecodes(payload).map(({ type, data }) => [
      type,
      typeof data === 'object' ? [...new Uint8Array(data)] : (data ?? ''),
    ])
    expect([payload, ours]).toEqual([payload, theirs] as never)
  }
  expect(taken).toBeGreaterThan(2_000)
})
