/** A log of rooms for the tests of features: what is archived goes to the store as the server does it, all else is a list. Nobody listens. */

import type { RoomEvent } from '@fanfare/protocol'
import { pageOf, rangeOf, sliceOf } from '../engine/range.ts'
import type { Draft, Published, PublishOptions, ReadQuery, RoomLog, Slice } from '../engine/room-log.ts'
import type { LogRoom } from '../model/room.ts'
import { type RoomKey, roomOfKey } from '../model/room-key.ts'
import { readJournal } from '../store/journal-read.ts'
import type { Store } from '../store/store.ts'

export type WorldLogOptions = {
  readonly store: Store
  /** Not of archived rooms: the store tells of those. */
  readonly published: (event: RoomEvent) => void
}

type Kept = { readonly events: RoomEvent[]; readonly keys: Map<string, RoomEvent> }

const epoch = 'memory'

export class WorldLog implements RoomLog {
  readonly #options: WorldLogOptions
  readonly #rooms = new Map<RoomKey, Kept>()

  constructor(options: WorldLogOptions) {
    this.#options = options
  }

  start = async () => async () => {}
  listen = async () => {}
  unlisten = async () => {}

  async publish(room: LogRoom, draft: Draft, { key }: PublishOptions = {}): Promise<Published> {
    return room.log.archive ? this.#journal(draft, key) : this.#append(room, draft, key)
  }

  async #journal(draft: Draft, key: string | undefined): Promise<Published> {
    const { id, room, type, data, userId, tenantId } = draft
    const by = userId === undefined ? {} : { userId }
    const event = await this.#options.store.of(tenantId).change(async (change) => {
      const [event] = await change.publish([{ id, room, type, data, ...by, ...(key === undefined ? {} : { key }) }])
      return event!
    })
    return answer(event, event.epoch, event.id !== id)
  }

  #append(room: LogRoom, draft: Draft, key: string | undefined): Published {
    const kept = this.#keptIn(room.key)
    const known = key === undefined ? undefined : kept.keys.get(key)
    if (known) return answer(known, epoch, true)
    const event: RoomEvent = { ...draft, offset: kept.events.length + 1 }
    kept.events.push(event)
    if (key !== undefined) kept.keys.set(key, event)
    this.#options.published(event)
    return answer(event, epoch, false)
  }

  #keptIn(key: RoomKey): Kept {
    const kept = this.#rooms.get(key) ?? { events: [], keys: new Map() }
    this.#rooms.set(key, kept)
    return kept
  }

  async read(room: LogRoom, query: ReadQuery): Promise<Slice> {
    if (room.log.archive) return this.#readJournal(room, query)
    const { events } = this.#keptIn(room.key)
    const state = { epoch, first: 1, top: events.length }
    const range = rangeOf(query, state)
    if (!range.ok) return { ok: false, reason: range.reason, top: { epoch, offset: state.top } }
    const found = events.slice(range.from - 1, range.to).map((event) => ({ event, bytes: 0 }))
    return sliceOf(state, range, pageOf(query, range, range.forwards ? found : found.reverse()))
  }

  async #readJournal(room: LogRoom, query: ReadQuery): Promise<Slice> {
    const { tenantId, name } = roomOfKey(room.key)
    const tenant = this.#options.store.of(tenantId)
    const sealer = await tenant.sealer()
    const since = Number.NEGATIVE_INFINITY
    const slice = await tenant.read((rows) => readJournal(rows, { room: name, query }, { tenantId, sealer, since }))
    return slice ?? { ok: true, events: [], top: { epoch, offset: 0 }, more: false }
  }

  async forget(room: LogRoom): Promise<void> {
    this.#rooms.delete(room.key)
  }
}

const answer = (event: RoomEvent, epoch: string, duplicate: boolean): Published => {
  const { id, offset, timestamp } = event
  const receipt = { id, epoch, offset, timestamp, durability: 'memory' as const }
  return duplicate ? { ...receipt, duplicate } : { ...receipt, duplicate, event }
}
