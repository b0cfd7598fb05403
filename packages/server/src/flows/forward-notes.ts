/** Notes in the journal what lanes are done with: grouped, a while later, and never more than a share of the time. */
import type { Clock, Timer } from '../lib/clock.ts'
import type { SeldomWarning } from '../lib/seldom.ts'
import { noteSent, type SentRun } from '../store/journal-sent.ts'
import type { Store } from '../store/store.ts'
import type { Lane } from './forward-lane.ts'

export type NotesOptions = {
  readonly store: Store
  readonly clock: Clock
  readonly warning: SeldomWarning
  readonly keyMs: number
  readonly lanes: () => Iterable<Lane>
  /** It is done, and all of it is noted. */
  readonly onOver: (lane: Lane) => void
}

const soonMs = 200
/** After a failure, or when somebody else has to note what comes before. */
const laterMs = 500
/** A room that is written to all the time is never free: then its turn is waited for. */
const mostSkips = 2
/** Rooms of one transaction. */
const together = 200
/** A round that took long is followed by so many times that in which nothing is noted. */
const rest = 4

type Job = { readonly lane: Lane; readonly run: SentRun }

export class Notes {
  readonly #options: NotesOptions
  #timer: Timer | undefined
  #round: Promise<void> | undefined

  constructor(options: NotesOptions) {
    this.#options = options
  }

  /** Something is done. */
  soon(ms = soonMs): void {
    if (this.#timer || this.#round) return
    this.#timer = this.#options.clock.after(ms, () => {
      this.#timer = undefined
      void this.flush()
    })
  }

  stop(): void {
    this.#timer?.cancel()
    this.#timer = undefined
  }

  /** Notes all that is done now, and sees to it that what could not be is noted later. Never throws. */
  flush(): Promise<void> {
    this.#round ??= this.#noteAll().then((pause) => {
      this.#round = undefined
      for (const lane of this.#options.lanes()) {
        if (!lane.doneRun()) continue
        this.soon(pause)
        return
      }
    })
    return this.#round
  }

  /** After how long it may be done again. */
  async #noteAll(): Promise<number> {
    const { clock, warning } = this.#options
    const began = clock.now()
    let left = 0
    try {
      for (const [tenantId, jobs] of this.#jobs()) {
        const busy = jobs.filter(({ lane }) => lane.skipped >= mostSkips)
        const free = jobs.filter(({ lane }) => lane.skipped < mostSkips)
        for (let from = 0; from < free.length; from += together) {
          left += await this.#note(tenantId, free.slice(from, from + together), 'passes')
        }
        // One at a time, so that nobody waits for somebody who waits for them.
        for (const job of busy) left += await this.#note(tenantId, [job], 'waits')
      }
    } catch (error) {
      left++
      warning.warn({ error })
    }
    const pause = Math.max(soonMs, rest * (clock.now() - began))
    return left > 0 ? Math.max(laterMs, pause) : pause
  }

  /** How many could not be noted. */
  async #note(tenantId: string, jobs: readonly Job[], locked: 'passes' | 'waits'): Promise<number> {
    const { clock, keyMs, onOver, store } = this.#options
    const noting = { kind: store.kind, now: clock.now(), keyMs, locked }
    const runs = jobs.map(({ run }) => run)
    const left = await store.of(tenantId).change(({ rows }) => noteSent(rows, runs, noting))
    for (const { lane, run } of jobs) {
      if (left.includes(run)) {
        lane.skipped++
        continue
      }
      lane.noted(run)
      if (lane.isOver) onOver(lane)
    }
    return left.length
  }

  #jobs(): ReadonlyMap<string, readonly Job[]> {
    const jobs = new Map<string, Job[]>()
    for (const lane of this.#options.lanes()) {
      const run = lane.doneRun()
      if (!run) {
        if (lane.isOver) this.#options.onOver(lane)
        continue
      }
      const of = jobs.get(lane.tenantId)
      if (of) of.push({ lane, run })
      else jobs.set(lane.tenantId, [{ lane, run }])
    }
    return jobs
  }
}
