import { expect, test } from 'bun:test'
import fc from 'fast-check'
import { Decoder, Encoder, PacketType, type Packet as StockPacket } from 'socket.io-parser'
import { Assembly, type AssemblyLimits } from './assembly.ts'
import { unpackFrames } from './frames.ts'
import { decodePacket, encodeAck, encodeConnect, encodeConnectError, encodeDisconnect, encodeEvent } from './packets.ts'

const limits: AssemblyLimits = { depth: 32, keys: 1_000, attachedBytes: 1_000_000 }
const codeOf = (work: () => unknown): string => {
  try {
    work()
    return 'taken'
  } catch (error) {
    return (error as { code: string }).code
  }
}

test('each kind of packet is read', () => {
  expect(decodePacket('0', limits)).toEqual({ type: 'connect', namespace: '/', auth: {} })
  expect(decodePacket('0/admin,{"token":"x"}', limits)).toEqual({
    type: 'connect',
    namespace: '/admin',
    auth: { token: 'x' },
  })
  expect(decodePacket('1/admin,', limits)).toEqual({ type: 'disconnect', namespace: '/admin' })
  const event = { type: 'event', namespace: '/', id: undefined, attachments: 0, args: ['a', 1] } as const
  expect(decodePacket('2["a",1]', limits)).toEqual(event)
  expect(decodePacket('2/n,12["a",1]', limits)).toEqual({ ...event, namespace: '/n', id: 12 })
  expect(decodePacket('2[7]', limits)).toMatchObject({ args: [7] })
  expect(decodePacket('312[]', limits)).toEqual({ ...event, type: 'ack', id: 12, args: [] })
  expect(decodePacket('52-/n,12["a"]', limits)).toMatchObject({ attachments: 2, namespace: '/n', id: 12 })
})

test.each([
  '',
  '7',
  'abc',
  '2abc["x"]',
  '2{}',
  '2[]',
  '2[null]',
  '2["connect"]',
  '2["disconnecting"]',
  '2',
  '3',
  '3{}',
  '1{}',
  '0[]',
  '0"x"',
  '4{"message":"x"}',
  '5["x"]',
  '50-["x"]',
  '511-["x"]',
  '5-1-["x"]',
  '51.5-["x"]',
  '5999999999-["x"]',
  '21-["x"]',
  '2/n["x"]',
  `2/${'n'.repeat(300)},["x"]`,
  `2${'9'.repeat(16)}["x"]`,
  '2["x"',
  '2["x"]["y"]',
])('what is no packet is refused: %p', (text) => {
  expect(codeOf(() => decodePacket(text, limits))).toBe('bad_frame')
})

test('CVE-2023-32695, CVE-2022-2421: JSON that could harm is refused before it is parsed, whatever stands before it', () => {
  expect(codeOf(() => decodePacket(`2["a",${'['.repeat(40)}`, limits))).toBe('unsafe_json')
  expect(codeOf(() => decodePacket('2["a",{"__proto__":{}}]', limits))).toBe('unsafe_json')
  expect(codeOf(() => decodePacket('2/n"x,["a",{"constructor":{}}]', limits))).toBe('unsafe_json')
  const take = (text: string, bytes = Uint8Array.of(1)) => {
    const assembly = new Assembly()
    assembly.take(text, limits)
    return assembly.take(bytes, limits)
  }
  for (const num of ['1', '-1', '0.5', '"splice"', '{}', 'null', '"0"']) {
    expect(codeOf(() => take(`51-["a",{"_placeholder":true,"num":${num}}]`))).toBe('bad_frame')
  }
  expect(codeOf(() => take('51-["a",{"_placeholder":true}]'))).toBe('bad_frame')
})

test('CVE-2026-33151, CVE-2026-69185: what waits for attachments is bounded in number and in bytes', () => {
  const assembly = new Assembly()
  expect(assembly.take('510-["a"]', limits)).toBeUndefined()
  expect(assembly.take(new Uint8Array(600_000), limits)).toBeUndefined()
  expect(codeOf(() => assembly.take(new Uint8Array(600_000), limits))).toBe('too_large')
})

test('text where an attachment is awaited, and an attachment that nothing announced, are refused', () => {
  const assembly = new Assembly()
  expect(codeOf(() => assembly.take(Uint8Array.of(1), limits))).toBe('bad_frame')
  assembly.take('51-["a",{"_placeholder":true,"num":0}]', limits)
  expect(codeOf(() => assembly.take('2["b"]', limits))).toBe('bad_frame')
})

