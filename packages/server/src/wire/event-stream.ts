/**
 * The event-stream dialect (WHATWG HTML 9.2): frames out, nothing in. Each block ends with the session's cursor as its
 * `id`, so that a reader that breaks off anywhere resumes in every room at once.
 */
import { FanfareError, type RoomEvent } from '@fanfare/protocol'
import type { EndpointWords } from '../app/app.ts'
import { encodeCursor, type Place } from './cursor.ts'
import type { Dialect, Frame, SpokenFrame } from './dialect.ts'
import { Stamps } from './stamps.ts'

/** A block without its end; `stamp` adds the id and the blank line. JSON has no raw line breaks, so one `data` line is enough. */
const block = (event: string, data: unknown): string => `event: ${event}\ndata: ${JSON.stringify(data)}\n`

/** Keeps proxies and idle timers from closing a quiet stream. */
export const comment = ':\n\n'

export const eventStreamDialect = (words: EndpointWords = {}): Dialect => {
  const stamps = new Stamps((frame, places) => `${String(frame)}${idOf(places)}\n`)
  return {
    name: 'event-stream',
    decode: () => {
      throw new FanfareError('bad_frame', 'An event stream takes no frames; send requests over HTTP.')
    },
    encodeEvent: (event: RoomEvent) => block(event.type, words.event ? words.event(event) : event),
    encode: (frame: SpokenFrame) => encodeBlock(frame, words),
    stamp: (frame: Frame, places: Iterable<Place>) => stamps.stamp(frame, places),
  }
}

/** A block of its own for a cursor: a reader takes the id, and dispatches nothing. */
export const cursorBlock = (places: Iterable<Place>): string => `id: ${encodeCursor(places)}\n\n`

/** No id while the place in some room is not known yet: a reader that breaks off then goes on from the id that it had. */
const idOf = (places: Iterable<Place>): string => {
  let known = false
  for (const { epoch } of places) {
    if (epoch === '') return ''
    known = true
  }
  return known ? `id: ${encodeCursor(places)}\n` : ''
}

const encodeBlock = (frame: SpokenFrame, words: EndpointWords): string | undefined => {
  switch (frame.type) {
    case 'connected':
      return block('connected', words.connected ? { ...frame, ...words.connected(frame) } : frame)
    case 'subscription':
    case 'gap':
    case 'presence':
      return block(frame.type, frame)
    case 'error':
      // An event called error would run an EventSource's handler for broken links.
      return block('problem', frame)
    case 'reconnect':
      return `retry: ${Math.round(frame.afterMs)}\n${block('reconnect', frame)}`
    case 'pong':
    case 'reply':
      return undefined
  }
}
