/**
 * One room's way from the journal to the engine: its events in order, then their reactions; which of them are done. Holds only
 * so many in memory, and reads the rest from the store when there is place again.
 */
import { toFanfareError } from '@fanfare/protocol'
import type { Room } from '../app/app.ts'
import type { Clock } from '../lib/clock.ts'
import type { Log } from '../lib/log.ts'
import type { Metrics } from '../lib/metrics.ts'
import type { SeldomWarning } from '../lib/seldom.ts'
import type { RoomKey } from '../model/room-key.ts'
import { roomEventOf } from '../store/journal-carrying.ts'
import { readEventsAfter, type SentRun } from '../store/journal-sent.ts'
import type { JournaledLog } from '../store/journaled-log.ts'
import type { JournalEvent, Store } from '../store/store.ts'
import { Runs } from './forward-runs.ts'
import type { Reactor } from './react.ts'

export type LaneParts = {
  readonly store: Store
  readonly journaled: Pick<JournaledLog, 'forward'>
  readonly reactor: Pick<Reactor, 'react'>
  readonly clock: Clock
  readonly log: Log
  readonly metrics: Metrics
  /** Said of what is tried again: an engine that is away would be told of for every room. */
  readonly warning: SeldomWarning
  readonly random: () => number
  /** Whether one more event may be held; over all lanes. */
  readonly hasPlace: () => boolean
  /** Counts what all lanes hold. */
  readonly hold: (by: number) => void
  /** Something is done, and can be noted. */
  readonly onDone: () => void
}

export type LaneRoom = {
  readonly tenantId: string
  readonly name: string
  readonly key: RoomKey
  /** Undefined where the application has it no longer: then there is nobody to hand its events to. */
  readonly room: Room | undefined
}

/** Events that are handed to the engine without waiting between them. */
const together = 256
const firstPauseMs = 100
const longestPauseMs = 5_000
const placeMs = 50

export class Lane {
  readonly #parts: LaneParts
  readonly #of: LaneRoom
  /** In the order of their offsets. */
  #queue: JournalEvent[] = []
  /** Those of the queue, those whose reactions run, and those that are done and not noted yet. */
  readonly #inHand = new Runs()
  readonly #done = new Runs()
  readonly #reactions = new Set<Promise<void>>()
  #epoch: string | undefined
  #notedUpTo = 0
  #working: Promise<void> | undefined
  #failures = 0
  #stopped = false
  /** More of the room is in the store: from after here. */
  #unreadAfter: number | undefined
  /** The highest offset that was seen, taken or not. */
  #seen = 0
  /** How often in a row what is done could not be noted. */
  skipped = 0
  /** Since when it has held its oldest, ms since 1970; undefined when it holds none. */
  heldSince: number | undefined

  constructor(parts: LaneParts, of: LaneRoom) {
    this.#parts = parts
    this.#of = of
  }

  get tenantId(): string {
    return this.#of.tenantId
  }

  get key(): RoomKey {
    return this.#of.key
  }

  /** It takes from the store what others left, or what there was no place for. */
  get isReading(): boolean {
    return this.#unreadAfter !== undefined
  }

  /** It has nothing to do, and nothing to note. */
  get isOver(): boolean {
    return this.isIdle && this.#done.isEmpty
  }

  get isIdle(): boolean {
    return this.#queue.length === 0 && this.#reactions.size === 0 && !this.#working && this.#unreadAfter === undefined
  }

