/**
 * Compares what this node knows of rooms with the log: whoever is asked for, in chunks, one comparison in flight a lane. What
 * is asked for while one is under way is compared after it. What failed is tried again until it is answered.
 */
import { FanfareError, type Position } from '@fanfare/protocol'
import { type Deferred, deferred } from '../../lib/deferred.ts'
import type { Log } from '../../lib/log.ts'
import type { RoomKey } from '../../model/room-key.ts'
import type { Broker, Known, Lane } from './broker.ts'
import { type Pauses, pause } from './pause.ts'
import type { Asked, Tick } from './tail.ts'

export type ComparingOptions = Pauses & {
  readonly broker: Broker
  readonly log: Log
  readonly tick: () => Tick
  /** Undefined when the room is of no interest any more. */
  readonly knownOf: (room: RoomKey) => Known | undefined
  readonly found: (room: RoomKey, position: Position, answer: Asked) => void
}

/** Rooms of one comparison. */
const chunkRooms = 500

type Found = Asked & { readonly position: Position }
type Once = { readonly room: RoomKey; readonly settle: Deferred<Found> }

/** The rooms to compare next. */
type Loop = { readonly wanted: Set<RoomKey> }

export class Comparing {
  readonly #options: ComparingOptions
  readonly #loops = new Map<Lane, Loop>()
  readonly #once = new Map<Lane, Once[]>()
  #ended = false

  constructor(options: ComparingOptions) {
    this.#options = options
  }

  ask(lane: Lane, room: RoomKey): void {
    const running = this.#loops.get(lane)
    if (running) {
      running.wanted.add(room)
      return
    }
    const loop = { wanted: new Set([room]) }
    this.#loops.set(lane, loop)
    // Those of the same tick go together.
    queueMicrotask(() => void this.#run(lane, loop))
  }

  /** What is asked for from now on waits for nothing that was asked before: neither its answer nor its pause. */
  hurry(lane: Lane): void {
    const slow = this.#loops.get(lane)
    if (!slow) return
    this.#loops.delete(lane)
    for (const room of slow.wanted) this.ask(lane, room)
    slow.wanted.clear()
  }

  /** One comparison, those of a tick together, and its answer to whoever asked. @throws what the broker throws */
  once(lane: Lane, room: RoomKey): Promise<Found> {
    const one = { room, settle: deferred<Found>() }
    const others = this.#once.get(lane)
    if (others) others.push(one)
    else {
      this.#once.set(lane, [one])
      queueMicrotask(() => this.#runOnce(lane))
    }
    return one.settle.promise
  }

  end(): void {
    this.#ended = true
  }

  async #run(lane: Lane, loop: Loop): Promise<void> {
    for (let tries = 0; loop.wanted.size > 0 && !this.#ended; ) {
      const chunk = this.#take(loop.wanted)
      if (chunk.length === 0 || (await this.#compare(lane, chunk))) {
        tries = 0
        continue
      }
      const current = this.#loops.get(lane) === loop
      for (const { room } of chunk) {
        if (current) loop.wanted.add(room.key)
        else this.ask(lane, room.key)
      }
      if (current) await pause(this.#options, ++tries)
    }
    if (this.#loops.get(lane) === loop) this.#loops.delete(lane)
  }

  #runOnce(lane: Lane): void {
    const all = this.#once.get(lane)!
    this.#once.delete(lane)
    for (let from = 0; from < all.length; from += chunkRooms) {
      void this.#compareOnce(lane, all.slice(from, from + chunkRooms))
    }
  }

  async #compareOnce(lane: Lane, chunk: readonly Once[]): Promise<void> {
    const { broker, tick, knownOf } = this.#options
    const wanted = chunk.flatMap(({ room, settle }) => {
      const known = knownOf(room)
      if (!known) settle.reject(new FanfareError('unavailable', 'The room is no longer listened to.'))
      return known ? [{ known, settle }] : []
    })
    const asked = tick()
    try {
      const positions = await broker.compare(
        lane,
        wanted.map(({ known }) => known),
      )
      const now = tick()
      for (const [index, { settle }] of wanted.entries()) settle.resolve({ position: positions[index]!, asked, now })
    } catch (error) {
      for (const { settle } of wanted) settle.reject(error)
    }
  }

  #take(wanted: Set<RoomKey>): readonly Known[] {
    const chunk: Known[] = []
    for (const key of wanted) {
      wanted.delete(key)
      const known = this.#options.knownOf(key)
      if (known) chunk.push(known)
      if (chunk.length === chunkRooms) break
    }
    return chunk
  }

  async #compare(lane: Lane, chunk: readonly Known[]): Promise<boolean> {
    const { broker, tick, found, log } = this.#options
    const asked = tick()
    try {
      const positions = await broker.compare(lane, chunk)
      const answer = { asked, now: tick() }
      if (!this.#ended) for (const [index, { room }] of chunk.entries()) found(room.key, positions[index]!, answer)
      return true
    } catch (error) {
      log.debug({ error, lane }, 'rooms could not be compared yet')
      return false
    }
  }
}
