/**
 * The heartbeats of all Engine.IO sessions of a node. They have equal intervals, so two queues in due order and one timer
 * are enough: no session has a timer.
 */
import type { Clock, Timer } from '../../lib/clock.ts'

/** Whoever has a heart. */
export type Beating = {
  /** The interval is over: a ping goes out, and `ask` follows. */
  ping(): void
  /** No sign of life in time. */
  lapse(): void
}

type Options = { readonly clock: Clock; readonly pingIntervalMs: number; readonly pingTimeoutMs: number }

/** When each is due, the soonest first: a Map keeps the order in which it was filled. */
type Queue = Map<Beating, number>

export class Heartbeat {
  readonly #options: Options
  /** Wait for their ping. */
  readonly #quiet: Queue = new Map()
  /** Have a ping to answer. */
  readonly #asked: Queue = new Map()
  #timer: Timer | undefined
  #wakesAt = Number.POSITIVE_INFINITY

  constructor(options: Options) {
    this.#options = options
  }

  /** Showed life: the next ping is an interval away. */
  rest(one: Beating): void {
    this.#asked.delete(one)
    this.#put(this.#quiet, one, this.#options.clock.now() + this.#options.pingIntervalMs)
  }

  /** Must show life within the ping timeout, from now. */
  ask(one: Beating): void {
    this.#quiet.delete(one)
    this.#put(this.#asked, one, this.#options.clock.now() + this.#options.pingTimeoutMs)
  }

  awaits(one: Beating): boolean {
    return this.#asked.has(one)
  }

  /** Its time is over, though the timer may not have said so yet. */
  isLate(one: Beating): boolean {
    return (this.#asked.get(one) ?? Number.POSITIVE_INFINITY) <= this.#options.clock.now()
  }

  forget(one: Beating): void {
    this.#quiet.delete(one)
    this.#asked.delete(one)
  }

  stop(): void {
    this.#quiet.clear()
    this.#asked.clear()
    this.#timer?.cancel()
    this.#wakesAt = Number.POSITIVE_INFINITY
  }

  #put(queue: Queue, one: Beating, due: number): void {
    queue.delete(one)
    queue.set(one, due)
    if (due < this.#wakesAt) this.#wake(due)
  }

  #wake(at: number): void {
    this.#timer?.cancel()
    this.#wakesAt = at
    this.#timer = this.#options.clock.after(Math.max(1, at - this.#options.clock.now()), () => this.#beat())
  }

  #beat(): void {
    this.#wakesAt = Number.POSITIVE_INFINITY
    const now = this.#options.clock.now()
    for (const [one] of due(this.#asked, now)) {
      if (this.#asked.delete(one)) one.lapse()
    }
    for (const [one, dueAt] of due(this.#quiet, now)) {
      if (this.#quiet.delete(one)) one.ping()
      if (this.#asked.has(one)) this.#asked.set(one, this.#answerBy(dueAt, now))
    }
    const next = Math.min(soonest(this.#asked), soonest(this.#quiet))
    if (next < this.#wakesAt) this.#wake(next)
  }

  /** From when the ping was due, as clients count it; but a node that was busy takes its own delay from nobody. */
  #answerBy(dueAt: number, now: number): number {
    const { pingTimeoutMs } = this.#options
    return (now - dueAt < pingTimeoutMs / 20 ? dueAt : now) + pingTimeoutMs
  }
}

const due = (queue: Queue, now: number): readonly (readonly [Beating, number])[] => {
  const found: [Beating, number][] = []
  for (const entry of queue) {
    if (entry[1] > now) break
    found.push(entry)
  }
  return found
}

const soonest = (queue: Queue): number => queue.values().next().value ?? Number.POSITIVE_INFINITY
