/**
 * Fills holes: reads what is missing from the log, once for the node however many sessions wait, a room at a time. Never
 * decides what a page means; the tail does.
 */
import type { Log } from '../../lib/log.ts'
import type { Metrics } from '../../lib/metrics.ts'
import type { Broker } from './broker.ts'
import type { Listened } from './listened.ts'
import { type Pauses, pause } from './pause.ts'
import type { Outcome, Tick } from './tail.ts'

export type RepairsOptions = Pauses & {
  readonly broker: Broker
  readonly log: Log
  readonly metrics: Metrics
  readonly tick: () => Tick
  readonly took: (listened: Listened, outcome: Outcome) => void
}

/** How long a hole may wait for messages that are on their way by another connection. */
const patienceMs = 100
const page = { limit: 500, maxBytes: 1024 * 1024 }

export class Repairs {
  readonly #options: RepairsOptions

  constructor(options: RepairsOptions) {
    this.#options = options
  }

  now(listened: Listened): void {
    listened.patience?.cancel()
    listened.patience = undefined
    if (listened.repairing || listened.ended) return
    listened.repairing = true
    this.#run(listened).catch((error: unknown) => {
      listened.repairing = false
      this.#options.log.error({ error }, 'a room could not be repaired')
    })
  }

  soon(listened: Listened): void {
    if (listened.patience || listened.repairing || listened.ended) return
    listened.patience = this.#options.clock.after(patienceMs, () => {
      listened.patience = undefined
      if (listened.tail.behind) this.now(listened)
    })
  }

  async #run(listened: Listened): Promise<void> {
    const { tail } = listened
    let tries = 0
    while (!listened.ended && tail.behind) {
      const { epoch, top } = tail
      await this.#page(listened)
      if (tail.epoch !== epoch || tail.top > top) tries = 0
      else await pause(this.#options, ++tries)
    }
    listened.repairing = false
  }

  async #page(listened: Listened): Promise<void> {
    const { broker, tick, took, log, metrics } = this.#options
    const { tail, room } = listened
    metrics.add('fanfare_repairs_total')
    const from = { epoch: tail.epoch, offset: tail.top }
    const asked = tick()
    try {
      const slice = await broker.read(room, { after: from, ...page })
      if (!listened.ended) took(listened, tail.page(from, slice, { asked, now: tick() }))
    } catch (error) {
      log.debug({ error }, 'a hole could not be read yet')
    }
  }
}
