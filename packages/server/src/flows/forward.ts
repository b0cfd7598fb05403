/**
 * From the journal to the engine, after the commit: in order for each room, at least once, and then the reactions. What this
 * node committed it forwards from memory; what a node that is gone left is found in the store.
 */
import { defaultLimits } from '@fanfare/protocol'
import type { App } from '../app/app.ts'
import type { Clock, Timer } from '../lib/clock.ts'
import type { Log } from '../lib/log.ts'
import type { Metrics } from '../lib/metrics.ts'
import { SeldomWarning } from '../lib/seldom.ts'
import { within } from '../lib/within.ts'
import { type RoomKey, roomKey } from '../model/room-key.ts'
import { claimUnsent, readUnsent, renewWaiting, type UnsentRoom } from '../store/journal-sent.ts'
import type { JournaledLog } from '../store/journaled-log.ts'
import type { CommittedEvents, Store } from '../store/store.ts'
import { Lane, type LaneParts } from './forward-lane.ts'
import { Notes } from './forward-notes.ts'
import { purgeJournal } from './forward-purge.ts'
import { roomOrNone } from './forward-room.ts'
import type { Reactor } from './react.ts'

export type ForwarderOptions = {
  readonly store: Store
  readonly journaled: Pick<JournaledLog, 'forward' | 'forwardRedaction'>
  readonly app: Pick<App, 'room'>
  readonly reactor: Pick<Reactor, 'react'>
  readonly clock: Clock
  readonly log: Log
  readonly metrics: Metrics
  /** From 0 to below 1. @default Math.random */
  readonly random?: () => number
  /** Events held in memory, over all rooms; what is more is read from the store again. @default 20,000 */
  readonly mostHeld?: number
  /** How long a room that is not archived remembers its keys. @default 5 minutes */
  readonly idempotencyMs?: number
  /** After which what nobody seems to have in hand is taken over. @default 3 s */
  readonly abandonedMs?: number
  /** Whether no other process writes to the store. @default SQLite */
  readonly alone?: boolean
}

export type Forwarder = {
  /**
   * After the engine has started, and before anything is committed: what is committed here is forwarded from now on.
   *
   * @returns waits a while for what is in hand, and ends it
   */
  start(): () => Promise<void>
  /**
   * Once everything that reactions need is there. Forwards what was left, in the background, now and every while.
   *
   * @throws FanfareError `unavailable` when it cannot be known now what was left
   */
  takeOver(): Promise<void>
}

const defaults = {
  random: Math.random,
  mostHeld: 20_000,
  idempotencyMs: defaultLimits.idempotencyMs,
  abandonedMs: 3_000,
}
/** More or less, so that nodes do not all look at once. */
const lookMs = 1_000
const purgeMs = 60_000
const spread = 0.2
/** Rooms that were left by others and are under way at a time; tenants and rooms of one look. */
const mostTakenOver = 200
const stopMs = 5_000

export const createForwarder = (options: ForwarderOptions): Forwarder => {
  const settings = { ...defaults, alone: options.store.kind === 'sqlite', ...options }
  const running = new Running(settings)
  return {
    start() {
      running.start()
      return () => running.stop()
    },
    takeOver: () => running.takeOver(),
  }
}

class Running {
  readonly #options: Required<ForwarderOptions>
  readonly #lanes = new Map<RoomKey, Lane>()
  readonly #parts: LaneParts
  readonly #notes: Notes
  readonly #warning: SeldomWarning
  readonly #timers = new Map<string, Timer>()
  #held = 0
  #unhear: (() => void) | undefined
  /** Where it has the store for itself, all that others left was found. */
  #foundAll = false
  #stopped = false

