/** What was asked of other nodes and is not answered yet: bounded in number and in time, and never kept after either. */
import { FanfareError } from '@fanfare/protocol'
import type { Clock, Timer } from '../../lib/clock.ts'
import type { Answer, Letter } from './letters.ts'
import type { Mail } from './mail.ts'
import type { Expected, Watch } from './watch.ts'

/** As many as there may be clients that wait. */
const most = 100_000

export type Question = {
  readonly node: string
  readonly letter: (id: string) => Letter
  readonly withinMs: number
  /** Whoever wants to know, as long as they do. */
  readonly signal?: AbortSignal
}

type Open = Expected & { settle(answer: Answer | undefined): void }

export class Questions {
  readonly #mail: Mail
  readonly #clock: Clock
  readonly #watch: Watch
  readonly #open = new Map<string, Open>()
  #last = 0

  constructor(mail: Mail, clock: Clock, watch: Watch) {
    this.#mail = mail
    this.#clock = clock
    this.#watch = watch
  }

  get size(): number {
    return this.#open.size
  }

  /** Undefined when no answer came in time or none is wanted any more; `unknown` when there is nobody to ask, or not any more. @throws FanfareError `overloaded` */
  async ask({ node, letter, withinMs, signal }: Question): Promise<Answer | undefined> {
    if (this.#open.size >= most) throw new FanfareError('overloaded', 'Too many requests wait for other nodes.')
    if (signal?.aborted) return undefined
    const id = `${++this.#last}`
    const { promise, resolve: settle } = Promise.withResolvers<Answer | undefined>()
    const unwanted = () => settle(undefined)
    const open: Open = { node, settle, broken: () => settle({ kind: 'unknown' }) }
    const timer: Timer = this.#clock.after(withinMs, unwanted)
    signal?.addEventListener('abort', unwanted, { once: true })
    this.#open.set(id, open)
    this.#watch.expect(open)
    void this.#mail.send(node, letter(id)).then((sent) => {
      if (sent !== 'told') open.broken()
    })
    try {
      return await promise
    } finally {
      timer.cancel()
      signal?.removeEventListener('abort', unwanted)
      this.#open.delete(id)
      this.#watch.release(open)
    }
  }

  /** Nothing for an answer that nobody waits for, or that another node gives than was asked. */
  answered(from: string, id: string, answer: Answer): void {
    const open = this.#open.get(id)
    if (open?.node === from) open.settle(answer)
  }
}
