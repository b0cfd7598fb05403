/**
 * One Engine.IO session from its first Socket.IO packet to its last: weighs what comes before it is parsed, takes it in
 * order through a bounded inbox, and hands it to the namespaces. A packet that makes no sense ends the whole connection.
 */
import { FanfareError, toFanfareError } from '@fanfare/protocol'
import type { DisconnectReason } from '../../app/socketio.ts'
import type { LinkQuota } from '../../auth/quotas.ts'
import type { Timer } from '../../lib/clock.ts'
import { deferred } from '../../lib/deferred.ts'
import { Assembly } from '../../wire/socketio/assembly.ts'
import type { Packet } from '../../wire/socketio/packets.ts'
import { errorFrame } from '../error-frame.ts'
import { Inbox } from '../inbox.ts'
import type { EngineCloseReason, EngineLink, EngineReader } from './engine-port.ts'
import { handleEvent } from './handle-event.ts'
import type { ConnectionLimits, SocketIoNode } from './node.ts'
import { type OpeningOwner, openSocket } from './open-socket.ts'
import type { Socket } from './socket.ts'
import { socketContext } from './socket-context.ts'

/** A packet that waits, and what it counts for. */
type Waiting = { readonly packet: Packet; readonly length: number }

export class SocketIoConnection extends Inbox<Waiting> implements EngineReader, OpeningOwner {
  readonly #node: SocketIoNode
  readonly #engine: EngineLink
  readonly #quota: LinkQuota
  readonly #assembly = new Assembly()
  #sockets: Socket[] = []
  /** Namespaces that the server ended: what the client still sent to them is no fault of its. */
  #left: Set<string> | undefined
  #waiting: Timer | undefined
  #closed = false

  constructor(node: SocketIoNode, engine: EngineLink) {
    super()
    this.#node = node
    this.#engine = engine
    this.#quota = node.services.quotas.link()
    this.#awaitNamespace()
  }

  get limits(): ConnectionLimits {
    return this.#node.limits
  }

  receive(message: string | Uint8Array): void {
    if (this.#closed) return
    try {
      this.#quota.bytes(message.length)
      const assembled = this.#assembly.take(message, this.limits)
      if (!assembled) return
      const { packet, size } = assembled
      // Answers do not wait: what a handler awaits may be the answer itself.
      if (packet.type === 'ack') this.#answered(packet)
      else this.take({ packet, length: size })
    } catch (error) {
      this.#refuse(toFanfareError(error))
    }
  }

  drained(): void {
    for (const socket of this.#sockets) socket.session.outbox.drained()
  }

  closed(reason: EngineCloseReason): void {
    if (this.#closed) return
    this.#closed = true
    this.#waiting?.cancel()
    this.shut()
    for (const socket of [...this.#sockets]) socket.end(reason)
  }

  protected override overflow(error: FanfareError): void {
    this.#refuse(error)
  }

  /** One packet, once those before it are done. Never throws. */
  protected override async handle({ packet }: Waiting): Promise<void> {
    this.#node.services.metrics.add('fanfare_frames_received_total')
    await this.#pace()
    if (this.#closed) return
    const socket = this.#socketOf(packet.namespace)
    if (packet.type === 'connect' && !socket) await this.#connect(packet)
    else if (packet.type === 'disconnect' && socket) socket.end('client namespace disconnect')
    else if (packet.type === 'event' && socket) await handleEvent(socket, packet)
    else if (packet.type === 'connect' || !this.#left?.has(packet.namespace)) {
      this.#refuse(new FanfareError('bad_frame', 'The packet is for a namespace that the client is not in.'))
    }
  }

  /** A stock client knows of no rate, and sends all that it held while it was away at once: it is slowed, up to what the inbox holds. */
  async #pace(): Promise<void> {
    for (let wait = this.#tooSoon(); wait > 0 && !this.#closed; wait = this.#tooSoon()) {
      const pause = deferred()
      this.#node.services.clock.after(wait, () => pause.resolve())
      await pause.promise
    }
  }

  /** In ms; 0 when the packet may be handled now. */
  #tooSoon(): number {
    try {
      this.#quota.frame()
      return 0
    } catch (thrown) {
      return Math.max(1, toFanfareError(thrown).retryAfterMs ?? 1)
    }
  }

  async #connect({ namespace, auth }: Packet & { readonly type: 'connect' }): Promise<void> {
    this.#left?.delete(namespace)
    await openSocket({ node: this.#node, engine: this.#engine, namespace, auth, owner: this })
  }

  // What its sockets tell.

  get over(): boolean {
    return this.#closed
  }

  opened(socket: Socket): void {
    this.#waiting?.cancel()
    this.#waiting = undefined
    this.#sockets = [...this.#sockets, socket]
  }

  #answered({ namespace, id, args }: Packet & { readonly type: 'ack' }): void {
    const socket = this.#socketOf(namespace)
    // What was asked for costs nothing; answers to nothing are frames like others.
    if (socket?.answered(id, args)) return
    this.#quota.frame()
    if (!socket && !this.#left?.has(namespace)) {
      throw new FanfareError('bad_frame', 'The packet is for a namespace that the client is not in.')
    }
  }

  left(socket: Socket): void {
    if (!this.#sockets.includes(socket)) return
    this.#sockets = this.#sockets.filter((other) => other !== socket)
    this.#left ??= new Set()
    this.#left.add(socket.namespace)
    if (!this.#closed && this.#sockets.length === 0) this.#awaitNamespace()
  }

  ended(socket: Socket, reason: DisconnectReason): void {
    const { disconnect } = socket.options.rule
    if (!disconnect) return
    const { log } = this.#node.services
    const failed = (error: unknown) => log.error({ error, session: socket.id }, 'what runs on disconnect failed')
    void (async () => disconnect(socketContext(socket), reason))().catch(failed)
  }

  #socketOf(namespace: string): Socket | undefined {
    return this.#sockets.find((socket) => socket.namespace === namespace)
  }

  /** Who is in no namespace has shown nothing of who it is, and does not stay. */
  #awaitNamespace(): void {
    const { clock } = this.#node.services
    this.#waiting = clock.after(this.#node.rule.connectTimeoutMs, () => this.#engine.close('forced close'))
  }

  /** Says what is wrong to whoever is there, and ends the connection. */
  #refuse(error: FanfareError): void {
    if (this.#closed) return
    this.shut()
    this.#node.services.metrics.add('fanfare_frames_refused_total')
    for (const { session } of this.#sockets) {
      session.send(errorFrame(error))
      session.outbox.finish()
    }
    this.#engine.close(error.code === 'rate_limited' ? 'forced close' : 'parse error')
  }
}
