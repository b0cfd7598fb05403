/**
 * Users who seem to be gone, looked at again after the time of grace: whoever is there by then, or was in between, is not
 * gone. What is forgotten here, because the node ends, a round finds.
 */
import type { Clock, Timer } from '../../lib/clock.ts'
import type { SeldomWarning } from '../../lib/seldom.ts'
import type { Batches } from '../../store/batches.ts'
import type { StatusItem } from './statuses.ts'
import type { StatusRow } from './transition.ts'

export type SecondLookOptions = {
  readonly clock: Clock
  readonly batches: Batches<StatusItem, StatusRow>
  readonly warning: SeldomWarning
  /** The users of a tenant who have a session anywhere. @throws FanfareError `unavailable` */
  readonly online: (tenantId: string) => Promise<ReadonlySet<string>>
}

/** Longer than the time of grace, 15 s, by what a directory is late. */
const againAfterMs = 18_000
const turnMs = 2_000

/** @property at when they were first not there, @property connectedAt when their newest session began; ms since 1970 */
type Suspect = { readonly at: number; readonly connectedAt: number }

export class SecondLook {
  readonly #options: SecondLookOptions
  /** Tenant → user. */
  readonly #suspects = new Map<string, Map<string, Suspect>>()
  #turn: Timer | undefined
  #running: Promise<void> | undefined

  constructor(options: SecondLookOptions) {
    this.#options = options
  }

  at(tenantId: string, userId: string, suspect: Suspect): void {
    const users = this.#suspects.get(tenantId)
    if (users) users.set(userId, suspect)
    else this.#suspects.set(tenantId, new Map([[userId, suspect]]))
    this.#turn ??= this.#options.clock.every(turnMs, () => {
      this.#running ??= this.#look().finally(() => {
        this.#running = undefined
      })
    })
  }

  async stop(): Promise<void> {
    this.#suspects.clear()
    this.#turn?.cancel()
    await this.#running
  }

  async #look(): Promise<void> {
    const { clock, warning } = this.#options
    const due = clock.now() - againAfterMs
    for (const [tenantId, users] of [...this.#suspects]) {
      const all = [...users].filter(([, { at }]) => at <= due)
      if (all.length === 0) continue
      try {
        await this.#lookAt(tenantId, all)
        for (const [userId, suspect] of all) if (users.get(userId) === suspect) users.delete(userId)
      } catch (error) {
        // They are still suspects the next time.
        warning.warn({ error })
      }
      if (users.size === 0) this.#suspects.delete(tenantId)
    }
    if (this.#suspects.size > 0) return
    this.#turn?.cancel()
    this.#turn = undefined
  }

  async #lookAt(tenantId: string, suspects: readonly (readonly [string, Suspect])[]): Promise<void> {
    const there = await this.#options.online(tenantId)
    const gone = suspects.filter(([userId]) => !there.has(userId))
    await Promise.all(
      gone.map(([userId, suspect]) =>
        this.#options.batches.add(tenantId, { userId, change: { kind: 'left', ...suspect } }),
      ),
    )
  }
}
