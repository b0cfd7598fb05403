/** Tells the broker which rooms to hear, those of a tick together and a lane's one after another: what was asked last holds. */
import { type Deferred, deferred } from '../../lib/deferred.ts'
import type { RoomKey } from '../../model/room-key.ts'
import type { Broker, Lane } from './broker.ts'

type Wishes = Map<RoomKey, Deferred<void>>
type Ears = { hear: Wishes; unhear: Wishes }

export class Hearing {
  readonly #broker: Broker
  /** A lane is in it as long as its loop runs. */
  readonly #lanes = new Map<Lane, Ears>()

  constructor(broker: Broker) {
    this.#broker = broker
  }

  hear(lane: Lane, room: RoomKey): Promise<void> {
    const ears = this.#ears(lane)
    // Its wish not to be heard has not been told yet, and is met by never telling it.
    ears.unhear.get(room)?.resolve()
    ears.unhear.delete(room)
    return wish(ears.hear, room)
  }

  unhear(lane: Lane, room: RoomKey): Promise<void> {
    return wish(this.#ears(lane).unhear, room)
  }

  #ears(lane: Lane): Ears {
    let ears = this.#lanes.get(lane)
    if (!ears) {
      ears = { hear: new Map(), unhear: new Map() }
      this.#lanes.set(lane, ears)
      queueMicrotask(() => void this.#run(lane))
    }
    return ears
  }

  /** Whoever is both to be heard and not was told so in this order: the reverse takes the first wish back. */
  async #run(lane: Lane): Promise<void> {
    const ears = this.#lanes.get(lane)!
    while (ears.hear.size > 0 || ears.unhear.size > 0) {
      const { hear, unhear } = ears
      ears.hear = new Map()
      ears.unhear = new Map()
      if (hear.size > 0) await settle(hear, (rooms) => this.#broker.hear(lane, rooms))
      if (unhear.size > 0) await settle(unhear, (rooms) => this.#broker.unhear(lane, rooms))
    }
    this.#lanes.delete(lane)
  }
}

const wish = (wishes: Wishes, room: RoomKey): Promise<void> => {
  let wished = wishes.get(room)
  if (!wished) {
    wished = deferred()
    wishes.set(room, wished)
  }
  return wished.promise
}

const settle = async (wishes: Wishes, tell: (rooms: readonly RoomKey[]) => Promise<void>): Promise<void> => {
  try {
    await tell([...wishes.keys()])
    for (const wished of wishes.values()) wished.resolve()
  } catch (error) {
    for (const wished of wishes.values()) wished.reject(error)
  }
}
