/**
 * The rooms that are durable: their logs are in SQLite, their newest events in memory too. A publish is acknowledged, and
 * delivered, only after its commit (I2); an epoch outlives the process (I4). Writing is `group-commit.ts`.
 */
import { FanfareError, type Position, type RoomEvent } from '@fanfare/protocol'
import { deferred } from '../../lib/deferred.ts'
import type { Log } from '../../lib/log.ts'
import type { Metrics } from '../../lib/metrics.ts'
import type { Soon } from '../../lib/soon.ts'
import type { LogRoom } from '../../model/room.ts'
import type { RoomKey } from '../../model/room-key.ts'
import { Chain } from '../chain.ts'
import type { Delivery } from '../delivery.ts'
import { HotWindows, type HotWindowsOptions } from '../hot-windows.ts'
import { pageOf, type Range, rangeOf, sliceOf } from '../range.ts'
import { type Entry, walk } from '../ring.ts'
import type { Draft, Published, ReadQuery, Slice } from '../room-log.ts'
import { weightOf } from '../weight.ts'
import type { EngineDisk } from './disk.ts'
import { beginAgain, type DurableRoom, eventOfRow, firstKept, newRoom, type Standing, sizeOf } from './durable-room.ts'
import { GroupCommit, type PublishOperation, type Written } from './group-commit.ts'
import { type OpenedDatabase, openDatabase } from './open-database.ts'
import type { EventRow, KeyRow, RoomRow } from './tables.ts'
import { TrimDisk } from './trim-disk.ts'

export type DurableLogOptions = {
  readonly disk: EngineDisk
  readonly delivery: Delivery
  readonly log: Log
  readonly metrics: Metrics
  readonly idempotencyMs: number
  readonly hot: HotWindowsOptions
  /** Rooms that memory knows at a time; more, only while they are listened to or written. */
  readonly rooms: number
}

export type DurablePublishOptions = { readonly key: string | undefined; readonly react: boolean; readonly now: number }

/** A room that nobody listens to, nor used for this long, leaves memory; the disk remembers it. */
const idleMs = 60_000
/** Rooms looked at for one that may leave when there are too many. */
const letGoTries = 8

export class DurableLog {
  readonly #options: DurableLogOptions
  readonly #opened: OpenedDatabase
  readonly #rooms = new Map<RoomKey, DurableRoom>()
  readonly #byId = new Map<number, DurableRoom>()
  readonly #byUse = new Chain<DurableRoom>()
  readonly #hot: HotWindows<DurableRoom>
  readonly #commit: GroupCommit
  readonly #trim: TrimDisk
  #lastRoomId: number
  /** What an earlier process left undone, until it was asked for. */
  #leftUndone: ReadonlySet<string>

