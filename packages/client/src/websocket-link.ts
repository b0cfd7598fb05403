/** A link over a WebSocket: one JSON object a message. Reads and writes frames; knows no rooms. */
import { decodeServerFrame, encodeClientFrame, FanfareError, toFanfareError } from '@fanfare/protocol'
import type { Credential } from './credentials.ts'
import { type Address, type Link, type LinkEvents, subprotocol, withQuery } from './link.ts'
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
  const socket = new options.WebSocket(url, [subprotocol])

  const release = () => {
    socket.onopen = socket.onmessage = socket.onclose = null
    // A socket that dies after we let go of it still reports an error, which nobody waits for.
    socket.onerror = () => {}
  }
  const end = (error: FanfareError) => {
    release()
    if (socket.readyState <= open) socket.close(normalClosure)
    events.ended(error)
  }
  socket.onopen = () => events.opened()
  socket.onmessage = (event: { readonly data: unknown }) => {
    events.heard()
    try {
      const frame = decodeServerFrame(String(event.data))
      if (frame) events.frame(frame)
    } catch (error) {
      // What follows a broken frame cannot be trusted to be complete; a new link resumes from the last good position.
      end(new FanfareError('unavailable', toFanfareError(error).message, { cause: error }))
    }
  }
  socket.onclose = (event: { readonly code: number; readonly reason: string }) => {
    release()
    events.ended(errorOfClose(event.code, event.reason))
  }
  // A `close` event always follows, with all there is to know.
  socket.onerror = () => {}

  return {
    transport: 'websocket',
    send(frame) {
      if (socket.readyState === open) socket.send(encodeClientFrame(frame))
    },
    close() {
      release()
      socket.close(normalClosure)
    },
  }
}
