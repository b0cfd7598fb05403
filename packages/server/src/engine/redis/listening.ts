/**
 * The rooms that this node listens to: what comes is given to each room's tail, and what the tail says is done, in order.
 * Owns no connection and no policy of its own.
 */
import { FanfareError, type Position } from '@fanfare/protocol'
import type { Metrics } from '../../lib/metrics.ts'
import type { LogRoom } from '../../model/room.ts'
import type { RoomKey } from '../../model/room-key.ts'
import type { Delivery } from '../delivery.ts'
import type { Broker, Heard, Lane } from './broker.ts'
import type { Comparing } from './comparing.ts'
import { Hearing } from './hearing.ts'
import { type Listened, listened } from './listened.ts'
import type { Repairs } from './repair.ts'
import { type Asked, type Before, type Outcome, Tail, type Tick } from './tail.ts'
import type { Windows } from './windows.ts'

/** A log that was taken back is told so in the first, and has begun again in the second. */
const baselineTries = 3

export type ListeningOptions = {
  readonly broker: Broker
  readonly delivery: Delivery
  readonly windows: Windows
  readonly repairs: Repairs
  readonly comparing: Comparing
  readonly metrics: Metrics
  readonly tick: () => Tick
  /** Something of the room came to be known here. */
  readonly newer: (room: RoomKey) => void
  /** What this node knows of the epochs of a room that it does not follow. */
  readonly epochsOf: (room: RoomKey) => Before
  /** This node no longer follows the room. */
  readonly parted: (room: Listened) => void
}

/** Beats until every room was compared once more. */
export const comparedEvery = 10

export class Listening {
  readonly #options: ListeningOptions
  readonly #hearing: Hearing
  readonly #rooms = new Map<RoomKey, Listened>()
  readonly #turns = Array.from({ length: comparedEvery }, () => new Set<Listened>())
  #beat = 0
  #turn = 0

  constructor(options: ListeningOptions) {
    this.#options = options
    this.#hearing = new Hearing(options.broker)
  }

  get(room: RoomKey): Listened | undefined {
    return this.#rooms.get(room)
  }

  /** @throws FanfareError `unavailable` */
  listen(room: LogRoom): Promise<void> {
    const known = this.#rooms.get(room.key)
    if (known) {
      known.room = room
      return known.begun
    }
    const turn = this.#turn++ % comparedEvery
    const { broker, epochsOf } = this.#options
    const begins = listened(room, broker.laneOf(room.key), { turn, tail: new Tail(epochsOf(room.key)) })
    this.#rooms.set(room.key, begins)
    begins.begun = this.#begin(begins)
    return begins.begun
  }

  async unlisten({ key }: LogRoom): Promise<void> {
    const ends = this.#rooms.get(key)
    if (!ends) return
    this.#end(ends)
    await this.#hearing.unhear(ends.lane, key)
  }

  /** A message for a room that this node does not listen to is of no concern. */
  heard(heard: Heard): void {
    const room = this.#rooms.get(heard.room)
    if (!room) return
    const event = heard.kind === 'event' ? heard.event : undefined
    this.took(room, room.tail.heard(heard.epoch, event, this.#options.tick()))
  }

  /** Does what the tail said. */
  took(room: Listened, outcome: Outcome): void {
    const { windows, delivery, newer, repairs, comparing, metrics } = this.#options
    const { lost, deliver, next } = outcome
    const { key } = room.room
    if (lost || deliver.length > 0) newer(key)
    if (lost) {
      metrics.add('fanfare_rooms_lost_total')
      windows.restart(room, room.tail.top - deliver.length)
    }
    windows.append(room, deliver)
    if (lost) delivery.lost(key)
    for (const event of deliver) delivery.deliver(key, room.tail.epoch, event)
    if (next === 'compare') comparing.ask(room.lane, key)
    // Events wait for a replica before they are told, and may overtake each other there: a hole is not yet a loss.
    else if (next === 'repair' && room.room.log.acks !== 'replicas') repairs.now(room)
    else if (next !== 'nothing') repairs.soon(room)
  }

  /** Where a comparison found the room. */
  found(room: Listened, position: Position, answer: Asked): void {
    if (answer.asked > room.doubtedAt) room.doubtedAt = 0
    this.took(room, room.tail.found(position, answer))
  }

  /** Messages of the lane may have been missed. */
  doubted(lane: Lane): void {
    const { tick, comparing } = this.#options
    const now = tick()
    comparing.hurry(lane)
    for (const room of this.#rooms.values()) {
      if (room.lane !== lane || !room.tail.begun) continue
      room.doubtedAt = now
      comparing.ask(lane, room.room.key)
    }
  }

  /** Compares those rooms whose turn it is, so that a lost message is found without a later one. */
  beat(): void {
    this.#beat = (this.#beat + 1) % comparedEvery
    for (const { lane, room } of this.#turns[this.#beat]!) this.#options.comparing.ask(lane, room.key)
  }

  end(): void {
    for (const room of [...this.#rooms.values()]) this.#end(room)
  }

  /** Heard first, compared then: what is published after the comparison is heard, what came before is in the baseline (I6). */
  async #begin(room: Listened): Promise<void> {
    const { delivery, newer } = this.#options
    const { key } = room.room
    try {
      await this.#hearing.hear(room.lane, key)
      if (room.ended) return
      const first = await this.#baseline(room)
      if (!first) return
      delivery.listen(key)
      room.hot.reset(room.tail.top - first.deliver.length)
      newer(key)
      this.#turns[room.turn]!.add(room)
      this.took(room, first)
    } catch (error) {
      this.#failed(room)
      throw error
    }
  }

  /** Undefined when the room was left meanwhile. */
  async #baseline(room: Listened): Promise<Outcome | undefined> {
    for (let tries = 0; tries < baselineTries; tries++) {
      const { position, ...answer } = await this.#options.comparing.once(room.lane, room.room.key)
      if (room.ended) return undefined
      const first = room.tail.found(position, answer)
      if (room.tail.begun) return first
    }
    throw new FanfareError('unavailable', 'The log of the room is being put right.')
  }

  /** The broker may hear the room all the same. */
  #failed(room: Listened): void {
    if (room.ended) return
    this.#end(room)
    this.#hearing.unhear(room.lane, room.room.key).catch(() => undefined)
  }

  #end(room: Listened): void {
    const { delivery, windows, parted } = this.#options
    const { key } = room.room
    room.ended = true
    room.patience?.cancel()
    room.patience = undefined
    this.#rooms.delete(key)
    this.#turns[room.turn]!.delete(room)
    windows.drop(room)
    if (!room.tail.begun) return
    delivery.unlisten(key)
    parted(room)
  }
}