  private constructor(options: DurableLogOptions, opened: OpenedDatabase) {
    const { database, tables } = opened
    const { idempotencyMs } = options
    this.#options = options
    this.#opened = opened
    this.#lastRoomId = opened.lastRoomId
    this.#leftUndone = opened.leftUndone
    this.#hot = new HotWindows(options.hot)
    this.#trim = new TrimDisk({ database, tables, idempotencyMs, loaded: (id) => this.#byId.get(id) })
    this.#commit = new GroupCommit({
      database,
      tables,
      group: opened.group,
      idempotencyMs,
      committed: (group) => this.#count(group),
      apply: (written, standings) => this.#apply(written, standings),
    })
  }

  /** @throws what SQLite throws */
  static open(options: DurableLogOptions): DurableLog {
    return new DurableLog(options, openDatabase(options.disk, options.log))
  }

  /** Commits what was accepted, then lets go of the files. */
  close(): void {
    this.#commit.drain()
    this.#opened.database.close()
    this.#opened.counter.close()
  }

  /** Rooms that memory knows. */
  get size(): number {
    return this.#rooms.size
  }

  /** @throws FanfareError `unavailable`, `overloaded` */
  publish(logRoom: LogRoom, draft: Draft, options: DurablePublishOptions): Soon<Published> {
    const room = this.#open(logRoom, options.now)
    return options.key === undefined
      ? this.#append(room, draft, options)
      : this.#appendOnce(room, draft, { ...options, key: options.key })
  }

  #append(room: DurableRoom, draft: Draft, { key, react, now }: DurablePublishOptions): Promise<Published> {
    const settle = deferred<Published>()
    this.#commit.add({ kind: 'publish', room, draft, body: JSON.stringify(draft), key, react, at: now, settle })
    return settle.promise
  }

  async #appendOnce(
    room: DurableRoom,
    draft: Draft,
    options: DurablePublishOptions & { readonly key: string },
  ): Promise<Published> {
    const { key, now } = options
    const first = room.inFlight.get(key)
    if (first) return duplicateOf(await first)
    const earlier = this.#findKey(room, key, now)
    if (earlier) return earlier
    const appended = this.#append(room, draft, options)
    room.inFlight.set(key, appended)
    try {
      return await appended
    } finally {
      room.inFlight.delete(key)
    }
  }

  read(logRoom: LogRoom, query: ReadQuery, now: number): Slice {
    const { tables } = this.#opened
    const room = this.#open(logRoom, now)
    return this.#try(() => {
      const state = { epoch: room.epoch, first: firstKept(room, tables, now), top: room.hot.top }
      const range = rangeOf(query, state)
      if (!range.ok) return { ...range, top: { epoch: state.epoch, offset: state.top } }
      // No page needs more than its limit, so the newest page is read from memory however long the log is.
      const from = range.forwards ? range.from : Math.max(range.from, range.to - Math.max(1, query.limit) + 1)
      const events =
        from >= room.hot.first
          ? pageOf(query, range, walk(room.hot, { ...range, from }))
          : this.#fromDisk(room, query, range)
      return sliceOf(state, range, events)
    })
  }

  /** What is read right below the window goes into it: of a crowd that comes back to a room, one reads the disk. */
  #fromDisk(room: DurableRoom, query: ReadQuery, range: Range): readonly RoomEvent[] {
    this.#options.metrics.add('fanfare_log_reads_total')
    const read: Entry[] = []
    const events = pageOf(query, range, this.#walkDisk(room, range, read))
    if (!range.forwards) read.reverse()
    const below = read.filter(({ event }) => event.offset < room.hot.first)
    if (below.at(-1)?.event.offset === room.hot.first - 1) this.#hot.extend(room, below)
    return events
  }

  async forget(logRoom: LogRoom, now: number): Promise<void> {
    const settle = deferred()
    this.#commit.add({ kind: 'forget', room: this.#open(logRoom, now), settle })
    await settle.promise
  }

  /** Once. The keys of what these reactions have already published count anew from `now`, however long no process ran. */
  unreacted(now: number): readonly RoomEvent[] {
    const { tables } = this.#opened
    if (this.#leftUndone.size === 0) return []
    return this.#try(() => {
      tables.renewKeys.run(now)
      const events = (tables.listUnreacted.all() as unknown as EventRow[]).map(eventOfRow)
      const left = events.filter(({ id }) => this.#leftUndone.has(id))
      this.#leftUndone = new Set()
      return left
    })
  }

  reacted(event: RoomEvent): void {
    this.#commit.reacted(event.id)
  }

  /** Lets go of what is too old in memory and on disk. */
  sweep(now: number): void {
    this.#commit.drain()
    for (let room = this.#byUse.oldest; room && room.usedAt + idleMs <= now; room = this.#byUse.oldest) {
      this.#letGo(room, now)
    }
    try {
      this.#trim.run(now)
    } catch (error) {
      this.#options.log.warn({ error }, 'old events could not be taken off the disk; it is tried again')
    }
  }

  #open(logRoom: LogRoom, now: number): DurableRoom {
    const known = this.#rooms.get(logRoom.key)
    if (known) {
      known.policy = logRoom.log
      this.#use(known, now)
      return known
    }
    const room = this.#try(() => this.#load(logRoom))
    for (let tries = 0; tries < letGoTries && this.#rooms.size >= this.#options.rooms; tries++) {
      this.#letGo(this.#byUse.oldest!, now)
    }
    room.usedAt = now
    this.#rooms.set(room.key, room)
    this.#byId.set(room.id, room)
    this.#byUse.add(room)
    return room
  }

  #use(room: DurableRoom, now: number): void {
    room.usedAt = now
    this.#byUse.touch(room)
  }

  /** A room that is needed stays, and counts as used. */
  #letGo(room: DurableRoom, now: number): void {
    if (room.waiting > 0 || this.#options.delivery.listensTo(room.key)) {
      this.#use(room, now)
      return
    }
    this.#hot.drop(room)
    this.#rooms.delete(room.key)
    this.#byId.delete(room.id)
    this.#byUse.remove(room)
  }

  #load({ key, log: policy }: LogRoom): DurableRoom {
    const { tables, unwrittenEpoch } = this.#opened
    const row = tables.findRoom.get(key) as RoomRow | undefined
    if (!row) return newRoom(key, ++this.#lastRoomId, { epoch: unwrittenEpoch, top: 0, lowest: 1, policy })
    const { offset } = tables.lowestOffset.get(row.id) as { offset: number | null }
    return newRoom(key, row.id, { epoch: row.epoch, top: row.top, lowest: offset ?? row.top + 1, policy })
  }

  #findKey(room: DurableRoom, key: string, now: number): Published | undefined {
    const since = now - this.#options.idempotencyMs
    const row = this.#try(() => this.#opened.tables.findKey.get(room.id, key, since) as KeyRow | undefined)
    return row && { ...row, epoch: room.epoch, durability: 'disk', duplicate: true }
  }

  /** @param read all that was taken, in this order */
  *#walkDisk(room: DurableRoom, { from, to, forwards }: Range, read: Entry[]): Generator<Entry> {
    const { tables } = this.#opened
    const hole = () => new FanfareError('internal', `Offset ${expected} is missing from the log on disk.`)
    let expected = forwards ? from : to
    for (const row of (forwards ? tables.eventsUp : tables.eventsDown).iterate(room.id, from, to)) {
      const { offset, at, body } = row as unknown as EventRow
      // A hole must never look like a page (I5).
      if (offset !== expected) throw hole()
      expected += forwards ? 1 : -1
      const event = eventOfRow({ offset, body })
      const entry = { event, at, bytes: sizeOf(body, offset), weight: weightOf(event) }
      read.push(entry)
      yield entry
    }
    if (expected >= from && expected <= to) throw hole()
  }

  #apply(written: readonly Written[], standings: ReadonlyMap<DurableRoom, Standing>): void {
    for (const { operation, position } of written) {
      if (operation.kind === 'publish') this.#applyPublish(operation, position)
      else {
        this.#hot.drop(operation.room)
        beginAgain(operation.room, position.epoch)
        operation.settle.resolve()
        this.#options.delivery.lost(operation.room.key)
      }
    }
    for (const [room, { lowest }] of standings) room.lowest = lowest
  }

  #applyPublish({ room, draft, body, at, settle }: PublishOperation, { epoch, offset }: Position): void {
    const event = { ...draft, offset }
    const { id, timestamp } = draft
    this.#hot.append(room, { event, at, bytes: sizeOf(body, offset), weight: weightOf(event) })
    settle.resolve({ duplicate: false, event, id, epoch, offset, timestamp, durability: 'disk' })
    this.#options.delivery.deliver(room.key, epoch, event)
  }

  #count(group: number): void {
    try {
      this.#opened.counter.write(group)
    } catch (error) {
      this.#options.log.warn({ error }, 'the counter beside the database could not be written')
    }
  }

  /** @throws FanfareError `unavailable` for whatever the database throws */
  #try<T>(work: () => T): T {
    try {
      return work()
    } catch (cause) {
      if (cause instanceof FanfareError) throw cause
      throw new FanfareError('unavailable', 'The disk could not be read.', { cause })
    }
  }
}

const duplicateOf = ({ id, epoch, offset, timestamp, durability }: Published): Published => ({
  duplicate: true,
  id,
  epoch,
  offset,
  timestamp,
  durability,
})
