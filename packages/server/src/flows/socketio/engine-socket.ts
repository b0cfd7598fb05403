/**
 * One Engine.IO session from its open packet to its end, over polling, a WebSocket, or the one and then the other. Knows
 * packets and nothing of what messages mean; bounds nothing that waits, which the outbox above does by `buffered`.
 *
 * A session is open, then perhaps closing (what was written is still taken by polls), then closed; never back.
 */
import type { Link, LinkReader } from '../../hub/link.ts'
import type { Clock } from '../../lib/clock.ts'
import { isLarger } from '../../lib/size.ts'
import type { Frame } from '../../wire/dialect.ts'
import { decodePacket, decodePayload, type EnginePacket, packet } from '../../wire/socketio/engine-packets.ts'
import { Alone } from './alone.ts'
import { endLink } from './end-link.ts'
import type { Beating, Heartbeat } from './engine-heartbeat.ts'
import { Polling } from './engine-polling.ts'
import type {
  CarriedSession,
  EngineCloseReason,
  EngineLink,
  EngineReader,
  EngineSettings,
  Handshake,
  OpenEngine,
} from './engine-port.ts'
import { deaf, Probe, type Probed } from './engine-probe.ts'

/** Who keeps the sessions. */
export type EngineHome = {
  readonly clock: Clock
  readonly settings: EngineSettings
  readonly heartbeat: Heartbeat
  forget(socket: EngineSocket): void
}

export type EngineSocketOptions = {
  readonly id: string
  readonly handshake: Handshake
  readonly home: EngineHome
  readonly carrier: Polling | Link
}

export class EngineSocket implements EngineLink, CarriedSession, LinkReader, Beating, Probed {
  readonly id: string
  readonly handshake: Handshake
  readonly #home: EngineHome
  #carrier: Polling | Link
  #state: 'open' | 'closing' | 'closed' = 'open'
  /** Why it closes or closed. */
  #reason: EngineCloseReason | undefined
  #reader: EngineReader | undefined
  #probe: Probe | undefined
  /** Only once something was to be read by itself, and until that is. */
  #alone: Alone | undefined
  #posting = false
  #writing = false
  /** A sign of life other than the pong has lengthened the wait for it, which happens once. */
  #lengthened = false

  constructor({ id, handshake, home, carrier }: EngineSocketOptions) {
    this.id = id
    this.handshake = handshake
    this.#home = home
    this.#carrier = carrier
  }

