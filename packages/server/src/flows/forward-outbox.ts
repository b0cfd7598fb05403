/**
 * Publishes what users' own PostgreSQL transactions left in `fanfare_outbox`: woken by NOTIFY, and looking by itself so often
 * that it does not matter when a NOTIFY is lost or a pooler swallows it.
 */
import { FanfareError, type Json, type Limits, toFanfareError } from '@fanfare/protocol'
import type { App } from '../app/app.ts'
import type { Clock, Timer } from '../lib/clock.ts'
import type { Log } from '../lib/log.ts'
import type { Metrics } from '../lib/metrics.ts'
import { SeldomWarning } from '../lib/seldom.ts'
import { checkTenant } from '../model/room-key.ts'
import type { OpenedStore } from '../store/create-store.ts'
import {
  type Checked,
  moveOutbox,
  type OutboxRow,
  setAsideFirst,
  setAsideTenant,
  tenantsWaiting,
} from '../store/outbox.ts'
import { outboxName } from '../store/outbox-tables.ts'
import { checkSize } from './publish.ts'

export type OutboxRelayOptions = {
  readonly store: OpenedStore
  readonly app: Pick<App, 'room' | 'checkEvent'>
  readonly limits: Pick<Limits, 'idempotencyKeyBytes' | 'messageBytes'>
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
        for (const tenantId of await tenantsWaiting(this.#options.store)) await this.#moveOf(tenantId)
      }
      this.#failures = 0
    } catch (error) {
      this.#failures++
      this.#warning.warn({ error })
    }
  }

  /** What one tenant's rows do to the store is no other's affair. @throws FanfareError `unavailable` */
  async #moveOf(tenantId: string): Promise<void> {
    const { store } = this.#options
    const refusal = refusalOf(tenantId)
    if (refusal !== undefined) {
      this.#refused(tenantId, await setAsideTenant(store, tenantId, refusal))
      return
    }
    try {
      await this.#moveAll(tenantId)
    } catch (error) {
      if (isAway(error)) throw error
      await this.#moveOneByOne(tenantId)
    }
  }

  async #moveAll(tenantId: string): Promise<void> {
    for (let more = true; more && !this.#stopped; ) more = await this.#move(tenantId)
  }

  /** One of them cannot be written, and takes those that go with it along: whichever it is goes out of the way. */
  async #moveOneByOne(tenantId: string): Promise<void> {
    for (let more = true; more && !this.#stopped; ) {
      try {
        more = await this.#move(tenantId, 1)
      } catch (error) {
        if (isAway(error)) throw error
        const { code, message } = toFanfareError(error)
        const id = await setAsideFirst(this.#options.store, tenantId, `${code}: ${message}`)
        if (id === undefined) return
        this.#options.log.error({ error, tenantId, id }, 'a row of fanfare_outbox cannot be written, and is set aside')
        this.#refused(tenantId, 1)
      }
    }
  }

  async #move(tenantId: string, limit?: number): Promise<boolean> {
    const { metrics, store } = this.#options
    const check = (row: OutboxRow) => this.#check(tenantId, row)
    const moving = { tenantId, check, ...(limit === undefined ? {} : { limit }) }
    const { published, refused } = await moveOutbox(store, moving)
    metrics.add('fanfare_outbox_published_total', published)
    this.#refused(tenantId, refused)
    return published + refused > 0
  }

  #refused(tenantId: string, rows: number): void {
    const { log, metrics } = this.#options
    if (rows === 0) return
    metrics.add('fanfare_outbox_refused_total', rows)
    log.warn({ tenantId, rows }, 'rows of fanfare_outbox cannot be published, and are set aside')
  }

  async #check(tenantId: string, row: OutboxRow): Promise<Checked> {
    const { app, limits } = this.#options
    try {
      const room = app.room(tenantId, row.room)
      const data = await app.checkEvent(room, row.event, parse(row.data))
      checkSize(data, limits.messageBytes)
      checkKey(row.key, limits)
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
      return { ok: false, error: `${code}: ${message}` }
    }
  }
}

const isAway = (error: unknown): boolean => error instanceof FanfareError && error.code === 'unavailable'

/** Why this is the name of no tenant. */
const refusalOf = (tenantId: string): string | undefined => {
  try {
    checkTenant(tenantId)
    return undefined
  } catch (error) {
    const { code, message } = toFanfareError(error)
    return `${code}: ${message}`
  }
}

/** @throws FanfareError `bad_frame` */
const checkKey = (key: string | null, { idempotencyKeyBytes: most }: Pick<Limits, 'idempotencyKeyBytes'>): void => {
  if (key === null || (key !== '' && Buffer.byteLength(key) <= most)) return
  throw new FanfareError('bad_frame', `key: must be a text of 1 to ${most} bytes.`)
}

/** @throws FanfareError `invalid_payload` */
const parse = (text: string): Json => {
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new FanfareError('invalid_payload', 'Its data is not JSON.', { cause })
  }
}
