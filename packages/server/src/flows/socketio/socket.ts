/**
 * One client in one namespace: the link of its session, and what goes out to it. Ends exactly once, for a reason that
 * decides whether it may come back.
 */
import { codes, type ErrorCode, FanfareError, type Json } from '@fanfare/protocol'
import { plainJson } from '../../app/plain-json.ts'
import type { DisconnectReason, NamespaceRule, SocketHandshake } from '../../app/socketio.ts'
import type { SessionChange, StateRoom } from '../../engine/session-states.ts'
import type { Link } from '../../hub/link.ts'
import type { Session } from '../../hub/session.ts'
import type { Frame } from '../../wire/dialect.ts'
import { encodeNamed, type NamedEvent } from '../../wire/socketio/dialect.ts'
import { unpackFrames } from '../../wire/socketio/frames.ts'
import { encodeAck, encodeDisconnect } from '../../wire/socketio/packets.ts'
import { disconnect } from '../disconnect.ts'
import { tell } from '../emit.ts'
import { appendToOwnRoom } from '../own-room.ts'
import type { EngineLink } from './engine-port.ts'
import type { SocketIoNode } from './node.ts'
import { PendingAnswers } from './pending-answers.ts'
import type { Arriving, Recoverable } from './recovery.ts'

export type SocketOptions = {
  readonly node: SocketIoNode
  readonly rule: NamespaceRule
  readonly engine: EngineLink
  readonly handshake: SocketHandshake
  readonly id: string
  readonly recovered: boolean
  readonly owner: SocketOwner
}

/** The connection itself rather than options with closures: every idle session would pay for them. */
export type SocketOwner = {
  /** Told at once when the namespace is left, by whichever side. */
  left(socket: Socket): void
  /** Told last, when nothing of the session is left. */
  ended(socket: Socket, reason: DisconnectReason): void
}

export class Socket implements Link, Recoverable {
  readonly kind = 'socket.io'
  readonly options: SocketOptions
  readonly data: { [name: string]: Json }
  readonly life: string
  #session: Session | undefined
  #answers: PendingAnswers | undefined
  /** Where it began in its rooms; only for a session that can come back. */
  readonly begins: Map<string, StateRoom> | undefined
  /** Rooms that are kept already and are not entered yet. */
  #joining: Set<string> | undefined
  /** Only of a session that can come back. */
  #saved: string | undefined
  /** The emit that is being kept: what answers a client waits for those before it. */
  #keeping: Promise<void> | undefined
  /** How many wait for it. */
  #behind = 0
  #ended = false
  /** It ended, and nobody comes back to it. */
  #gone = false

  constructor(options: SocketOptions, { data, begins, life }: Pick<Arriving, 'data' | 'begins' | 'life'>) {
    this.options = options
    this.life = life
    this.data = { ...(data as { [name: string]: Json }) }
    this.begins = options.node.recovery ? new Map(begins.map((begin) => [begin.name, begin])) : undefined
    this.#saved = this.begins && JSON.stringify(this.#change())
  }

  get id(): string {
    return this.options.id
  }

  get namespace(): string {
    return this.options.rule.name
  }

  /** Only once it has begun. */
  get session(): Session {
    if (this.#session) return this.#session
    throw new FanfareError('internal', 'The socket has no session yet.')
  }

  begin(session: Session): void {
    this.#session = session
    this.options.node.recovery?.enter(this)
    this.options.node.idle?.heard(this)
  }

  get over(): boolean {
    return this.#ended
  }

  get #words() {
    return { namespace: this.namespace, events: this.options.rule.events }
  }

  // ── the link of its session ──────────────────────────────────────────────────────────────────────────────────────

  write(frames: readonly Frame[]): void {
    this.options.engine.write(unpackFrames(frames))
  }

  buffered(): number {
    return this.options.engine.buffered()
  }

  /** A client that is told to leave the namespace does not come back by itself; one whose connection ends does. */
  close(code: ErrorCode | 'normal'): void {
    const { engine } = this.options
    if (code !== 'normal' && codes[code].retry !== 'never') {
      engine.close(code === 'shutting_down' ? 'server shutting down' : 'forced close')
      return
    }
    engine.write([encodeDisconnect(this.namespace)])
    this.options.owner.left(this)
    // Whoever closes may be in the middle of something that the end would take away.
    queueMicrotask(() => this.end('server namespace disconnect'))
  }

  terminate(): void {
    this.options.engine.terminate()
  }

  // ── what goes out ────────────────────────────────────────────────────────────────────────────────────────────────

  /** In order. Where the session can come back, it is kept first. @throws Error on what cannot be sent */
  emit(event: NamedEvent): void {
    const frame = encodeNamed(this.#words, event)
    if (this.options.node.recovery) this.#keep(frame)
    else tell(this.session, frame)
  }

  /** Unless the client is not keeping up. */
  emitVolatile(event: NamedEvent): void {
    const frame = encodeNamed(this.#words, event)
    this.#afterKept(() => {
      if (!this.session.outbox.congested) tell(this.session, frame)
    })
  }

