/** Tells listeners what was committed: each room's events in the order of their offsets, however answers to commits overtake each other. */
import type { CommittedEvents, JournalEvent } from './store.ts'

/** What one run of a change published; it holds its rooms' places in the order until it is settled. */
export type Publication = {
  /** As soon as they are appended: their rooms are locked from then on, so this is their order. */
  add(events: readonly JournalEvent[]): void
  redacted(room: string): void
  committed(): void
  /** Rolled back, or unknown: then whoever looks after the journal finds them. */
  dropped(): void
}

type Place = {
  readonly tenantId: string
  readonly events: JournalEvent[]
  readonly redacted: Set<string>
  state: 'open' | 'committed' | 'dropped'
}

export class Committed {
  readonly #hear = new Set<(committed: CommittedEvents) => void>()
  readonly #onError: (error: unknown) => void
  readonly #rooms = new Map<string, Place[]>()

  constructor(onError: (error: unknown) => void) {
    this.#onError = onError
  }

  listen(hear: (committed: CommittedEvents) => void): () => void {
    this.#hear.add(hear)
    return () => void this.#hear.delete(hear)
  }

  begin(tenantId: string): Publication {
    const place: Place = { tenantId, events: [], redacted: new Set(), state: 'open' }
    return {
      add: (events) => {
        place.events.push(...events)
        for (const name of namesOf(place)) this.#enter(name, place)
      },
      redacted: (room) => void place.redacted.add(room),
      committed: () => this.#settle(place, 'committed'),
      dropped: () => this.#settle(place, 'dropped'),
    }
  }

  #enter(name: string, place: Place): void {
    const places = this.#rooms.get(name)
    if (places === undefined) this.#rooms.set(name, [place])
    else if (!places.includes(place)) places.push(place)
  }

  #settle(place: Place, state: 'committed' | 'dropped'): void {
    if (place.state !== 'open') return
    place.state = state
    // What waited behind this one may now be first in all of its rooms, and then what waited behind that.
    const ready = [place]
    for (let next = ready.shift(); next; next = ready.shift()) ready.push(...this.#leave(next))
  }

  /** Tells and goes, if it is first everywhere; those that were right behind it and are settled. */
  #leave(place: Place): readonly Place[] {
    const names = namesOf(place)
    if (names.some((name) => this.#rooms.get(name)?.[0] !== place)) return []
    const behind = new Set<Place>()
    for (const name of names) {
      const places = this.#rooms.get(name) ?? []
      places.shift()
      const [first] = places
      if (first === undefined) this.#rooms.delete(name)
      else if (first.state !== 'open') behind.add(first)
    }
    if (place.state === 'committed') this.#tell(place)
    return [...behind]
  }

  #tell({ tenantId, events, redacted }: Place): void {
    if (events.length === 0 && redacted.size === 0) return
    const told: CommittedEvents = { tenantId, events, ...(redacted.size === 0 ? {} : { redacted: [...redacted] }) }
    for (const hear of this.#hear) {
      try {
        hear(told)
      } catch (error) {
        this.#onError(error)
      }
    }
  }
}

const namesOf = ({ tenantId, events }: Place): readonly string[] => [
  ...new Set(events.map(({ room }) => `${tenantId}|${room}`)),
]
