/** The native dialect: one JSON object a frame. An endpoint may use other words for its applications' clients. */
import { decodeClientFrame, encodeServerFrame, type RoomEvent } from '@fanfare/protocol'
import type { EndpointWords } from '../app/app.ts'
import type { Dialect, SpokenFrame } from './dialect.ts'

export const nativeDialect = (words: EndpointWords = {}): Dialect => ({
  name: 'native',
  decode: decodeClientFrame,
  encodeEvent: words.event
    ? (event: RoomEvent) => JSON.stringify(words.event?.(event))
    : (event: RoomEvent) => encodeServerFrame({ type: 'event', event }),
  encode: (frame: SpokenFrame) =>
    frame.type === 'connected' && words.connected
      ? JSON.stringify({ ...frame, ...words.connected(frame) })
      : encodeServerFrame(frame),
})