  /** @throws FanfareError `unavailable`, `overloaded` */
  async ask(event: NamedEvent, ms: number): Promise<unknown> {
    if (this.#ended) throw new FanfareError('unavailable', 'The client has gone.')
    this.#answers ??= new PendingAnswers(this.options.node.services.clock)
    const { id, answer } = this.#answers.ask(ms)
    // Not stamped: the last argument that the client sees is its answer, and no position.
    const frame = encodeNamed(this.#words, { ...event, id })
    this.#afterKept(() => this.session.outbox.push(frame))
    return answer
  }

  /** Whether it was asked. */
  answered(id: number | undefined, args: readonly unknown[]): boolean {
    return this.#answers?.settle(id, args) ?? false
  }

  /** After whatever was emitted before it. @throws Error on what cannot be sent */
  acknowledge(id: number, args: readonly unknown[]): void {
    const frame = encodeAck({ namespace: this.namespace, id, args })
    this.#afterKept(() => this.session.outbox.push(frame))
  }

  /** What is not kept itself must not overtake what is. */
  #afterKept(send: () => void): void {
    if (!this.#keeping) {
      send()
      return
    }
    this.#behind++
    void this.#keeping.then(() => {
      this.#behind--
      send()
    })
  }

  #keep(frame: string): void {
    const { recovery, services } = this.options.node
    if (!recovery || this.#gone) return
    const room = recovery.ownRoom(this.session.tenantId, this.id)
    const append = () => appendToOwnRoom(services, room, frame)
    // Nor may it overtake what waits behind the one before it; else it goes into the same commit.
    const appended = this.#keeping && this.#behind > 0 ? this.#keeping.then(append) : append()
    const keeping = appended
      .catch((error: unknown) => services.log.warn({ error, session: this.id }, 'an emit was lost'))
      .finally(() => {
        if (this.#keeping === keeping) this.#keeping = undefined
      })
    this.#keeping = keeping
  }

  // ── what is kept of it ───────────────────────────────────────────────────────────────────────────────────────────

  #change(): SessionChange {
    return { rooms: [...(this.begins?.values() ?? [])], data: this.data }
  }

  /** Keeps the room before it is entered: what comes in between is replayed, and what comes after a crash too. */
  async joining(place: StateRoom, enter: () => Promise<unknown>): Promise<void> {
    const { name } = place
    this.#joining ??= new Set()
    this.#joining.add(name)
    this.begins?.set(name, place)
    try {
      await this.saveChange()
      await enter()
    } catch (error) {
      this.begins?.delete(name)
      await this.saveChange()
      throw error
    } finally {
      this.#joining?.delete(name)
      // One that is empty would cost every client that stays more than the rest of its rooms.
      if (this.#joining?.size === 0) this.#joining = undefined
    }
  }

  /** Rooms that were taken from it since are not kept either. */
  save(): void {
    if (!this.options.node.recovery || this.#ended) return
    for (const name of this.begins?.keys() ?? []) {
      if (this.#joining?.has(name)) continue
      if (![...this.session.subscriptions.values()].some((subscription) => subscription.name === name)) {
        this.begins?.delete(name)
      }
    }
    this.saveChange().catch((error: unknown) => {
      this.options.node.services.log.warn({ error, session: this.id }, 'the state of a session was not written')
    })
  }

  /** Resolves when what changed is kept. @throws FanfareError `invalid_payload` for data that is no JSON, `unavailable` */
  async saveChange(): Promise<void> {
    const { recovery } = this.options.node
    if (!recovery || this.#ended) return
    const change = { ...this.#change(), data: plainJson(this.data, 'the data of a socket') }
    const text = JSON.stringify(change)
    if (text === this.#saved) return
    this.#saved = text
    await recovery.update(this.id, change)
  }

  // ── the end ──────────────────────────────────────────────────────────────────────────────────────────────────────

  /** Its client is on another link now: this one ends without a word, and keeps nothing. */
  takenOver(): void {
    this.#finish('transport close', () => {})
    this.options.engine.terminate()
  }

  lost(): void {
    this.session.end('unavailable', 'the session could not be kept')
  }

  end(reason: DisconnectReason): void {
    const { recovery } = this.options.node
    const keep = () =>
      isGoodbye(reason)
        ? recovery?.forget({ id: this.id, life: this.life, tenantId: this.session.tenantId })
        : recovery?.left(this)
    this.#finish(reason, keep)
  }

  #finish(reason: DisconnectReason, keep: () => void): void {
    if (this.#ended) return
    this.#ended = true
    this.#gone = isGoodbye(reason)
    disconnect(this.options.node.services, this.session, this.#gone)
    this.#answers?.close()
    this.options.node.idle?.gone(this)
    keep()
    this.options.owner.left(this)
    this.options.owner.ended(this, reason)
  }
}

const isGoodbye = (reason: DisconnectReason): boolean =>
  reason === 'client namespace disconnect' || reason === 'server namespace disconnect'