  /** Called once, when the open packet is on its way. */
  open(engine: OpenEngine): void {
    this.#reader = engine(this)
    if (this.#state === 'closed') this.#reader.closed(this.#reason ?? 'forced close')
  }

  get transport(): 'polling' | 'websocket' {
    return this.#carrier instanceof Polling ? 'polling' : 'websocket'
  }

  // What Socket.IO asks for.

  write(messages: readonly Frame[]): void {
    if (this.#state !== 'open' || messages.length === 0) return
    if (!this.#alone?.holds(messages)) this.#give(messages)
  }

  writeAlone(message: Frame): void {
    this.write([message])
    // A poll that waits is answered with it alone anyway.
    if (this.#state !== 'open' || this.#alone || this.#carrier instanceof Polling) return
    this.#alone = Alone.begin(this.#home.clock, () => this.#release())
  }

  #give(messages: readonly Frame[]): void {
    this.#writing = true
    this.#carrier.write(messages)
    this.#writing = false
  }

  #release(): void {
    const held = this.#alone?.end() ?? []
    this.#alone = undefined
    if (held.length === 0 || this.#state !== 'open') return
    this.#give(held)
    this.drained()
  }

  buffered(): number {
    if (this.#state === 'closed') return 0
    if (this.#carrier instanceof Polling) return this.#carrier.bytes
    return this.#carrier.buffered() + (this.#alone?.bytes ?? 0)
  }

  close(reason: EngineCloseReason): void {
    if (this.#state !== 'open') return
    this.#release()
    if (this.#carrier instanceof Polling && !this.#carrier.polled) {
      this.#state = 'closing'
      this.#reason = reason
      // Nobody waits for a last poll longer than for a pong.
      this.#home.heartbeat.ask(this)
    } else this.end(reason)
  }

  terminate(): void {
    this.end('forced close')
  }

  // What the carriers tell.

  /** @returns the payload to answer with; undefined when it is refused, and the session with it where another GET is open */
  poll(): Promise<string> | undefined {
    const polling = this.#polling()
    if (!polling) return undefined
    if (polling.polled) {
      this.end('transport error')
      return undefined
    }
    if (this.#state === 'open') return polling.poll()
    polling.control(packet.close)
    const last = polling.poll()
    this.end(this.#reason ?? 'forced close')
    return last
  }

  pollLost(): void {
    if (this.#polling()) this.end('transport error')
  }

  /**
   * Takes a POST; at most one is open.
   * @param read reads the body; what it throws ends the session and is thrown on
   * @returns false when it is refused, and the session with it
   */
  async post(read: () => Promise<string>): Promise<boolean> {
    if (!this.#polling()) return false
    if (this.#posting) {
      this.end('transport error')
      return false
    }
    this.#posting = true
    try {
      const payload = await read()
      return this.isOpen && this.#takePayload(payload)
    } catch (error) {
      this.end('transport error')
      throw error
    } finally {
      this.#posting = false
    }
  }

  get isOpen(): boolean {
    return this.#state !== 'closed'
  }

  refuse(): void {
    this.end('transport error')
  }

  /** One message of the WebSocket. */
  receive(message: string | Uint8Array): void {
    if (this.#state === 'closed') return
    if (isLarger(message, this.#home.settings.maxPayload)) {
      this.end('transport error')
      return
    }
    const decoded = typeof message === 'string' ? decodePacket(message) : { kind: 'message' as const, data: message }
    if (decoded) this.#take(decoded)
    else this.end('parse error')
  }

  drained(): void {
    if (this.#state === 'open') this.#reader?.drained()
  }

  closed(): void {
    if (this.#writing) queueMicrotask(() => this.end('transport close'))
    else this.end('transport close')
  }

  // The upgrade.

  /** A WebSocket came for this session. */
  probe(link: Link): LinkReader {
    const { clock, settings } = this.#home
    if (!this.#polling() || this.#probe) {
      link.close('normal', 'The session has a WebSocket.')
      return deaf
    }
    this.#probe = new Probe({ session: this, link, clock, timeoutMs: settings.upgradeTimeoutMs })
    return this.#probe
  }

  releasePoll(): void {
    this.#polling()?.release(packet.noop)
  }

  upgrade(link: Link): void {
    const polling = this.#polling()
    if (!polling) return
    this.#probe = undefined
    this.#carrier = link
    const left = polling.leave(packet.noop)
    if (left.length > 0) link.write(left)
    if (this.#state === 'closing') this.end(this.#reason ?? 'forced close')
    else if (left.length > 0) this.drained()
  }

  probeEnded(): void {
    this.#probe = undefined
  }

  // The heartbeat.

  ping(): void {
    this.#lengthened = false
    this.#home.heartbeat.ask(this)
    if (this.#carrier instanceof Polling) this.#carrier.control(packet.ping)
    else this.#carrier.write([packet.ping])
  }

  lapse(): void {
    this.end(this.#state === 'closing' ? (this.#reason ?? 'ping timeout') : 'ping timeout')
  }

  /** The end, once. An open GET hears `farewell`. */
  end(reason: EngineCloseReason, farewell: string = packet.close): void {
    if (this.#state === 'closed') return
    this.#state = 'closed'
    this.#reason = reason
    this.#home.forget(this)
    this.#probe?.end()
    if (this.#carrier instanceof Polling) this.#carrier.release(farewell)
    else endLink(this.#carrier, reason)
    this.#reader?.closed(reason)
  }

  #polling(): Polling | undefined {
    return this.#state !== 'closed' && this.#carrier instanceof Polling ? this.#carrier : undefined
  }

  #takePayload(payload: string): boolean {
    const packets = decodePayload(payload)
    if (!packets) this.end('parse error')
    for (const decoded of packets ?? []) this.#take(decoded)
    return packets !== undefined
  }

  #take(decoded: EnginePacket): void {
    if (this.#state === 'closed') return
    const { heartbeat } = this.#home
    if (decoded.kind !== 'pong') this.#showLife()
    switch (decoded.kind) {
      case 'message':
        if (this.#state === 'open') this.#reader?.receive(decoded.data)
        return
      case 'pong':
        if (this.#state === 'open' && heartbeat.awaits(this)) heartbeat.rest(this)
        return
      case 'close':
        this.end('transport close', packet.noop)
        return
      case 'ping':
        // Since version 4 only servers ask.
        this.end('transport error')
        return
      case 'open':
      case 'upgrade':
      case 'noop':
        return
    }
  }

  /** A long message may hold up the pong behind it. */
  #showLife(): void {
    const { heartbeat } = this.#home
    if (this.#state !== 'open' || this.#lengthened || !heartbeat.awaits(this)) return
    this.#lengthened = true
    heartbeat.ask(this)
  }
}
