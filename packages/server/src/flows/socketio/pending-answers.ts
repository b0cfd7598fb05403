/** What a client was asked and has not answered: bounded, each with a time. */
import { FanfareError } from '@fanfare/protocol'
import type { Clock, Timer } from '../../lib/clock.ts'
import { type Deferred, deferred } from '../../lib/deferred.ts'

const mostWaiting = 1_000

type Waiting = { readonly answer: Deferred<unknown>; readonly timer: Timer }

export class PendingAnswers {
  readonly #clock: Clock
  readonly #waiting = new Map<number, Waiting>()
  #last = 0

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** @throws FanfareError `overloaded` */
  ask(ms: number): { readonly id: number; readonly answer: Promise<unknown> } {
    if (this.#waiting.size >= mostWaiting) {
      throw new FanfareError('overloaded', `The client owes ${mostWaiting} answers already.`, { retryAfterMs: 1_000 })
    }
    const id = ++this.#last
    const answer = deferred<unknown>()
    const timer = this.#clock.after(ms, () => {
      this.#waiting.delete(id)
      answer.reject(new FanfareError('unavailable', `The client did not answer in ${ms} ms.`))
    })
    this.#waiting.set(id, { answer, timer })
    return { id, answer: answer.promise }
  }

  /** False for an answer that nobody waits for, or that came too late: it is dropped. */
  settle(id: number | undefined, args: readonly unknown[]): boolean {
    const waiting = id === undefined ? undefined : this.#waiting.get(id)
    if (id === undefined || !waiting) return false
    this.#waiting.delete(id)
    waiting.timer.cancel()
    waiting.answer.resolve(args[0])
    return true
  }

  close(): void {
    for (const { answer, timer } of this.#waiting.values()) {
      timer.cancel()
      answer.reject(new FanfareError('unavailable', 'The client has gone.'))
    }
    this.#waiting.clear()
  }
}
