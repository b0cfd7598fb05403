/**
 * Compares, every few minutes and on one node of all, who is connected with who is written down as connected, and mends what
 * differs: after the engine lost what it knew, or a node stood still or died between a session and the word of it.
 */
import type { Clock, Timer } from '../../lib/clock.ts'
import type { SeldomWarning } from '../../lib/seldom.ts'
import type { Batches } from '../../store/batches.ts'
import type { Store } from '../../store/store.ts'
import type { SecondLook } from './second-look.ts'
import { roundMs, type StatusItem } from './statuses.ts'
import type { StatusRow } from './transition.ts'

export type RoundsOptions = {
  readonly clock: Clock
  readonly store: Store
  readonly batches: Batches<StatusItem, StatusRow>
  readonly secondLook: Pick<SecondLook, 'at'>
  readonly warning: SeldomWarning
  readonly isTold: (tenantId: string, userId: string) => Promise<boolean>
  /** The users of a tenant who have a session anywhere. @throws FanfareError `unavailable` */
  readonly online: (tenantId: string) => Promise<ReadonlySet<string>>
}

/** The first time also gives whoever was connected before all nodes stopped the time to come back. */
const askMs = 60_000
const tenantsAtOnce = 20

export class Rounds {
  readonly #options: RoundsOptions
  #asking: Timer | undefined
  #running: Promise<void> | undefined
  #stopped = false

  constructor(options: RoundsOptions) {
    this.#options = options
  }

  start(): void {
    this.#asking = this.#options.clock.every(askMs, () => {
      this.#running ??= this.#round().finally(() => {
        this.#running = undefined
      })
    })
  }

  async stop(): Promise<void> {
    this.#stopped = true
    this.#asking?.cancel()
    await this.#running
  }

  async #round(): Promise<void> {
    const { clock, store, warning } = this.#options
    try {
      const atMost = clock.now()
      // All that are due, or the rounds of many tenants would come ever later.
      for (let left = tenantsAtOnce; left === tenantsAtOnce && !this.#stopped; ) {
        const due = await store.tenantsDue({ table: 'status_round', column: 'due_at', atMost, limit: tenantsAtOnce })
        for (const tenantId of due) if (await this.#take(tenantId, atMost)) await this.#compare(tenantId)
        left = due.length
      }
    } catch (error) {
      // What is still wrong is found in the next round.
      warning.warn({ error })
    }
  }

  /** Of all nodes that see that it is due, one has it. */
  async #take(tenantId: string, dueAt: number): Promise<boolean> {
    const taken = await this.#options.store.of(tenantId).change(({ rows }) =>
      rows
        .updateTable('status_round')
        .set({ due_at: dueAt + roundMs })
        .where('due_at', '<=', dueAt)
        .returning('due_at')
        .execute(),
    )
    return taken.length > 0
  }

  /** Writes down who is told and there and is not known to be, and suspects who is known to be there and is not. */
  async #compare(tenantId: string): Promise<void> {
    const { batches, clock, isTold, online, secondLook, store } = this.#options
    const at = clock.now()
    const there = await online(tenantId)
    const rows = await store
      .of(tenantId)
      .read((read) =>
        read.selectFrom('user_status').select(['user_id', 'connected_at']).where('connected', '=', 1).execute(),
      )
    if (there.size === 0 && rows.length === 0) await this.#end(tenantId)
    const known = new Set<string>()
    for (const row of rows) {
      known.add(row.user_id)
      if (!there.has(row.user_id)) secondLook.at(tenantId, row.user_id, { at, connectedAt: row.connected_at })
    }
    const unknown = [...there].filter((userId) => !known.has(userId))
    const came = async (userId: string): Promise<void> => {
      if (await isTold(tenantId, userId)) await batches.add(tenantId, { userId, change: { kind: 'came', at } })
    }
    await Promise.all(unknown.map(came))
  }

  /** Nobody is there: the next who comes begins anew. */
  async #end(tenantId: string): Promise<void> {
    await this.#options.store.of(tenantId).change(({ rows }) => rows.deleteFrom('status_round').execute())
  }
}
