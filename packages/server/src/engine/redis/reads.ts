/**
 * Reading for many at once: from the window where it may, else from the log; the same read under way is shared, and of a
 * crowd that comes back to a room one read extends its window for all. Nobody is given less than was known when they asked.
 */
import type { Log } from '../../lib/log.ts'
import type { LogRoom } from '../../model/room.ts'
import type { RoomKey } from '../../model/room-key.ts'
import { rangeOf } from '../range.ts'
import type { ReadQuery, Slice } from '../room-log.ts'
import type { Broker } from './broker.ts'
import type { Listened } from './listened.ts'
import { SharedAnswers } from './shared-answers.ts'
import type { Asked, Tick } from './tail.ts'
import { type AfterPosition, isAfterPosition, type Windows } from './windows.ts'

export type ReadsOptions = {
  readonly broker: Pick<Broker, 'read'>
  readonly windows: Windows
  readonly log: Log
  readonly tick: () => Tick
  readonly listened: (room: RoomKey) => Listened | undefined
  /** Every answer of the log is news of where the room is. */
  readonly learn: (room: LogRoom, slice: Slice, answer: Asked) => void
}

type UnderWay = Map<string, Promise<Slice>>

const extensionBytes = 1024 * 1024

export class Reads {
  readonly #options: ReadsOptions
  readonly #underWay = new Map<RoomKey, UnderWay>()
  /** Reads that will extend a window. */
  readonly #extending = new Map<Listened, Promise<unknown>>()
  /** Where rooms are now, for those who may have to be told that what they missed is lost. */
  readonly #tops = new SharedAnswers<Slice>()

  constructor(options: ReadsOptions) {
    this.#options = options
  }

  async read(room: LogRoom, query: ReadQuery): Promise<Slice> {
    const { windows } = this.#options
    const listened = this.#options.listened(room.key)
    if (!listened || !isAfterPosition(query)) return this.#shared(room, query)
    const answer = windows.answer(listened, query)
    if (answer) return answer
    if (windows.mayBeLost(listened, query.after)) return (await this.#refusal(room, query)) ?? this.#shared(room, query)
    if (!windows.trusts(listened) || !windows.couldReach(listened, query.after)) return this.#shared(room, query)
    return this.#extendOrWait(listened, query)
  }

  /** Something of the room came to be known: reads that are under way may have missed it, and are joined no more. */
  newer(room: RoomKey): void {
    this.#underWay.delete(room)
  }

  /** The first reads what it wants; whoever comes meanwhile waits, and if that was not enough one reads all that fits. */
  async #extendOrWait(listened: Listened, query: AfterPosition): Promise<Slice> {
    const { windows } = this.#options
    const first = this.#extending.get(listened)
    if (!first) return this.#extend(listened, query)
    await first
    const answer = windows.answer(listened, query)
    if (answer) return answer
    if (windows.trusts(listened)) await (this.#extending.get(listened) ?? this.#extendFully(listened))
    return windows.answer(listened, query) ?? this.#shared(listened.room, query)
  }

  /** However many come from wherever, one read of where the log is now says of all of them what is lost. */
  async #refusal(room: LogRoom, query: AfterPosition): Promise<Slice | undefined> {
    const { top } = await this.#tops.ask(room.key, () => this.#fromLog(room, { after: 'latest', limit: 1 }))
    const first = Math.max(1, top.offset - room.log.keep + 1)
    const range = rangeOf(query, { epoch: top.epoch, first, top: top.offset })
    return range.ok ? undefined : { ...range, top }
  }

  async #extend(listened: Listened, query: ReadQuery): Promise<Slice> {
    const reading = this.#shared(listened.room, query)
    // Whoever waits for it looks into the window, and sees for themselves when it failed.
    const extending = reading.then(
      (slice) => this.#options.windows.extend(listened, slice),
      (error: unknown) => this.#options.log.debug({ error }, 'a window could not be extended'),
    )
    this.#extending.set(listened, extending)
    await extending
    if (this.#extending.get(listened) === extending) this.#extending.delete(listened)
    return reading
  }

  async #extendFully(listened: Listened): Promise<void> {
    const { eventsPerRoom } = this.#options.windows
    const before = { epoch: listened.tail.epoch, offset: listened.hot.first }
    const limit = Math.max(1, eventsPerRoom - listened.hot.length)
    await this.#extend(listened, { before, limit, maxBytes: extensionBytes }).catch(() => undefined)
  }

  #shared(room: LogRoom, query: ReadQuery): Promise<Slice> {
    const name = nameOf(query)
    const before = this.#underWay.get(room.key)
    const same = before?.get(name)
    if (same) return same
    const all: UnderWay = before ?? new Map()
    this.#underWay.set(room.key, all)
    const reading = this.#fromLog(room, query).finally(() => {
      if (all.get(name) === reading) all.delete(name)
      if (all.size === 0 && this.#underWay.get(room.key) === all) this.#underWay.delete(room.key)
    })
    all.set(name, reading)
    return reading
  }

  async #fromLog(room: LogRoom, query: ReadQuery): Promise<Slice> {
    const { broker, tick, learn } = this.#options
    const asked = tick()
    const slice = await broker.read(room, query)
    learn(room, slice, { asked, now: tick() })
    return slice
  }
}

const nameOf = (query: ReadQuery): string => {
  const [way, from] = 'after' in query ? ['after', query.after] : ['before', query.before]
  const position = typeof from === 'object' ? `${from.offset} ${from.epoch}` : from
  return `${way} ${query.limit} ${query.maxBytes} ${position}`
}