test('what goes out is what the protocol says', () => {
  expect(encodeConnect('/', { sid: 's' })).toBe('40{"sid":"s"}')
  expect(encodeConnect('/n', { sid: 's', pid: 'p' })).toBe('40/n,{"sid":"s","pid":"p"}')
  expect(encodeDisconnect('/n')).toBe('41/n,')
  expect(encodeConnectError('/random', { message: 'Invalid namespace' })).toBe(
    '44/random,{"message":"Invalid namespace"}',
  )
  expect(encodeEvent({ namespace: '/n', id: 3, args: ['a', 1] })).toBe('42/n,3["a",1]')
  expect(encodeAck({ namespace: '/', id: 3, args: [] })).toBe('433[]')
  expect(() => encodeEvent({ namespace: '/', args: ['connect'] })).toThrow()
  expect(() =>
    encodeEvent({ namespace: '/', args: ['a', ...Array.from({ length: 11 }, () => Buffer.of(1))] }),
  ).toThrow()
  const circle: unknown[] = []
  circle.push(circle)
  expect(() => encodeEvent({ namespace: '/', args: ['a', circle] })).toThrow()
})

// ── the stock parser is the judge ────────────────────────────────────────────────────────────────────────────────────

const scalar = fc.oneof(fc.string(), fc.integer(), fc.boolean(), fc.constant(null), fc.string({ unit: 'grapheme' }))
const bytes = fc.uint8Array({ minLength: 0, maxLength: 8 }).map((array) => Buffer.from(array))
const safeKey = fc
  .string()
  .filter((key) => !['__proto__', 'constructor', 'prototype', '_placeholder', 'toJSON'].includes(key))
const value: fc.Arbitrary<unknown> = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 3 },
    { arbitrary: scalar, weight: 5 },
    { arbitrary: bytes, weight: 1 },
    fc.array(tie('value'), { maxLength: 3 }),
    fc.dictionary(safeKey, tie('value'), { maxKeys: 3, noNullPrototype: true }),
  ),
})).value
const name = fc.oneof(
  fc.integer({ min: 0 }),
  fc.string().filter((text) => !text.startsWith('connect') && !text.startsWith('disc')),
)
const namespace = fc.constantFrom('/', '/admin', '/a"b', '/ä')
const message = fc.record({
  namespace,
  name,
  id: fc.option(fc.nat(), { nil: undefined }),
  args: fc.array(value, { maxLength: 4 }),
})

/** Undefined has no place in JSON, and minus zero none in it either. */
const asJson = (args: readonly unknown[]): unknown[] => {
  const decoder = new Decoder({ maxAttachments: 1_000 })
  let read: StockPacket | undefined
  decoder.on('decoded', (packet: StockPacket) => {
    read = packet
  })
  for (const part of new Encoder().encode({ type: PacketType.EVENT, nsp: '/', data: ['x', ...args] })) decoder.add(part)
  return ((read as StockPacket | undefined)?.data ?? []).slice(1)
}

test('whatever the stock encoder says is understood', () => {
  fc.assert(
    fc.property(message, ({ namespace, name, id, args }) => {
      const data = [name, ...args]
      const packet = { type: PacketType.EVENT, nsp: namespace, data, ...(id === undefined ? {} : { id }) }
      const parts = new Encoder().encode(packet)
      if (parts.length > 11) return
      const assembly = new Assembly()
      const assembled = parts.map((part) => assembly.take(part as string | Uint8Array, limits)).at(-1)
      expect(assembled?.packet).toMatchObject({ type: 'event', namespace, id, args: [name, ...asJson(args)] })
    }),
    { numRuns: 500 },
  )
})

test('whatever is said, the stock parser understands', () => {
  fc.assert(
    fc.property(message, ({ namespace, name, id, args }) => {
      let frame: string
      try {
        frame = encodeEvent({ namespace, args: [name, ...args], ...(id === undefined ? {} : { id }) })
      } catch {
        return
      }
      const read: StockPacket[] = []
      const decoder = new Decoder()
      decoder.on('decoded', (packet: StockPacket) => read.push(packet))
      for (const part of unpackFrames([frame])) {
        decoder.add(typeof part === 'string' ? part.slice(1) : Buffer.from(part))
      }
      expect(read).toHaveLength(1)
      expect(read[0]).toMatchObject({ type: PacketType.EVENT, nsp: namespace, data: [name, ...asJson(args)] })
      expect(read[0]?.id).toBe(id as number)
    }),
    { numRuns: 500 },
  )
})
