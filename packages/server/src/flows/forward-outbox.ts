/**
 * Publishes what users' own PostgreSQL transactions left in `fanfare_outbox`: woken by NOTIFY, and looking by itself so often
 * that it does not matter when a NOTIFY is lost or a pooler swallows it.
 */
import { FanfareError, type Json, toFanfareError } from '@fanfare/protocol'
import type { App } from '../app/app.ts'
import type { Clock, Timer } from '../lib/clock.ts'
import type { Log } from '../lib/log.ts'
import type { Metrics } from '../lib/metrics.ts'
import { SeldomWarning } from '../lib/seldom.ts'
import type { OpenedStore } from '../store/create-store.ts'
import { type Checked, moveOutbox, type OutboxRow, tenantsWaiting } from '../store/outbox.ts'
import { outboxName } from '../store/outbox-tables.ts'
import { checkSize } from './publish.ts'

export type OutboxRelayOptions = {
  readonly store: OpenedStore
  readonly app: Pick<App, 'room' | 'checkEvent'>
  readonly limits: { readonly messageBytes: number }
  readonly clock: Clock
  readonly log: Log
  readonly metrics: Metrics
  /** From 0 to below 1. @default Math.random */
  readonly random?: () => number
}

export type OutboxRelay = {
  /** After the forwarder, which is told of what this commits. Nothing is done where the store is not PostgreSQL. */
  start(): () => Promise<void>
}

const lookMs = 200
const longestPauseMs = 5_000
export const createOutboxRelay = (options: OutboxRelayOptions): OutboxRelay => ({
  start() {
    if (options.store.kind !== 'postgres') return async () => {}
    const running = new Running({ random: Math.random, ...options })
    running.start()
    return () => running.stop()
  },
})

class Running {
  readonly #options: Required<OutboxRelayOptions>
  readonly #warning: SeldomWarning
  #timer: Timer | undefined
  #looking: Promise<void> | undefined
  #again = false
  #failures = 0
  #stopped = false
  #unlisten: (() => void) | undefined

  constructor(options: Required<OutboxRelayOptions>) {
    this.#options = options
    this.#warning = new SeldomWarning(options, 'fanfare_outbox could not be looked into, which is tried again')
  }

  start(): void {
    this.#unlisten = this.#options.store.listen(outboxName, () => this.#look())
    this.#look()
  }

  async stop(): Promise<void> {
    this.#stopped = true
    this.#unlisten?.()
    this.#timer?.cancel()
    await this.#looking
  }

  /** What is said while it looks may be of rows that it did not see. */
  #look(): void {
    if (this.#stopped) return
    this.#again = true
    this.#looking ??= this.#lookWhileWanted().finally(() => {
      this.#looking = undefined
      this.#later()
    })
  }

  #later(): void {
    if (this.#stopped) return
    this.#timer?.cancel()
    const { clock, random } = this.#options
    const ms = Math.min(longestPauseMs, lookMs * 2 ** this.#failures)
    this.#timer = clock.after(ms * (0.8 + 0.2 * random()), () => this.#look())
  }

  /** Never throws. */
  async #lookWhileWanted(): Promise<void> {
    try {
      while (this.#again && !this.#stopped) {
        this.#again = false
        for (const tenantId of await tenantsWaiting(this.#options.store)) await this.#moveAll(tenantId)
      }
      this.#failures = 0
    } catch (error) {
      this.#failures++
      this.#warning.warn({ error })
    }
  }

  async #moveAll(tenantId: string): Promise<void> {
    const { metrics, store } = this.#options
    for (let more = true; more && !this.#stopped; ) {
      const { published, refused } = await moveOutbox(store, tenantId, (row) => this.#check(tenantId, row))
      metrics.add('fanfare_outbox_published_total', published)
      metrics.add('fanfare_outbox_refused_total', refused)
      more = published + refused > 0
    }
  }

  async #check(tenantId: string, row: OutboxRow): Promise<Checked> {
    const { app, limits, log } = this.#options
    try {
      const room = app.room(tenantId, row.room)
      const data = await app.checkEvent(room, row.event, parse(row.data))
      checkSize(data, limits.messageBytes)
      const draft = {
        room: room.name,
        type: row.event,
        data,
        ...(row.user_id === null ? {} : { userId: row.user_id }),
        ...(row.key === null ? {} : { key: `server|${row.key}` }),
      }
      return { ok: true, draft }
    } catch (error) {
      const { code, message } = toFanfareError(error)
      log.warn({ tenantId, id: row.id, code }, 'a row of fanfare_outbox cannot be published, and is set aside')
      return { ok: false, error: `${code}: ${message}` }
    }
  }
}

/** @throws FanfareError `invalid_payload` */
const parse = (text: string): Json => {
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new FanfareError('invalid_payload', 'Its data is not JSON.', { cause })
  }
}