  constructor(options: Required<ForwarderOptions>) {
    this.#options = options
    const { clock, idempotencyMs, log, metrics, store } = options
    this.#warning = new SeldomWarning(
      { clock, log },
      'committed events could not be handed on yet, and are tried again',
    )
    this.#notes = new Notes({
      store,
      clock,
      warning: new SeldomWarning({ clock, log }, 'what was handed on could not be noted yet'),
      keyMs: idempotencyMs,
      lanes: () => this.#lanes.values(),
      onOver: (lane) => this.#remove(lane),
    })
    this.#parts = {
      ...options,
      warning: this.#warning,
      hasPlace: () => this.#held < options.mostHeld,
      hold: (by) => {
        this.#held += by
      },
      onDone: () => this.#notes.soon(),
    }
    metrics.gauge('fanfare_journal_unsent', () => this.#held)
  }

  start(): void {
    this.#unhear = this.#options.store.onCommitted((committed) => this.#take(committed))
  }

  async takeOver(): Promise<void> {
    await this.#look()
    this.#every('look', lookMs, () => this.#look())
    this.#every('purge', purgeMs, () => purgeJournal({ ...this.#options, keyMs: this.#options.idempotencyMs }))
  }

  async stop(): Promise<void> {
    this.#unhear?.()
    this.#stopped = true
    for (const timer of this.#timers.values()) timer.cancel()
    await within(this.#options.clock, stopMs, this.#idle())
    await Promise.all([...this.#lanes.values()].map((lane) => lane.stop()))
    await this.#notes.flush()
    this.#notes.stop()
  }

  async #idle(): Promise<void> {
    for (const lane of this.#lanes.values()) await lane.idle()
  }

  #take({ tenantId, events, redacted = [] }: CommittedEvents): void {
    for (const [room, some] of Map.groupBy(events, (event) => event.room)) this.#laneOf(tenantId, room).take(some)
    const { app, journaled } = this.#options
    for (const name of redacted) {
      const room = roomOrNone(app, tenantId, name)
      // Who misses it lets go of what it holds a few minutes later all the same.
      if (room)
        journaled.forwardRedaction(room).catch((error: unknown) => this.#warning.warn({ error, tenantId, room: name }))
    }
  }

  #laneOf(tenantId: string, name: string): Lane {
    const key = roomKey(tenantId, name)
    const known = this.#lanes.get(key)
    if (known) return known
    const room = roomOrNone(this.#options.app, tenantId, name)
    if (!room) this.#warning.warn({ tenantId, room: name, reason: 'the application has no such room' })
    const lane = new Lane(this.#parts, { tenantId, name, key, room })
    this.#lanes.set(key, lane)
    return lane
  }

  #remove(lane: Lane): void {
    if (this.#lanes.get(lane.key) === lane) this.#lanes.delete(lane.key)
  }

  /** For what others left; where there are none, until all of it is found. */
  async #look(): Promise<void> {
    const { abandonedMs, alone, clock } = this.#options
    if (!alone) await this.#renew()
    if (alone && this.#foundAll) return
    const waitingSince = clock.now() - (alone ? 0 : abandonedMs)
    let places = mostTakenOver - [...this.#lanes.values()].filter((lane) => lane.isReading).length
    while (places > 0) {
      const found = await this.#lookOnce(waitingSince, places)
      if (found === 0) {
        this.#foundAll = true
        return
      }
      places -= found
    }
  }

  async #lookOnce(waitingSince: number, limit: number): Promise<number> {
    const { store } = this.#options
    const due = { table: 'journal_room', column: 'waiting_since', atMost: waitingSince, limit } as const
    let found = 0
    for (const tenantId of await store.tenantsDue(due)) {
      const rooms = await store.of(tenantId).read((rows) => readUnsent(rows, { waitingSince, limit }))
      for (const room of rooms) await this.#takeOver(tenantId, room)
      found += rooms.length
    }
    return found
  }

  async #takeOver(tenantId: string, unsent: UnsentRoom): Promise<void> {
    const { clock, store } = this.#options
    // Later than what was looked for, so that the next look does not find it again.
    const claimed = await store.of(tenantId).change(({ rows }) => claimUnsent(rows, unsent, clock.now() + 1))
    if (claimed && !this.#stopped) this.#laneOf(tenantId, unsent.room).takeFromStore(unsent.sent)
  }

  /** Says of what takes long that it is in hand. */
  async #renew(): Promise<void> {
    const { abandonedMs, clock, store } = this.#options
    const before = clock.now() - abandonedMs / 3
    const slow = [...this.#lanes.values()].filter(({ heldSince }) => heldSince !== undefined && heldSince <= before)
    for (const [tenantId, lanes] of Map.groupBy(slow, (lane) => lane.tenantId)) {
      const runs = lanes.map((lane) => lane.heldRun()).filter((run) => run !== undefined)
      if (runs.length > 0) await store.of(tenantId).change(({ rows }) => renewWaiting(rows, runs, clock.now()))
    }
  }

  #every(name: string, ms: number, work: () => Promise<void>): void {
    const { clock, random } = this.#options
    if (this.#stopped) return
    const wait = ms * (1 - spread + 2 * spread * random())
    const timer = clock.after(wait, () => {
      work()
        .catch((error: unknown) => this.#warning.warn({ error }))
        .finally(() => this.#every(name, ms, work))
    })
    this.#timers.set(name, timer)
  }
}
