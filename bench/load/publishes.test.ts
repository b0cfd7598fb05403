import { expect, test } from 'bun:test'
import { payloadOf } from '../lib/payload.ts'
import { publisherOf } from './crowd.ts'
import { bare } from './dialects/bare.ts'
import { nchan } from './dialects/nchan.ts'
import { maskingKey } from './frame.ts'
import { Publishes } from './publishes.ts'

/** The texts of masked client frames, each of them shorter than 64 KiB. */
const textsOf = (bytes: Uint8Array): readonly string[] => {
  const texts: string[] = []
  for (let at = 0; at < bytes.length; ) {
    const short = bytes[at + 1]! & 127
    const start = at + (short === 126 ? 4 : 2) + maskingKey.length
    const end = start + (short === 126 ? bytes[at + 2]! * 256 + bytes[at + 3]! : short)
    texts.push(Buffer.from(bytes.slice(start, end).map((byte, index) => byte ^ maskingKey[index & 3]!)).toString())
    at = end
  }
  return texts
}

test('messages to one room are numbered as they come', () => {
  const publishes = new Publishes([bare.publish('one')], 16, bare.link)
  expect(textsOf(publishes.bytes(999_999, 2))).toEqual([`one\n${payloadOf(999_999)}`, `one\n${payloadOf(0)}`])
})

test('messages to many rooms go to the rooms in turn', () => {
  const rooms = ['a', 'b', 'c'].map((room) => bare.publish(room, undefined, 200))
  const publishes = new Publishes(rooms, 16, bare.link)
  expect(textsOf(publishes.bytes(4, 3))).toEqual([
    `b\n${payloadOf(4, 200)}`,
    `c\n${payloadOf(5, 200)}`,
    `a\n${payloadOf(6, 200)}`,
  ])
})

test('a publish over plain HTTP is the request as it stands', () => {
  const { publish, link } = publisherOf(nchan)
  const publishes = new Publishes([publish('one')], 16, link)
  expect(Buffer.from(publishes.bytes(7, 1)).toString()).toBe(
    `POST /publish/one HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 100\r\n\r\n${payloadOf(7)}`,
  )
})
