/** A link over a WebSocket: JSON objects, one a message or one a line. Reads and writes frames; knows no rooms. */
import {
  decodeServerFrame,
  encodeClientFrame,
  FanfareError,
  framesOf,
  subprotocols,
  toFanfareError,
} from '@fanfare/protocol'
import type { Credential } from './credentials.ts'
import { type Address, type Link, type LinkEvents, withQuery } from './link.ts'
import { errorOfClose } from './retry-policy.ts'
import type { SocketConstructor } from './surroundings.ts'

const open = 1
const normalClosure = 1000

export type WebSocketLinkOptions = {
  readonly WebSocket: SocketConstructor
  readonly address: Address
  readonly credential: Credential
}

/** @throws when the runtime refuses to make the socket */
export const openWebSocketLink = (options: WebSocketLinkOptions, events: LinkEvents): Link => {
  const { credential, address } = options
  const url = credential.kind === 'ticket' ? withQuery(address.socket, 'ticket', credential.ticket) : address.socket
  const socket = new options.WebSocket(url, subprotocols)

  const release = () => {
    socket.onopen = socket.onmessage = socket.onclose = null
    // A socket that dies after we let go of it still reports an error, which nobody waits for.
    socket.onerror = () => {}
  }
  socket.onopen = () => events.opened()
  socket.onmessage = (event: { readonly data: string }) => {
    events.heard()
    try {
      for (const text of framesOf(event.data, socket.protocol)) {
        // What a frame says may end the link, and nothing is heard of a link that has ended.
        const frame = socket.onmessage && decodeServerFrame(text)
        if (frame) events.frame(frame)
      }
    } catch (error) {
      // What follows a broken frame cannot be trusted to be complete; a new link resumes from the last good position.
      link.close()
      events.ended(new FanfareError('unavailable', toFanfareError(error).message, { cause: error }))
    }
  }
  socket.onclose = (event: { readonly code: number; readonly reason: string }) => {
    release()
    events.ended(errorOfClose(event.code, event.reason))
  }
  // A `close` event always follows, with all there is to know.
  socket.onerror = () => {}

  const link: Link = {
    transport: 'websocket',
    send(frame) {
      if (socket.readyState === open) socket.send(encodeClientFrame(frame))
    },
    close() {
      release()
      socket.close(normalClosure)
    },
  }
  return link
}
