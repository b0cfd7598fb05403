/** The native dialect: one JSON object a frame. An endpoint may use other words for its applications' clients. */
import { type DecodeLimits, decodeClientFrame, encodeServerFrame, type Limits, type RoomEvent } from '@fanfare/protocol'
import type { EndpointWords } from '../app/app.ts'
import type { Dialect, SpokenFrame } from './dialect.ts'

export const decodeLimits = (limits: Limits): DecodeLimits => ({
  depth: limits.jsonDepth,
  keys: limits.jsonKeys,
  rooms: limits.roomsPerSession,
  keyBytes: limits.idempotencyKeyBytes,
})

export const nativeDialect = (limits: DecodeLimits, words: EndpointWords = {}): Dialect => ({
  name: 'native',
  decode: (text) => decodeClientFrame(text, limits),
  encodeEvent: words.event
    ? (event: RoomEvent) => JSON.stringify(words.event?.(event))
    : (event: RoomEvent) => encodeServerFrame({ type: 'event', event }),
  encode: (frame: SpokenFrame) =>
    frame.type === 'connected' && words.connected
      ? JSON.stringify({ ...frame, ...words.connected(frame) })
      : encodeServerFrame(frame),
})
