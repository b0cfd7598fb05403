/** Bun accepts the sockets: WebSockets become links, everything else goes to the HTTP handlers. Hazards B1, B3, B4, B12, B19. */
import { codes, type ErrorCode, FanfareError, type Limits } from '@fanfare/protocol'
import type { Server, ServerWebSocket } from 'bun'
import type { Connection } from '../flows/connection.ts'
import { problem } from '../http/problem.ts'
import type { Link } from '../hub/link.ts'
import { within } from '../lib/within.ts'
import type { Frame } from '../wire/dialect.ts'
import type { Listener, ListenOptions } from './listener.ts'
import { Opener, type Opening, openLink } from './open-link.ts'

type SocketData = { opening: (Opening & { kind: 'open' }) | undefined; connection: Connection | undefined }

/** A close frame has room for 123 bytes of reason. */
const reasonBytes = 120

class BunLink implements Link {
  readonly kind = 'websocket'
  readonly #socket: ServerWebSocket<SocketData>

  constructor(socket: ServerWebSocket<SocketData>) {
    this.#socket = socket
  }

  write(frames: readonly Frame[]): void {
    const socket = this.#socket
    const [only] = frames
    if (frames.length === 1 && only !== undefined) {
      socket.send(only)
      return
    }
    socket.cork(() => {
      for (const frame of frames) socket.send(frame)
    })
  }

  buffered(): number {
    return this.#socket.readyState === WebSocket.OPEN ? this.#socket.getBufferedAmount() : 0
  }

  close(code: ErrorCode | 'normal', reason: string): void {
    const status = code === 'normal' ? 1000 : codes[code].close
    this.#socket.close(status, shorten(reason))
  }

  terminate(): void {
    if (this.#socket.readyState !== WebSocket.CLOSED) this.#socket.terminate()
  }
}

const shorten = (reason: string): string => {
  let text = reason
  while (Buffer.byteLength(text) > reasonBytes) text = text.slice(0, -1)
  return text
}

export const listenOnBun = (options: ListenOptions): Listener => {
  const { services, policy } = options
  const opener = new Opener(services, policy)
  let ending: Promise<void> | undefined
  const server = Bun.serve<SocketData>({
    hostname: options.host,
    port: options.port,
    // Else a request that fails is answered with a page that shows the source.
    development: false,
    // Quiet event streams live by their comments (hazard B12).
    idleTimeout: Math.min(255, Math.ceil(services.limits.idleMs / 1000)),
    fetch: (request, server) => answer(options, { opener, request, server }),
    websocket: socketHandlers(options),
  })
  return {
    url: server.url.origin,
    pause: () => {
      // Resolves only when every socket has closed (hazard B19): `close` sees to that.
      ending = server.stop()
    },
    async close() {
      // Requests that were taken before are still at work, and their senders wait for an answer.
      if (ending) await within(services.clock, services.limits.shutdownMs / 10, ending)
      await server.stop(true)
    },
  }
}

type Incoming = { readonly opener: Opener; readonly request: Request; readonly server: Server<SocketData> }

const answer = async (options: ListenOptions, incoming: Incoming): Promise<Response | undefined> => {
  const { opener, request, server } = incoming
  // Made of what the Host header says.
  if (!URL.canParse(request.url)) return problem(new FanfareError('bad_frame', 'The Host header is not valid.'))
  const address = server.requestIP(request)?.address ?? ''
  if (request.headers.get('upgrade')?.toLowerCase() !== 'websocket') return options.fetch(request, { address })
  const opening = opener.decide(request, address)
  if (opening.kind === 'elsewhere') return problem(new FanfareError('not_found', 'No WebSocket opens at this path.'))
  if (opening.kind === 'refuse') return problem(opening.error)
  const upgraded = server.upgrade(request, {
    data: { opening, connection: undefined },
    // Left out, Bun would answer with the first that was offered, and that may be a token.
    headers: { 'Sec-WebSocket-Protocol': opening.protocol ?? '' },
  })
  return upgraded ? undefined : problem(new FanfareError('bad_frame', 'The WebSocket handshake is not complete.'))
}

const socketHandlers = ({ services }: ListenOptions) => ({
  ...socketLimits(services.limits),
  open(socket: ServerWebSocket<SocketData>) {
    const { opening } = socket.data
    if (!opening) return
    socket.data.opening = undefined
    socket.data.connection = openLink(services, new BunLink(socket), opening)
  },
  message(socket: ServerWebSocket<SocketData>, message: string | Buffer) {
    const { connection } = socket.data
    if (typeof message === 'string') connection?.receive(message)
    else connection?.refuse(new FanfareError('bad_frame', 'Frames are text, not binary.'))
  },
  drain(socket: ServerWebSocket<SocketData>) {
    socket.data.connection?.drained()
  },
  close(socket: ServerWebSocket<SocketData>, code: number) {
    // A page that reloads says 1001: only 1000 is a goodbye.
    socket.data.connection?.closed(code === 1000)
    socket.data.connection = undefined
  },
})

const socketLimits = (limits: Limits) => ({
  maxPayloadLength: limits.messageBytes,
  // The outbox closes a slow reader long before; this is the last line (hazard B1).
  backpressureLimit: limits.outboxBytes * 2,
  closeOnBackpressureLimit: true,
  idleTimeout: Math.min(960, Math.ceil(limits.idleMs / 1000)),
  sendPings: true,
  perMessageDeflate: false,
})
