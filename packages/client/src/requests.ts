/**
 * Requests that wait for an answer, over as many connections as that takes: sent when there is a session, sent again in
 * the next one when the answer was lost, tried again when the server says later. Publishes and commands keep their order.
 */
import {
  type CommandFrame,
  type ErrorFrame,
  FanfareError,
  type FrameId,
  type HistoryFrame,
  type Json,
  type PresenceFrame,
  type PublishFrame,
  type ReplyFrame,
} from '@fanfare/protocol'
import { backoff } from './backoff.ts'
import { failureOf } from './failure.ts'
import type { Settings } from './options.ts'
import type { Timer } from './surroundings.ts'

/** Safe to repeat: reads, presence, and what carries an idempotency key. */
export type RequestFrame =
  | (PublishFrame & { readonly key: string })
  | (CommandFrame & { readonly key: string })
  | HistoryFrame
  | PresenceFrame

type Item = {
  readonly frame: RequestFrame
  readonly id: FrameId
  readonly bytes: number
  readonly isOrdered: boolean
  readonly resolve: (result: Json) => void
  readonly reject: (error: FanfareError) => void
  tries: number
  phase: 'queued' | 'sent' | 'resting'
  rest: Timer | undefined
}

export class Requests {
  readonly #settings: Settings
  /** False when there is no session. */
  readonly #send: (frame: RequestFrame) => boolean
  /** By id, oldest first. */
  readonly #items = new Map<FrameId, Item>()
  #bytes = 0
  #lastId = 0
  #drained: (() => void)[] = []

  constructor(settings: Settings, send: (frame: RequestFrame) => boolean) {
    this.#settings = settings
    this.#send = send
  }

  nextId(): number {
    return ++this.#lastId
  }

  /**
   * Settles with the server's answer, however many connections that takes.
   *
   * @throws FanfareError what the server refused it with; `too_large`; `overloaded` when the queue is full
   */
  async ask(request: RequestFrame): Promise<Json> {
    const id = this.nextId()
    const frame = { ...request, id }
    const bytes = new TextEncoder().encode(JSON.stringify(frame)).length
    this.#checkRoom(bytes)
    const isOrdered = frame.type === 'publish' || frame.type === 'command'
    const { promise, resolve, reject } = Promise.withResolvers<Json>()
    const rest = { tries: 0, phase: 'queued', rest: undefined } as const
    this.#items.set(id, { frame, id, bytes, isOrdered, resolve, reject, ...rest })
    this.#bytes += bytes
    this.#pump()
    return promise
  }

  /** A new session: what was sent in an earlier one and not answered is sent again. */
  resume(): void {
    for (const item of this.#items.values()) if (item.phase === 'sent') item.phase = 'queued'
    this.#pump()
  }

  answered(frame: ReplyFrame): void {
    const item = this.#items.get(frame.id)
    if (!item) return
    this.#remove(item)
    item.resolve(frame.result)
    this.#pump()
  }

  failed(frame: ErrorFrame): void {
    const item = frame.id === undefined ? undefined : this.#items.get(frame.id)
    if (!item) return
    const failure = failureOf(frame)
    if (failure.retry !== 'never') {
      this.#restItem(item, failure.error.retryAfterMs)
      return
    }
    this.#remove(item)
    item.reject(failure.error)
    this.#pump()
  }

  /** Rejects everything that waits. */
  fail(error: FanfareError): void {
    for (const item of [...this.#items.values()]) {
      this.#remove(item)
      item.reject(error)
    }
  }

  /** Resolves when nothing waits any more. */
  drained(): Promise<void> {
    return this.#items.size === 0 ? Promise.resolve() : new Promise((resolve) => this.#drained.push(resolve))
  }

  #checkRoom(bytes: number): void {
    const { maxMessageBytes, queue } = this.#settings
    if (bytes > maxMessageBytes) {
      throw new FanfareError('too_large', `The message has ${bytes} bytes; the limit is ${maxMessageBytes}.`)
    }
    if (this.#items.size >= queue.maxItems || this.#bytes + bytes > queue.maxBytes) {
      throw new FanfareError('overloaded', `The queue is full: ${this.#items.size} requests wait for an answer.`)
    }
  }

  #pump(): void {
    let free = this.#settings.queue.maxInFlight
    for (const item of this.#items.values()) {
      if (item.isOrdered && free <= 0) continue
      if (item.phase === 'queued' && this.#send(item.frame)) item.phase = 'sent'
      if (!item.isOrdered) continue
      // One that rests holds those behind it, or they would overtake it.
      if (item.phase === 'resting') free = 0
      else free--
    }
  }

  #restItem(item: Item, retryAfterMs: number | undefined): void {
    const { reconnect, surroundings } = this.#settings
    item.tries++
    item.phase = 'resting'
    item.rest = surroundings.clock.after(retryAfterMs ?? backoff(item.tries, reconnect, surroundings.random), () => {
      item.phase = 'queued'
      this.#pump()
    })
  }

  #remove(item: Item): void {
    item.rest?.cancel()
    this.#items.delete(item.id)
    this.#bytes -= item.bytes
    if (this.#items.size > 0) return
    for (const resolve of this.#drained) resolve()
    this.#drained = []
  }
}
