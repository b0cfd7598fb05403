/** What all have seen, put together: two who saw the same place must have seen the same event, and a key is one event. */
import type { Position, RoomEvent } from '@fanfare/protocol'

export class Ledger {
  readonly faults: string[] = []
  /** The first words of each kind of fault are enough. */
  readonly #most = 10
  readonly #acked = new Map<string, Position>()
  readonly #ids = new Map<string, string>()
  readonly #keys = new Map<string, number>()

  readonly #epochs = new Map<string, Set<string>>()

  fault(what: string): void {
    if (this.faults.length < this.#most) this.faults.push(what)
  }

  isIn(epoch: string, event: RoomEvent): void {
    const epochs = this.#epochs.get(event.id)
    if (epochs) epochs.add(epoch)
    else this.#epochs.set(event.id, new Set([epoch]))
  }

  /** Whether the event was ever in that epoch of its log; frames do not say in which it is. */
  wasIn(epoch: string, { id }: RoomEvent): boolean {
    return this.#epochs.get(id)?.has(epoch) ?? false
  }

  acknowledged(who: string, at: Position & { readonly room: string; readonly id: string }): void {
    this.#isAt(who, at)
    const acked = this.#acked.get(at.room)
    if (acked?.epoch !== at.epoch || acked.offset < at.offset) this.#acked.set(at.room, at)
  }

  /** The highest that was acknowledged to anybody, in the epoch of the last acknowledgement. */
  ackedIn(room: string): Position | undefined {
    return this.#acked.get(room)
  }

  saw(who: string, epoch: string, event: RoomEvent): void {
    this.#isAt(who, { room: event.room, epoch, offset: event.offset, id: event.id })
    const key = `${event.room} ${epoch} ${event.data}`
    const offset = this.#keys.get(key)
    if (offset === undefined) this.#keys.set(key, event.offset)
    else if (offset !== event.offset) this.fault(`${who}: ${key} is stored at ${offset} and at ${event.offset}`)
  }

  #isAt(who: string, at: { room: string; epoch: string; offset: number; id: string }): void {
    const place = `${at.room} ${at.epoch}/${at.offset}`
    const id = this.#ids.get(place)
    if (id === undefined) this.#ids.set(place, at.id)
    else if (id !== at.id) this.fault(`${who}: two events at ${place}`)
  }
}
