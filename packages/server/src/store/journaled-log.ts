/**
 * The engine's log, with the store under it: what archived rooms say stands in the journal and has its position from there; the
 * engine carries it to the nodes that listen, and may lose, double or reorder it. Rooms without an archive pass straight through.
 *
 * I1 and I2 hold for whoever listens, whatever the engine does: what comes too early waits for what is missing, which is read
 * from the store, and what comes again is dropped. I4: the journal's epochs outlive the engine's logs.
 */
import { FanfareError, type RoomEvent } from '@fanfare/protocol'
import { HotWindows, type HotWindowsOptions } from '../engine/hot-windows.ts'
import type { Draft, Published, PublishOptions, RoomLog, RoomSink } from '../engine/room-log.ts'
import type { Clock } from '../lib/clock.ts'
import { type Ids, uuidv7 } from '../lib/ids.ts'
import type { Log } from '../lib/log.ts'
import type { Metrics } from '../lib/metrics.ts'
import type { Soon } from '../lib/soon.ts'
import type { LogRoom } from '../model/room.ts'
import { type RoomKey, roomKey, roomOfKey } from '../model/room-key.ts'
import { type Batches, createBatches } from './batches.ts'
import { carried, carriedRedaction, carrierOf, draftOf, roomEventOf, unpack } from './journal-carrying.ts'
import { JournalReads } from './journal-reads.ts'
import { type Write, writeAll } from './journal-writes.ts'
import { JournaledRoom } from './journaled-room.ts'
import type { CommittedEvents, JournalEvent, Store } from './store.ts'

export type JournaledLogOptions = {
  /** The engine's. */
  readonly inner: RoomLog
  readonly store: Store
  readonly clock: Clock
  readonly log: Log
  readonly metrics: Metrics
  /** @default uuidv7 */
  readonly ids?: Ids
  /** @default 256 events a room, 64 MB in all */
  readonly hot?: HotWindowsOptions
  /**
   * What the engine is asked to carry: `heard` where no other node is there to hear it, so that a room in which nobody is costs
   * the engine nothing. @default 'all'
   */
  readonly carries?: 'all' | 'heard'
  /** How long what came too early waits before the store is asked for what is missing. @default 20 */
  readonly repairMs?: number
}

export type JournaledLog = RoomLog & {
  /**
   * Has the engine carry a committed event to all nodes; called in the order of a room's events, keeps it. Of rooms that are not
   * archived this is their publish, which done again within `idempotencyMs` does nothing.
   *
   * @throws FanfareError `unavailable`
   */
  forward(room: LogRoom, event: JournalEvent): Promise<void>
  /** Has all nodes let go of what they hold of the room's earlier events. @throws FanfareError `unavailable` */
  forwardRedaction(room: LogRoom): Promise<void>
}

const defaults = {
  ids: uuidv7,
  hot: { eventsPerRoom: 256, bytes: 64 * 1024 * 1024 },
  carries: 'all',
  repairMs: 20,
} as const
const mostWaiting = 1_000
const retryMs = 1_000
const repairEvents = 300

export const createJournaledLog = (options: JournaledLogOptions): JournaledLog =>
  new Journaled({ ...defaults, ...options })

class Journaled implements JournaledLog {
  readonly #options: Required<JournaledLogOptions>
  readonly #reads: JournalReads
  readonly #windows: HotWindows<JournaledRoom>
  readonly #heard = new Map<RoomKey, JournaledRoom>()
  readonly #repairing = new Set<JournaledRoom>()
  readonly #writes: Batches<Write, JournalEvent | undefined>
  #sink: RoomSink | undefined

  constructor(options: Required<JournaledLogOptions>) {
    this.#options = options
    this.#reads = new JournalReads(options)
    this.#windows = new HotWindows(options.hot)
    const { clock, store } = options
    this.#writes = createBatches({ store, run: (change, writes) => writeAll(change, writes, clock.now()) })
  }

  /** Rooms of which it holds something. */
  get listened(): number {
    return this.#heard.size
  }

