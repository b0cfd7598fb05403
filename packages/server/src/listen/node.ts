/**
 * A node on somebody else's `http.Server`: requests for our paths and WebSockets at our doors are taken, everything else
 * stays with the host. Nothing that a client sends may end the host's process (hazards 7.4).
 */

import { type IncomingMessage, type Server, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { FanfareError, toFanfareError } from '@fanfare/protocol'
import { WebSocketServer } from 'ws'
import { problem } from '../http/problem.ts'
import { within } from '../lib/within.ts'
import { Lines } from '../wire/lines.ts'
import {
  type Attached,
  type AttachOptions,
  decideUpgrade,
  largestMessage,
  type Opening,
  refusalOf,
} from './listener.ts'
import { addressOf, type Exchange, headersOf, inboundOf, respond } from './node-bridge.ts'
import { standBefore } from './node-hooks.ts'
import { NodeLink, watchSilence } from './node-link.ts'

/** Pieces of one message, and of one frame as it arrives: enough for what proxies do, too few to fill memory (CVE-2026-48779). */
const maxPieces = 1_024

const socketLimits = (options: AttachOptions) => ({
  maxPayload: largestMessage(options),
  maxFragments: maxPieces,
  maxBufferedChunks: maxPieces,
  perMessageDeflate: false,
  // What a reader has not taken by then it will not take.
  closeTimeout: options.services.limits.outboxStallMs,
})

export const attachToNode = (server: Server, options: AttachOptions): Attached => new NodeAttachment(server, options)

class NodeAttachment implements Attached {
  readonly #options: AttachOptions
  readonly #sockets: WebSocketServer
  readonly #links = new Set<NodeLink>()
  readonly #lines = new Lines()
  readonly #exchanges = new Map<Exchange, Promise<void>>()
  /** Decided once, when Node asks whether to upgrade; read when it does. */
  readonly #openings = new WeakMap<IncomingMessage, Opening>()
  readonly #release: (() => void)[]
  #paused = false

  constructor(server: Server, options: AttachOptions) {
    this.#options = options
    const { clock, limits } = options.services
    this.#sockets = new WebSocketServer({
      ...socketLimits(options),
      noServer: true,
      clientTracking: false,
      handleProtocols: (_, incoming) => this.#protocolFor(incoming) ?? false,
    })
    this.#sockets.on('wsClientError', (error, socket, incoming) => {
      const answer = problem(
        new FanfareError('bad_frame', `The WebSocket handshake is not complete: ${error.message}.`),
      )
      answer.headers.set('Sec-WebSocket-Version', '13')
      this.#refuse(answer, incoming, socket)
    })
    const silence = watchSilence(this.#links, { clock, idleMs: limits.idleMs })
    const leave = standBefore(server, {
      request: (incoming, response) => this.#request({ incoming, response }),
      upgrades: (incoming) => this.#openingOf(incoming).kind !== 'elsewhere',
      upgrade: (incoming, socket, head) => this.#upgrade(incoming, socket, head),
    })
    this.#release = [() => silence.cancel(), leave]
  }

  pause(): void {
    this.#paused = true
  }

  async close(): Promise<void> {
    const { clock, limits } = this.#options.services
    // Requests that were taken before are still at work, and links that were told to close may have bytes to send.
    await within(clock, limits.shutdownMs / 10, this.#ended())
    for (const release of this.#release) release()
    for (const link of this.#links) link.terminate()
    for (const { response } of this.#exchanges.keys()) response.destroy()
    await this.#ended()
  }

  async #ended(): Promise<void> {
    await Promise.all(this.#exchanges.values())
    await new Promise<void>((resolve) => {
      this.#whenEmpty = resolve
      if (this.#links.size === 0) resolve()
    })
  }
  #whenEmpty: () => void = () => {}

  #request(exchange: Exchange): boolean {
    const { incoming } = exchange
    const { method = 'GET' } = incoming
    const url = addressOf(incoming)
    if (url === undefined || !this.#options.owns({ method, url })) return false
    const done = this.#answer(exchange, url).finally(() => this.#exchanges.delete(exchange))
    this.#exchanges.set(exchange, done)
    return true
  }

  /** Never throws. */
  async #answer(exchange: Exchange, url: string): Promise<void> {
    const { fetch, services } = this.#options
    const { incoming, response } = exchange
    // Both are told by `close`, which the bridge listens to; unheard, an error would end the process.
    incoming.on('error', ignoreBroken)
    response.on('error', ignoreBroken)
    try {
      const inbound = inboundOf(exchange, url, services.clock)
      await respond(await fetch(inbound.request, remoteOf(incoming.socket)), exchange)
      if (!incoming.complete) response.flushHeaders()
      await inbound.dropRest()
      response.end()
    } catch (error) {
      if (response.destroyed) return
      services.log.warn({ error }, 'an answer broke off')
      if (response.headersSent) response.destroy()
      else await respond(problem(toFanfareError(error)), exchange).then(() => response.end())
    }
  }

  #openingOf(incoming: IncomingMessage): Opening {
    const known = this.#openings.get(incoming)
    if (known) return known
    const opening = this.#decide(incoming)
    this.#openings.set(incoming, opening)
    return opening
  }

  #decide(incoming: IncomingMessage): Opening {
    const url = addressOf(incoming)
    if (url === undefined || incoming.headers.upgrade?.toLowerCase() !== 'websocket') return { kind: 'elsewhere' }
    const opening = decideUpgrade(
      this.#options.doors,
      new Request(url, { headers: headersOf(incoming) }),
      remoteOf(incoming.socket),
    )
    if (opening.kind !== 'open' || !this.#paused) return opening
    return { kind: 'refuse', error: new FanfareError('shutting_down', undefined, { retryAfterMs: 1_000 }) }
  }

  #protocolFor(incoming: IncomingMessage): string | undefined {
    const opening = this.#openingOf(incoming)
    return opening.kind === 'open' ? opening.protocol : undefined
  }

  #upgrade(incoming: IncomingMessage, socket: Duplex, head: Buffer): void {
    socket.on('error', ignoreBroken)
    const opening = this.#openingOf(incoming)
    if (opening.kind === 'elsewhere') return
    if (opening.kind === 'refuse') {
      this.#refuse(refusalOf(opening), incoming, socket)
      return
    }
    this.#sockets.handleUpgrade(incoming, socket, head, (opened) => {
      const link = new NodeLink(opened, socket, opening.lines ? this.#lines : undefined)
      this.#links.add(link)
      const { limits, log } = this.#options.services
      link.tell(opening.accept(link), { log, most: opening.messageBytes ?? limits.messageBytes })
      opened.on('close', () => {
        this.#links.delete(link)
        if (this.#links.size === 0) this.#whenEmpty()
      })
    })
  }

  /** Node has let go of the socket: what is answered now is the last thing on it. */
  #refuse(answer: Response, incoming: IncomingMessage, socket: Duplex): void {
    const response = new ServerResponse(incoming)
    response.on('error', ignoreBroken)
    response.shouldKeepAlive = false
    response.assignSocket(socket as Socket)
    response.on('finish', () => socket.end())
    respond(answer, { incoming, response }).then(
      () => response.end(),
      () => socket.destroy(),
    )
  }
}

/** The one at the other end is gone, which its `close` tells. */
const ignoreBroken = (): void => {}

const remoteOf = ({ remoteAddress = '' }: Socket) => ({ address: remoteAddress })
