/** A broker that other nodes share: appends at once, delivers later and in order, loses deliveries and says so, and fails at times. */
import { FanfareError, type Position, type RoomEvent } from '@fanfare/protocol'
import { rangeOf } from '../engine/range.ts'
import type { Published, ReadQuery, RoomLog, RoomSink, Slice } from '../engine/room-log.ts'
import type { LogRoom } from '../model/room.ts'
import { type RoomKey, roomOfKey } from '../model/room-key.ts'
import type { Chance, Steps } from './race.chance.ts'

type Log = { epoch: string; top: number; events: RoomEvent[]; trimmed: number }
type Delivery = { readonly room: RoomKey } & (
  | { readonly lost: true }
  | { readonly epoch: string; readonly event: RoomEvent }
)

export class FakeBroker implements RoomLog {
  readonly listening = new Set<RoomKey>()
  readonly keep: number
  /** A listen resolves only once it has effect (I6). */
  acknowledges = true
  readonly #steps: Steps
  readonly #chance: Chance
  readonly #logs = new Map<string, Log>()
  readonly #deliveries: Delivery[] = []
  #sink: RoomSink | undefined
  #loses = false
  #fails = true
  #epochs = 0

  constructor(parts: { readonly steps: Steps; readonly chance: Chance; readonly keep: number }) {
    this.#steps = parts.steps
    this.#chance = parts.chance
    this.keep = parts.keep
  }

  async start(sink: RoomSink): Promise<() => Promise<void>> {
    this.#sink = sink
    return async () => {}
  }

  /** The next delivery will not arrive; that it did not is told in its place. */
  loseNext(): void {
    this.#loses = true
  }

  calm(): void {
    this.#fails = false
    this.#loses = false
  }

  troubled(): void {
    this.#fails = true
  }

  async listen(room: LogRoom): Promise<void> {
    const work = this.#listen(room)
    if (this.acknowledges) await work
    else work.catch(() => {})
  }

  async #listen({ key }: LogRoom): Promise<void> {
    await this.#steps.pause()
    this.#mayFail()
    this.listening.add(key)
    await this.#steps.pause()
  }

  async unlisten({ key }: LogRoom): Promise<void> {
    await this.#steps.pause()
    this.listening.delete(key)
    await this.#steps.pause()
  }

  publish(room: LogRoom): Promise<Published> {
    const name = roomOfKey(room.key).name
    const log = this.#log(name)
    const { epoch } = log
    const offset = ++log.top
    const event: RoomEvent = { id: '', type: 'e', tenantId: 't', room: name, offset, data: epoch, timestamp: '' }
    log.events.push(event)
    if (log.events.length > this.keep) log.trimmed = log.events.shift()!.offset
    if (this.#loses) this.#send({ room: room.key, lost: true })
    else this.#send({ room: room.key, epoch, event })
    this.#loses = false
    return Promise.resolve({ duplicate: false, event, id: '', epoch, offset, timestamp: '', durability: 'broker' })
  }

  async read(room: LogRoom, query: ReadQuery): Promise<Slice> {
    await this.#steps.pause()
    this.#mayFail()
    const { epoch, top, events } = this.#log(roomOfKey(room.key).name)
    const position = { epoch, offset: top }
    const range = rangeOf(query, { epoch, top, first: events[0]?.offset ?? top + 1 })
    const found = range.ok ? events.filter(({ offset }) => offset >= range.from && offset <= range.to) : []
    const page = found.slice(0, query.limit)
    await this.#steps.pause()
    return range.ok
      ? { ok: true, events: page, top: position, more: page.length < found.length }
      : { ...range, top: position }
  }

  async forget({ key }: LogRoom): Promise<void> {
    const { name } = roomOfKey(key)
    this.#logs.delete(name)
    this.#send({ room: key, lost: true })
  }

  topOf(name: string): Position {
    const { epoch, top } = this.#log(name)
    return { epoch, offset: top }
  }

  /** Whether what follows the position is really gone. */
  hasLost(name: string, from: Position): boolean {
    const { epoch, trimmed } = this.#log(name)
    return from.epoch !== epoch || from.offset < trimmed
  }

  #send(delivery: Delivery): void {
    if (!this.listening.has(delivery.room)) return
    this.#deliveries.push(delivery)
    this.#steps.later(() => this.#deliverNext())
  }

  #deliverNext(): void {
    const next = this.#deliveries.shift()!
    if ('lost' in next) this.#sink?.lost(next.room)
    else this.#sink?.deliver(next.room, next.epoch, next.event)
  }

  #mayFail(): void {
    if (this.#fails && this.#chance.below(12) === 0) throw new FanfareError('unavailable')
  }

  #log(name: string): Log {
    let log = this.#logs.get(name)
    if (!log) {
      const epoch = `e${++this.#epochs}`
      log = { epoch, top: 0, events: [], trimmed: 0 }
      this.#logs.set(name, log)
    }
    return log
  }
}
