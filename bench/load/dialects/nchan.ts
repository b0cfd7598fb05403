/** Nchan: subscribers over a WebSocket or an event stream, and a publisher that posts over one connection that stays open. */
import { payloadOf } from '../../lib/payload.ts'
import { type Dialect, nothingAside } from '../dialect.ts'
import { get, post, upgrade } from '../requests.ts'

const publisher: Dialect = {
  link: 'http',
  // Any answer will do to know that the server is there.
  upgrade: ({ port }) => get('/status', port),
  greeted: () => ({ ready: true }),
  publish: (room, _, bytes) => post(`/publish/${room}`, payloadOf(0, bytes)),
  // What the answer to a post says about its room; the link has looked at the status.
  aside: () => undefined,
}

/** Whoever is in several rooms names them all, as the configuration splits them. */
const pathOf = (rooms: readonly string[]): string => `/subscribe/${rooms.join(',')}`

export const nchan: Dialect = {
  upgrade: ({ port, rooms }) => upgrade(pathOf(rooms), port),
  opened: () => ({ ready: true }),
  greeted: () => ({}),
  publish: nothingAside,
  aside: nothingAside,
  publisher,
}

export const nchanEventStream: Dialect = {
  link: 'event-stream',
  upgrade: ({ port, rooms }) => get(pathOf(rooms), port, ['Accept: text/event-stream']),
  greeted: () => ({ ready: true }),
  publish: nothingAside,
  aside: (text) => (text.startsWith(':') ? undefined : nothingAside(text)),
  publisher,
  // A second's messages are numbered in the id before the data, in as few digits as it takes.
  counted: 'end',
}
