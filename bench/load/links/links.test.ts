import { expect, test } from 'bun:test'
import { type LinkName, links } from '../links.ts'

/** What a link says of bytes that come in pieces of so many; what is unread comes again with the next piece. */
const readIn = (name: LinkName, bytes: string, size: number): readonly string[] => {
  const link = links[name]()
  const said: string[] = []
  const to = {
    opened: () => void said.push('opened'),
    frame: (chunk: Buffer, start: number, end: number) => void said.push(chunk.toString('latin1', start, end)),
    send: (answer: Uint8Array) => void said.push(`sent ${answer[0]}`),
  }
  const all = Buffer.from(bytes, 'latin1')
  let rest = Buffer.alloc(0)
  for (let at = 0; at < all.length; at += size) {
    const chunk = Buffer.concat([rest, all.subarray(at, at + size)])
    rest = chunk.subarray(link.read(chunk, to))
  }
  expect(rest.toString()).toBe('')
  return said
}

const whole = 100_000
const sizes = [1, 2, 3, 7, 50, whole]
const upgraded = 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n'
const stream = 'HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n'
const frame = (text: string): string => {
  const { length } = text
  return length < 126
    ? `\x81${String.fromCharCode(length)}${text}`
    : `\x81\x7e${String.fromCharCode(length >> 8, length & 255)}${text}`
}

test('a WebSocket hands over each text frame, however the bytes are cut, and answers pings', () => {
  const long = 'x'.repeat(4_096)
  for (const size of sizes) {
    const said = readIn('websocket', `${upgraded}${frame('one')}\x89\x00${frame(long)}${frame('')}`, size)
    expect(said).toEqual(['opened', 'one', 'sent 138', long, ''])
  }
})

test('a frame with several lines is several messages', () => {
  for (const size of sizes) {
    expect(readIn('lines', `${upgraded}${frame('{}\n{"id":1}\n')}${frame('three')}`, size)).toEqual([
      'opened',
      '{}',
      '{"id":1}',
      'three',
    ])
  }
})

test('an event stream hands over each block, chunked or not, however the bytes are cut', () => {
  const chunk = (text: string) => `${text.length.toString(16)}\r\n${text}\r\n`
  const blocks = ['opened', ': hi', 'id: 1:0\ndata: one', 'data: two', 'data: three']
  const plain = `${stream}\r\n: hi\n\nid: 1:0\ndata: one\n\ndata: two\n\ndata: three\n\n`
  const chunks = [': hi\n\nid: 1:0\nda', 'ta: one\n', '\n', 'data: two\n\ndata: three\n\n'].map(chunk).join('')
  for (const size of sizes) {
    expect(readIn('event-stream', plain, size)).toEqual(blocks)
    expect(readIn('event-stream', `${stream}Transfer-Encoding: chunked\r\n\r\n${chunks}`, size)).toEqual(blocks)
  }
})

test('answers on one HTTP connection are told apart by their lengths', () => {
  const answer = (body: string) => `HTTP/1.1 201 Created\r\nContent-Length: ${body.length}\r\n\r\n${body}`
  for (const size of sizes) {
    expect(readIn('http', `${answer('queued: 1')}${answer('')}HTTP/1.1 204 No Content\r\n\r\n`, size)).toEqual([
      'queued: 1',
      '',
      '',
    ])
  }
})

test('whatever refuses, closes or ends is a failure', () => {
  const failures: readonly (readonly [LinkName, string])[] = [
    ['websocket', 'HTTP/1.1 401 Unauthorized\r\n\r\n'],
    ['websocket', `${upgraded}\x88\x04\x03\xe8no`],
    ['websocket', `${upgraded}\x01\x01a`],
    ['event-stream', 'HTTP/1.1 204 No Content\r\n\r\n'],
    ['event-stream', `${stream}Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n`],
    ['http', 'HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n'],
    ['http', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n'],
  ]
  for (const [name, bytes] of failures) expect(() => readIn(name, bytes, whole)).toThrow()
})
