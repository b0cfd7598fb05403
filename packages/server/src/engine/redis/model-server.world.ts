/**
 * One server of the model broker: what it keeps, and its steps, each of them atomic. It can be taken back to an earlier
 * state or to nothing, as when a replica takes over or a process restarts; then its fence holds off writes for a second.
 */
import type { Position, RoomEvent } from '@fanfare/protocol'
import type { LogRoom } from '../../model/room.ts'
import { type RoomKey, roomOfKey } from '../../model/room-key.ts'
import { rangeOf } from '../range.ts'
import type { ReadQuery, Receipt, Slice } from '../room-log.ts'
import type { Heard, Known, Write, Written } from './broker.ts'

type Kept = { epoch: string; top: number; events: RoomEvent[]; keys: Map<string, Receipt> }
type Life = { readonly replid: number; readonly since: number }
export type ServerState = { readonly rooms: ReadonlyMap<RoomKey, Kept>; readonly life: Life | undefined }

export type ModelServerOptions = {
  readonly name: string
  /** Fan-out. */
  readonly tell: (heard: Heard) => void
  /** What was left of a log that was taken back is in this epoch now. */
  readonly carried: (epoch: string, events: readonly RoomEvent[]) => void
}

const fenceMs = 1_000

const copyOf = ({ epoch, top, events, keys }: Kept): Kept => ({ epoch, top, events: [...events], keys: new Map(keys) })

export class ModelServer {
  /** New with each process, and with each replica that takes over. */
  replid = 1
  up = true
  /** How often each room's log was another than before. */
  readonly changes = new Map<RoomKey, number>()
  /** Epochs that are over. */
  readonly ended = new Set<string>()
  readonly #name: string
  readonly #tell: (heard: Heard) => void
  readonly #carried: (epoch: string, events: readonly RoomEvent[]) => void
  #rooms = new Map<RoomKey, Kept>()
  #life: Life | undefined
  #epochs = 0

  constructor({ name, tell, carried }: ModelServerOptions) {
    this.#name = name
    this.#tell = tell
    this.#carried = carried
  }

  /** A connection begins: whoever comes first after a change raises the fence, unless there is nothing to fence. */
  arrive(now: number): void {
    if (this.#life?.replid === this.replid) return
    this.#life = { replid: this.replid, since: this.#life ? now : 0 }
  }

  fenced(replid: number, now: number): boolean {
    if (!this.#life) return false
    return this.#life.replid !== replid || (this.#life.since > 0 && now < this.#life.since + fenceMs)
  }

  write(writes: readonly Write[]): Written[] {
    return writes.map((write) => {
      const room = this.#open(write.room.key, write.known)
      return write.kind === 'publish' ? this.#publish(room, write) : this.#forget(write.room.key)
    })
  }

  compare(rooms: readonly Known[]): Position[] {
    return rooms.map(({ room, known }) => {
      const { epoch, top } = this.#open(room.key, known)
      return { epoch, offset: top }
    })
  }

  read(room: LogRoom, query: ReadQuery): Slice {
    const { epoch, top, events } = this.#open(room.key, undefined)
    const position = { epoch, offset: top }
    const range = rangeOf(query, { epoch, top, first: events[0]?.offset ?? top + 1 })
    if (!range.ok) return { ...range, top: position }
    const found = events.filter(({ offset }) => offset >= range.from && offset <= range.to)
    const page = range.forwards ? found.slice(0, query.limit) : found.slice(-query.limit)
    return { ok: true, events: page, top: position, more: page.length < found.length }
  }

  state(): ServerState {
    return { rooms: new Map([...this.#rooms].map(([key, kept]) => [key, copyOf(kept)])), life: this.#life }
  }

  /** Another process has this server's place, with what is given of its data. */
  become(state: ServerState | undefined): void {
    for (const [key, kept] of this.#rooms) {
      const next = state?.rooms.get(key)
      if (next?.epoch !== kept.epoch || next.top !== kept.top) this.#count(key)
      if (next?.epoch !== kept.epoch) this.ended.add(kept.epoch)
    }
    this.#rooms = new Map([...(state?.rooms ?? [])].map(([key, kept]) => [key, copyOf(kept)]))
    this.#life = state?.life
    this.replid++
  }

  /** For the judge: where the room is, without a trace. */
  look(
    key: RoomKey,
  ): { readonly epoch: string; readonly top: number; readonly events: readonly RoomEvent[] } | undefined {
    return this.#rooms.get(key)
  }

  #publish(room: Kept, write: Extract<Write, { kind: 'publish' }>): Written {
    const earlier = write.key === undefined ? undefined : room.keys.get(write.key)
    if (earlier) return { kind: 'published', receipt: { ...earlier, epoch: room.epoch }, duplicate: true }
    const { keep } = write.room.log
    const event = { ...write.draft, offset: ++room.top }
    const { id, offset, timestamp } = event
    const receipt = { id, epoch: room.epoch, offset, timestamp, durability: 'broker' } as const
    room.events.push(event)
    if (room.events.length > keep) room.events.shift()
    if (write.key !== undefined) room.keys.set(write.key, receipt)
    this.#tell({ kind: 'event', room: write.room.key, epoch: room.epoch, event })
    return { kind: 'published', receipt, duplicate: false }
  }

  #forget(key: RoomKey): Written {
    const { epoch } = this.#begin(key)
    this.#tell({ kind: 'forgotten', room: key, epoch })
    return { kind: 'forgotten', epoch }
  }

  #open(key: RoomKey, known: Position | undefined): Kept {
    const kept = this.#rooms.get(key)
    if (kept && !(known?.epoch === kept.epoch && known.offset > kept.top)) return kept
    const now = kept ? this.#goOn(key, kept) : this.#begin(key)
    if (known) this.#tell({ kind: 'forgotten', room: key, epoch: now.epoch })
    return now
  }

  /** What is left of it stays, under its offsets. */
  #goOn(key: RoomKey, kept: Kept): Kept {
    this.ended.add(kept.epoch)
    kept.epoch = this.#nextEpoch()
    this.#carried(kept.epoch, kept.events)
    this.#count(key)
    return kept
  }

  #begin(key: RoomKey): Kept {
    const before = this.#rooms.get(key)
    if (before) this.ended.add(before.epoch)
    const kept: Kept = { epoch: this.#nextEpoch(), top: 0, events: [], keys: new Map() }
    this.#rooms.set(key, kept)
    this.#count(key)
    return kept
  }

  #nextEpoch(): string {
    return `${this.#name}e${++this.#epochs}`
  }

  #count(key: RoomKey): void {
    this.changes.set(key, (this.changes.get(key) ?? 0) + 1)
  }
}

/** The room's name, as people say it. */
export const nameOf = (key: RoomKey): string => roomOfKey(key).name
