/**
 * How bytes of a socket become frames. A link is one connection's: it looks at headers and ends only, hands each frame over as
 * a range of the bytes that came, and says where the unread begins. What is unread comes again, with more behind it.
 */
import { eventStreamLink } from './links/event-stream.ts'
import { httpLink } from './links/http.ts'
import { linesLink } from './links/lines.ts'
import type { Link } from './links/link.ts'
import { webSocketLink } from './links/web-socket.ts'

export const links = {
  websocket: webSocketLink,
  /** Several messages in a frame of a WebSocket, one a line. */
  lines: linesLink,
  'event-stream': eventStreamLink,
  /** Requests on one connection that stays open, answered in order. */
  http: httpLink,
} as const satisfies { readonly [name: string]: () => Link }

export type LinkName = keyof typeof links
