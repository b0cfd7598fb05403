/**
 * Finds what is due, asks the tenant's work to be done, and does so again and again. Works of one kind for several tenants go
 * on beside each other, so that one that is slow holds up no other; never twice for one tenant on this node.
 */
import type { Clock, Timer } from '../../lib/clock.ts'
import type { Store } from '../../store/store.ts'

export type Due = Omit<Parameters<Store['tenantsDue']>[0], 'atMost' | 'limit'>

export type Work = {
  readonly due: Due
  /** Due is what is as old as this. @default 0 */
  readonly ageMs?: number
  readonly everyMs: number
  /** Does a bounded part. @returns whether there may be more */
  readonly run: (tenantId: string) => Promise<boolean>
}

export type WorkerOptions = {
  readonly store: Store
  readonly clock: Clock
  readonly works: readonly Work[]
  readonly failed: (error: unknown, about: { readonly tenantId?: string; readonly table: string }) => void
}

const tenantsAtOnce = 50

export class Worker {
  readonly #options: WorkerOptions
  readonly #timers: Timer[] = []
  readonly #busy = new Set<string>()
  readonly #running = new Set<Promise<void>>()
  #stopped = false

  constructor(options: WorkerOptions) {
    this.#options = options
  }

  start(): void {
    const { clock, works } = this.#options
    for (const work of works) {
      this.#timers.push(clock.every(work.everyMs, () => this.#follow(this.#look(work))))
      this.#follow(this.#look(work))
    }
  }

  /** Resolves when nothing that is due now is left; for tests and for the end. */
  async idle(): Promise<void> {
    while (this.#running.size > 0) await Promise.all(this.#running)
  }

  /** What is under way is done to the end of its part. */
  async stop(): Promise<void> {
    this.#stopped = true
    for (const timer of this.#timers) timer.cancel()
    await this.idle()
  }

  #follow(work: Promise<void>): void {
    const running: Promise<void> = work.finally(() => this.#running.delete(running))
    this.#running.add(running)
  }

  async #look(work: Work): Promise<void> {
    const { store, clock, failed } = this.#options
    const { due, ageMs = 0 } = work
    try {
      const tenants = await store.tenantsDue({ ...due, atMost: clock.now() - ageMs, limit: tenantsAtOnce })
      for (const tenantId of tenants) {
        const name = `${due.table} ${tenantId}`
        if (this.#busy.has(name)) continue
        this.#busy.add(name)
        this.#follow(this.#runAll(work, tenantId).finally(() => this.#busy.delete(name)))
      }
    } catch (error) {
      failed(error, { table: due.table })
    }
  }

  async #runAll({ due, run }: Work, tenantId: string): Promise<void> {
    try {
      while (!this.#stopped && (await run(tenantId))) {}
    } catch (error) {
      // What is due stays so, and is tried again at the next look.
      this.#options.failed(error, { tenantId, table: due.table })
    }
  }
}