  async start(sink: RoomSink): Promise<() => Promise<void>> {
    this.#sink = sink
    const unhear = this.#options.store.onCommitted((committed) => this.#know(committed))
    const stop = await this.#options.inner.start({
      deliver: (key, epoch, event) => this.#hear(key, epoch, event),
      lost: (key) => this.#lose(key),
    })
    return async () => {
      unhear()
      await stop()
      for (const heard of this.#heard.values()) heard.end()
      this.#heard.clear()
      this.#sink = undefined
    }
  }

  async listen(room: LogRoom): Promise<void> {
    const { inner } = this.#options
    if (!room.log.archive) return inner.listen(room)
    // Before the engine listens, so that what it delivers at once is not taken for another room's.
    const heard = this.#heard.get(room.key) ?? this.#roomOf(room)
    this.#heard.set(room.key, heard)
    try {
      await inner.listen(carrierOf(room))
    } catch (error) {
      // Nobody ends what has never begun.
      if (!heard.listens) this.#forgetHeard(heard)
      throw error
    }
    heard.begin()
  }

  async unlisten(room: LogRoom): Promise<void> {
    const heard = this.#heard.get(room.key)
    if (heard) this.#forgetHeard(heard)
    await this.#options.inner.unlisten(room.log.archive ? carrierOf(room) : room)
  }

  #forgetHeard(heard: JournaledRoom): void {
    heard.end()
    this.#heard.delete(heard.room.key)
  }

  publish(room: LogRoom, draft: Draft, options?: PublishOptions): Soon<Published> {
    return room.log.archive
      ? this.#publishArchived(room, draft, options)
      : this.#options.inner.publish(room, draft, options)
  }

  async #publishArchived(room: LogRoom, draft: Draft, options?: PublishOptions): Promise<Published> {
    const { tenantId, name } = roomOfKey(room.key)
    const { id, type, userId, data } = draft
    const { key, depth } = options ?? {}
    const event = await this.#write(tenantId, {
      kind: 'publish',
      draft: {
        room: name,
        id,
        type,
        data,
        ...(userId === undefined ? {} : { userId }),
        ...(key === undefined ? {} : { key }),
        ...(depth === undefined ? {} : { depth }),
      },
    })
    if (!event) throw new FanfareError('internal', 'A publish was answered with something else.')
    const { epoch, offset, timestamp } = event
    const receipt = { id: event.id, epoch, offset, timestamp, durability: 'disk' } as const
    return event.id === id
      ? { ...receipt, duplicate: false, event: roomEventOf(event) }
      : { ...receipt, duplicate: true }
  }

  async read(...[room, query]: Parameters<RoomLog['read']>): ReturnType<RoomLog['read']> {
    if (!room.log.archive) return this.#options.inner.read(room, query)
    this.#checkRunning()
    return this.#reads.read(room, query, this.#heard.get(room.key))
  }

  async forget(room: LogRoom): Promise<void> {
    const { inner } = this.#options
    if (!room.log.archive) return inner.forget(room)
    const { tenantId, name } = roomOfKey(room.key)
    await this.#write(tenantId, { kind: 'forget', room: name, unique: room.log.unique === true })
    // Tells every node that listens that it lost its place.
    await inner.forget(carrierOf(room))
  }

  async forward(room: LogRoom, event: JournalEvent): Promise<void> {
    const { inner } = this.#options
    if (room.log.archive) {
      // Whoever listens from now on reads the store after that, where the event is.
      if (this.#options.carries === 'all' || this.#heard.has(room.key))
        await inner.publish(carrierOf(room), carried(event))
    } else await inner.publish(room, draftOf(event), { key: `journal|${event.epoch}|${event.offset}` })
  }

  async forwardRedaction(room: LogRoom): Promise<void> {
    const { clock, ids, inner } = this.#options
    if (!room.log.archive || (this.#options.carries === 'heard' && !this.#heard.has(room.key))) return
    const { tenantId, name } = roomOfKey(room.key)
    await inner.publish(carrierOf(room), carriedRedaction(tenantId, name, ids(clock.now())))
  }

  /** In the order in which they are asked for. */
  async #write(tenantId: string, write: Write): Promise<JournalEvent | undefined> {
    this.#checkRunning()
    return this.#writes.add(tenantId, write)
  }

  /** @throws FanfareError `unavailable` before the start and after the end */
  #checkRunning(): void {
    if (!this.#sink) throw new FanfareError('unavailable', 'The engine is not running.')
  }

  #roomOf(room: LogRoom): JournaledRoom {
    return new JournaledRoom({
      room,
      windows: this.#windows,
      mostWaiting,
      deliver: (epoch, event) => this.#sink?.deliver(room.key, epoch, event),
    })
  }

  /** What was committed here is known here before anybody is told that it was. */
  #know({ tenantId, events, redacted = [] }: CommittedEvents): void {
    const now = this.#options.clock.now()
    for (const event of events) {
      this.#heard.get(roomKey(tenantId, event.room))?.know(event.epoch, roomEventOf(event), now)
    }
    for (const room of redacted) this.#heard.get(roomKey(tenantId, room))?.redact()
  }

  #hear(key: RoomKey, epoch: string, event: RoomEvent): void {
    const heard = this.#heard.get(key)
    if (!heard) {
      this.#sink?.deliver(key, epoch, event)
      return
    }
    const unpacked = unpack(event)
    if (unpacked.kind === 'redaction') heard.redact()
    else if (unpacked.kind === 'unknown')
      this.#options.log.debug({ event: event.id }, 'an event of no journal was passed over')
    else this.#take(heard, unpacked.epoch, unpacked.event)
  }

  #take(heard: JournaledRoom, epoch: string, event: RoomEvent): void {
    const how = heard.hear(epoch, event, this.#options.clock.now())
    if (how === 'lost') this.#lose(heard.room.key)
    if (how === 'waits') this.#repairSoon(heard, this.#options.repairMs)
  }

  #lose(key: RoomKey): void {
    this.#heard.get(key)?.lose()
    this.#sink?.lost(key)
  }

  /** Others that forward may be about to; what they do not is read. */
  #repairSoon(heard: JournaledRoom, ms: number): void {
    if (this.#repairing.has(heard)) return
    this.#repairing.add(heard)
    this.#options.clock.after(ms, () => {
      this.#repair(heard)
        .then(
          () => 0,
          (error: unknown) => {
            this.#options.log.warn({ error, room: heard.room.key }, 'events that are missing could not be read yet')
            return retryMs
          },
        )
        .then((again) => {
          this.#repairing.delete(heard)
          if (heard.isWaiting && !heard.ended) this.#repairSoon(heard, again)
        })
    })
  }

  async #repair(heard: JournaledRoom): Promise<void> {
    const { clock, metrics } = this.#options
    const after = heard.delivered
    if (heard.ended || !heard.isWaiting || !after) return
    metrics.add('fanfare_repairs_total')
    const slice = await this.#reads.read(heard.room, { after, limit: repairEvents, live: true }, heard)
    // Meanwhile it may have been lost, and begun again elsewhere.
    if (heard.ended || heard.delivered?.epoch !== after.epoch) return
    if (!slice.ok) {
      this.#lose(heard.room.key)
      return
    }
    try {
      for (const event of slice.events) heard.hear(slice.top.epoch, event, clock.now())
    } catch (error) {
      this.#lose(heard.room.key)
      throw error
    }
  }
}
