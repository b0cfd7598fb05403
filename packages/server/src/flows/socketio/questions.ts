/** What was asked of other nodes and is not answered yet: bounded in number and in time, and never kept after either. */
import { FanfareError } from '@fanfare/protocol'
import type { Clock, Timer } from '../../lib/clock.ts'
import type { Answer, Letter } from './letters.ts'
import type { Mail } from './mail.ts'

/** As many as there may be clients that wait. */
const most = 100_000

export type Question = {
  readonly node: string
  readonly letter: (id: string) => Letter
  readonly withinMs: number
  /** Whoever wants to know, as long as they do. */
  readonly signal?: AbortSignal
}

type Open = { readonly node: string; settle(answer: Answer | undefined): void }

export class Questions {
  readonly #mail: Mail
  readonly #clock: Clock
  readonly #open = new Map<string, Open>()
  #last = 0

  constructor(mail: Mail, clock: Clock) {
    this.#mail = mail
    this.#clock = clock
  }

  get size(): number {
    return this.#open.size
  }

  /** Undefined when no answer came in time or none is wanted any more; `unknown` when there is nobody to ask. @throws FanfareError `overloaded` */
  async ask({ node, letter, withinMs, signal }: Question): Promise<Answer | undefined> {
    if (this.#open.size >= most) throw new FanfareError('overloaded', 'Too many requests wait for other nodes.')
    if (signal?.aborted) return undefined
    const id = `${++this.#last}`
    const { promise, resolve: settle } = Promise.withResolvers<Answer | undefined>()
    const unwanted = () => settle(undefined)
    const timer: Timer = this.#clock.after(withinMs, unwanted)
    signal?.addEventListener('abort', unwanted, { once: true })
    this.#open.set(id, { node, settle })
    void this.#mail.send(node, letter(id)).then((sent) => {
      if (sent !== 'told') settle({ kind: 'unknown' })
    })
    try {
      return await promise
    } finally {
      timer.cancel()
      signal?.removeEventListener('abort', unwanted)
      this.#open.delete(id)
    }
  }

  /** Nothing for an answer that nobody waits for, or that another node gives than was asked. */
  answered(from: string, id: string, answer: Answer): void {
    const open = this.#open.get(id)
    if (open?.node === from) open.settle(answer)
  }

  /** The node is stopping: nobody waits any longer. */
  stop(): void {
    for (const { settle } of [...this.#open.values()]) settle({ kind: 'unknown' })
  }
}