  /** As they were committed here. */
  take(events: readonly JournalEvent[]): void {
    for (const event of events) {
      this.#seen = Math.max(this.#seen, event.offset)
      if (this.#unreadAfter !== undefined) continue
      if (this.#parts.hasPlace()) this.#put(event)
      else this.#unreadAfter = event.offset - 1
    }
    this.#work()
  }

  /** Takes whatever stands in the store after this offset, but for what is in hand. */
  takeFromStore(after: number): void {
    this.#unreadAfter = Math.min(after, this.#unreadAfter ?? after)
    this.#work()
  }

  /** What can be noted now: the first run that is done. */
  doneRun(): SentRun | undefined {
    const { first } = this.#done
    if (!first || this.#epoch === undefined) return undefined
    return { room: this.#of.name, epoch: this.#epoch, ...first, archive: this.#of.room?.log.archive }
  }

  /** The run was noted, by this node or another. */
  noted({ to, epoch }: SentRun): void {
    if (epoch !== this.#epoch) return
    this.skipped = 0
    this.#notedUpTo = Math.max(this.#notedUpTo, to)
    this.#done.removeUpTo(to)
    this.#inHand.removeUpTo(to)
    this.heldSince = this.#inHand.isEmpty ? undefined : this.#parts.clock.now()
  }

  /** What must not be taken over by others, since it is at work here. */
  heldRun(): SentRun | undefined {
    const { first } = this.#inHand
    const run = this.doneRun()
    if (!first || this.#epoch === undefined || (run && run.from === first.from && run.to === first.to)) return undefined
    return { room: this.#of.name, epoch: this.#epoch, ...first, archive: undefined }
  }

  /** Resolves once all that it has is handed on and reacted to. */
  async idle(): Promise<void> {
    while (!this.#stopped && !this.isIdle) await (this.#working ?? Promise.all(this.#reactions))
  }

  /** Takes nothing more; what is in the queue stays in the journal for the next. */
  async stop(): Promise<void> {
    this.#stopped = true
    this.#parts.hold(-this.#queue.length)
    this.#queue = []
    this.#unreadAfter = undefined
    await this.#working
  }

  #put(event: JournalEvent): void {
    if (event.epoch !== this.#epoch) this.#begin(event.epoch)
    if (event.offset <= this.#notedUpTo || this.#inHand.has(event.offset)) return
    this.#inHand.add(event.offset)
    this.heldSince ??= this.#parts.clock.now()
    this.#parts.hold(1)
    let index = this.#queue.length
    while (index > 0 && this.#queue[index - 1]!.offset > event.offset) index--
    if (index === this.#queue.length) this.#queue.push(event)
    else this.#queue.splice(index, 0, event)
  }

  /** The room was erased meanwhile: what was in hand of the epoch before is nobody's any more. */
  #begin(epoch: string): void {
    this.#parts.hold(-this.#queue.length)
    this.#queue = []
    this.#inHand.removeUpTo(Number.POSITIVE_INFINITY)
    this.#done.removeUpTo(Number.POSITIVE_INFINITY)
    this.#notedUpTo = 0
    this.#epoch = epoch
  }

  #work(): void {
    if (this.#working || this.#stopped) return
    this.#working = this.#workOff().finally(() => {
      this.#working = undefined
      // Something may have come between the last look and now.
      if (this.#queue.length > 0 || this.#unreadAfter !== undefined) this.#work()
      else this.#parts.onDone()
    })
  }

  /** Never throws. */
  async #workOff(): Promise<void> {
    while (!this.#stopped && (this.#queue.length > 0 || this.#unreadAfter !== undefined)) {
      try {
        if (this.#queue.length > 0) await this.#forwardSome()
        else if (this.#parts.hasPlace()) await this.#read()
        else await this.#wait(placeMs)
        this.#failures = 0
      } catch (error) {
        await this.#pause(error)
      }
    }
  }

  async #read(): Promise<void> {
    const { store } = this.#parts
    const after = this.#unreadAfter!
    const { tenantId, name } = this.#of
    const tenant = store.of(tenantId)
    const reading = { tenantId, sealer: await tenant.sealer(), limit: together }
    const events = await tenant.read((rows) => readEventsAfter(rows, { room: name, after }, reading))
    for (const event of events) this.#put(event)
    const last = events.at(-1)?.offset ?? after
    const isAll = events.length < together && last >= this.#seen
    this.#unreadAfter = isAll || events.length === 0 ? undefined : last
  }

  /** Hands the first of the queue to the engine, in order; when one fails, it and all after it are tried again. */
  async #forwardSome(): Promise<void> {
    const { journaled, metrics } = this.#parts
    const { room } = this.#of
    const epoch = this.#epoch
    const some = this.#queue.slice(0, together)
    const forwards = await Promise.allSettled(
      some.map((event) => (room ? journaled.forward(room, event) : Promise.resolve())),
    )
    const failed = forwards.findIndex((forward) => forward.status === 'rejected' && !this.#isHopeless(forward.reason))
    if (epoch !== this.#epoch || this.#stopped) return
    const count = failed < 0 ? some.length : failed
    this.#queue.splice(0, count)
    metrics.add('fanfare_forwarded_total', count)
    for (const event of some.slice(0, count)) this.#react(event)
    const failure = forwards[failed]
    if (failure?.status === 'rejected') throw failure.reason
  }

  #react(event: JournalEvent): void {
    const { reactor } = this.#parts
    const { room } = this.#of
    if (!room) {
      this.#finish(event)
      return
    }
    const reaction = reactor.react(room, roomEventOf(event), event.depth ?? 0).then((reacted) => {
      this.#reactions.delete(reaction)
      if (reacted === 'over') this.#finish(event)
    })
    this.#reactions.add(reaction)
  }

  #finish({ epoch, offset }: JournalEvent): void {
    this.#parts.hold(-1)
    if (epoch !== this.#epoch) return
    this.#done.add(offset)
    this.#parts.onDone()
  }

  /** What the engine will never take, such as one that is too large for it: readers of archived rooms find it in the store. */
  #isHopeless(error: unknown): boolean {
    const { code, retry } = toFanfareError(error)
    if (retry !== 'never' || code === 'internal') return false
    const { tenantId, name } = this.#of
    this.#parts.log.error({ error, tenantId, room: name }, 'the engine refuses an event; it is not handed on')
    return true
  }

  async #pause(error: unknown): Promise<void> {
    const { metrics, random, warning } = this.#parts
    metrics.add('fanfare_forward_failures_total')
    const { tenantId, name } = this.#of
    warning.warn({ error, tenantId, room: name })
    const most = Math.min(longestPauseMs, firstPauseMs * 2 ** this.#failures++)
    await this.#wait(most * (0.5 + random() / 2))
  }

  #wait(ms: number): Promise<void> {
    return new Promise<void>((resolve) => {
      this.#parts.clock.after(ms, resolve)
    })
  }
}
