/**
 * An engine's log as nodes share it, at its worst: carries what it is given late, to each node in one order, and now and then
 * loses it (and says so), fails before or after it took it, or begins anew. Keeps nothing to read.
 */
import { FanfareError, type RoomEvent } from '@fanfare/protocol'
import type { RoomLog, RoomSink } from '../engine/room-log.ts'
import type { RoomKey } from '../model/room-key.ts'
import type { Chance, Steps } from './race.chance.ts'

type Ear = { sink: RoomSink | undefined; readonly rooms: Set<RoomKey>; readonly coming: (() => void)[]; alive: boolean }

export class CarryingBroker {
  readonly #steps: Steps
  readonly #chance: Chance
  readonly #ears = new Set<Ear>()
  readonly #tops = new Map<RoomKey, number>()
  #calm = false
  #epoch = 1

  constructor(parts: { readonly steps: Steps; readonly chance: Chance }) {
    this.#steps = parts.steps
    this.#chance = parts.chance
  }

  calm(): void {
    this.#calm = true
  }

  troubled(): void {
    this.#calm = false
  }

  /** All that it had is gone; whoever listens is told. */
  loses(): void {
    this.#epoch++
    this.#tops.clear()
    for (const ear of this.#ears) for (const room of ear.rooms) this.#send(ear, () => ear.sink?.lost(room))
  }

  /** One node's side of it, and how that node dies. */
  node(): { readonly log: RoomLog; dies(): void } {
    const ear: Ear = { sink: undefined, rooms: new Set(), coming: [], alive: true }
    this.#ears.add(ear)
    const arrive = async (): Promise<void> => {
      await this.#steps.pause()
      if (!ear.alive || (!this.#calm && this.#chance.below(15) === 0)) throw new FanfareError('unavailable')
    }
    const log: RoomLog = {
      start: async (sink) => {
        ear.sink = sink
        return async () => {}
      },
      listen: async ({ key }) => {
        await arrive()
        ear.rooms.add(key)
        await this.#steps.pause()
      },
      unlisten: async ({ key }) => {
        await this.#steps.pause()
        ear.rooms.delete(key)
      },
      publish: async ({ key }, draft) => {
        await arrive()
        const offset = (this.#tops.get(key) ?? 0) + 1
        this.#tops.set(key, offset)
        const epoch = `inner${this.#epoch}`
        const event: RoomEvent = { ...draft, offset }
        for (const other of this.#ears) this.#carry(other, key, { epoch, event })
        // Taken, and the answer is lost on its way.
        await arrive()
        const { id, timestamp } = draft
        return { duplicate: false, event, id, epoch, offset, timestamp, durability: 'memory' }
      },
      read: () => Promise.reject(new FanfareError('internal', 'nobody reads what only carries')),
      forget: async ({ key }) => {
        await arrive()
        for (const other of this.#ears) if (other.rooms.has(key)) this.#send(other, () => other.sink?.lost(key))
      },
    }
    return {
      log,
      dies: () => {
        ear.alive = false
        this.#ears.delete(ear)
      },
    }
  }

  #carry(ear: Ear, key: RoomKey, { epoch, event }: { readonly epoch: string; readonly event: RoomEvent }): void {
    if (!ear.rooms.has(key)) return
    if (!this.#calm && this.#chance.below(8) === 0) this.#send(ear, () => ear.sink?.lost(key))
    else this.#send(ear, () => ear.sink?.deliver(key, epoch, event))
  }

  #send(ear: Ear, run: () => void): void {
    ear.coming.push(run)
    this.#steps.later(() => {
      const next = ear.coming.shift()
      if (ear.alive) next?.()
    })
  }
}
