/** Bun accepts the sockets: WebSockets become links, everything else goes to the HTTP handlers. Hazards B1, B3, B4, B12, B19. */
import { edenGC } from 'bun:jsc'
import { codes, type ErrorCode, FanfareError, type Limits } from '@fanfare/protocol'
import type { Server, ServerWebSocket } from 'bun'
import { problem } from '../http/problem.ts'
import type { Link, LinkReader } from '../hub/link.ts'
import { isLarger } from '../lib/size.ts'
import { within } from '../lib/within.ts'
import type { Frame } from '../wire/dialect.ts'
import { Lines } from '../wire/lines.ts'
import { Crowd } from './crowd.ts'
import { decideUpgrade, type Listener, type ListenOptions, largestMessage, refusalOf } from './listener.ts'
import { shorten } from './reason.ts'

type SocketData = {
  accept: ((socket: ServerWebSocket<SocketData>) => LinkReader) | undefined
  reader: LinkReader | undefined
  /** Bytes that a message may have. */
  readonly most: number
}

class BunLink implements Link {
  readonly #socket: ServerWebSocket<SocketData>
  readonly #lines: Lines | undefined

  /** @param lines where the client reads several frames a message */
  constructor(socket: ServerWebSocket<SocketData>, lines: Lines | undefined) {
    this.#socket = socket
    this.#lines = lines
  }

  /** No field: each costs every idle link. */
  get kind(): 'websocket' {
    return 'websocket'
  }

  write(frames: readonly Frame[]): void {
    const socket = this.#socket
    const messages = this.#lines?.join(frames) ?? frames
    const [only] = messages
    if (messages.length === 1 && only !== undefined) {
      socket.send(only)
      return
    }
    socket.cork(() => {
      for (const message of messages) socket.send(message)
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

export const listenOnBun = (options: ListenOptions): Listener => {
  const { services } = options
  const lines = new Lines()
  const crowd = new Crowd(edenGC)
  let ending: Promise<void> | undefined
  const server = Bun.serve<SocketData>({
    hostname: options.host,
    port: options.port,
    reusePort: options.sharedPort ?? false,
    // Else a request that fails is answered with a page that shows the source.
    development: false,
    // Quiet event streams live by their comments (hazard B12).
    idleTimeout: Math.min(255, Math.ceil(Math.max(services.limits.idleMs, options.quietMs ?? 0) / 1000)),
    fetch: (request, server) => answer(options, { request, server, lines, crowd }),
    websocket: socketHandlers(options, crowd),
  })
  return {
    url: server.url.origin,
    pause: () => {
      // Resolves only when every socket has closed (hazard B19): `close` sees to that.
      ending ??= server.stop()
    },
    async close() {
      // Requests that were taken before are still at work, and their senders wait for an answer.
      if (ending) await within(services.clock, services.limits.shutdownMs / 10, ending)
      await server.stop(true)
    },
  }
}

type Incoming = {
  readonly request: Request
  readonly server: Server<SocketData>
  readonly lines: Lines
  readonly crowd: Crowd
}

const answer = async (options: ListenOptions, incoming: Incoming): Promise<Response | undefined> => {
  const { request, server, lines, crowd } = incoming
  // Made of what the Host header says.
  if (!URL.canParse(request.url)) return problem(new FanfareError('bad_frame', 'The Host header is not valid.'))
  const address = server.requestIP(request)?.address ?? ''
  if (request.headers.get('upgrade')?.toLowerCase() !== 'websocket') {
    const response = await options.fetch(request, { address })
    if (response.headers.get('content-type')?.startsWith('text/event-stream')) crowd.came()
    return response
  }
  const opening = decideUpgrade(options.doors, request, { address })
  if (opening.kind === 'elsewhere') return problem(new FanfareError('not_found', 'No WebSocket opens at this path.'))
  if (opening.kind === 'refuse') return refusalOf(opening)
  const upgraded = server.upgrade(request, {
    data: {
      accept: (socket) => opening.accept(new BunLink(socket, opening.lines ? lines : undefined)),
      reader: undefined,
      most: opening.messageBytes ?? options.services.limits.messageBytes,
    },
    // Left out, Bun would answer with the first that was offered, and that may be a token.
    headers: { 'Sec-WebSocket-Protocol': opening.protocol ?? '' },
  })
  return upgraded ? undefined : problem(new FanfareError('bad_frame', 'The WebSocket handshake is not complete.'))
}

const socketHandlers = (options: ListenOptions, crowd: Crowd) => ({
  ...socketLimits(options),
  open(socket: ServerWebSocket<SocketData>) {
    const { accept } = socket.data
    socket.data.accept = undefined
    socket.data.reader = accept?.(socket)
    crowd.came()
  },
  message(socket: ServerWebSocket<SocketData>, message: string | Buffer) {
    const { most, reader } = socket.data
    if (isLarger(message, most)) socket.close(codes.too_large.close, 'The message is larger than the limit.')
    else reader?.receive(message)
  },
  drain(socket: ServerWebSocket<SocketData>) {
    socket.data.reader?.drained()
  },
  close(socket: ServerWebSocket<SocketData>, code: number) {
    // A page that reloads says 1001: only 1000 is a goodbye.
    socket.data.reader?.closed(code === 1000)
    socket.data.reader = undefined
  },
})

const socketLimits = (options: ListenOptions) => ({
  ...linkLimits(options.services.limits),
  maxPayloadLength: largestMessage(options),
})

const linkLimits = (limits: Limits) => ({
  // The outbox closes a slow reader long before; this is the last line (hazard B1).
  backpressureLimit: limits.outboxBytes * 2,
  closeOnBackpressureLimit: true,
  idleTimeout: Math.min(960, Math.ceil(limits.idleMs / 1000)),
  sendPings: true,
  perMessageDeflate: false,
})
