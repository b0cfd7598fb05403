/**
 * Whether the relational store answers, for whoever runs the node. It makes no node unready: rooms that are not archived go on
 * without it, and every node that shares it would be unready at once, with nobody left to take new links.
 */
import type { Clock } from '../lib/clock.ts'
import type { Log } from '../lib/log.ts'
import type { Metrics } from '../lib/metrics.ts'
import { within } from '../lib/within.ts'
import type { Store } from '../store/store.ts'

const timeoutMs = 2_000
/** Answers are shared for this long, so that many probes cost one query. */
const freshMs = 1_000

export type StoreState = 'ok' | 'away'

export type StoreCheckOptions = {
  readonly store: Pick<Store, 'tenantsDue'>
  readonly clock: Clock
  readonly log: Log
  readonly metrics: Metrics
}

export class StoreCheck {
  readonly #options: StoreCheckOptions
  #last: { readonly at: number; readonly state: Promise<StoreState> } | undefined
  #state: StoreState = 'ok'
  /** A question that nobody has answered yet is not put again. */
  #asking: Promise<unknown> | undefined

  constructor(options: StoreCheckOptions) {
    this.#options = options
    options.metrics.gauge('fanfare_store_ready', () => {
      void this.state()
      return this.#state === 'ok' ? 1 : 0
    })
  }

  /** Never rejects. */
  state(): Promise<StoreState> {
    const now = this.#options.clock.now()
    if (!this.#last || now - this.#last.at >= freshMs) this.#last = { at: now, state: this.#look() }
    return this.#last.state
  }

  async #look(): Promise<StoreState> {
    const { clock, log } = this.#options
    const before = this.#state
    try {
      this.#state = (await within(clock, timeoutMs, this.#ask())) ? 'ok' : 'away'
    } catch {
      this.#state = 'away'
    }
    if (before === 'ok' && this.#state === 'away') log.warn({}, 'the store is away: what is kept in it is refused')
    if (before === 'away' && this.#state === 'ok') log.info({}, 'the store is back')
    return this.#state
  }

  #ask(): Promise<unknown> {
    const due = { table: 'journal_room', column: 'waiting_since', atMost: -1, limit: 1 } as const
    this.#asking ??= this.#options.store.tenantsDue(due).finally(() => {
      this.#asking = undefined
    })
    return this.#asking
  }
}
