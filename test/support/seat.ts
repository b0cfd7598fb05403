/**
 * One client of a crowd in one room: what it heard, judged as it comes, when it was cut off and when it was back, and whom
 * it was told of. What carries it is one of the kinds in `seat-kinds.ts`.
 */

/** The order in which each room's numbers stand, as the first who heard them had it. */
export class Ledger {
  readonly #order = new Map<string, number[]>()
  /** Whoever heard something else at that place, at most once a client. */
  readonly faults: string[] = []

  /** @param index how many the client heard in the room before */
  hears(seat: Pick<Seat, 'name' | 'room'>, index: number, n: number): boolean {
    const order = this.of(seat.room)
    if (index === order.length) order.push(n)
    const expected = order[index]
    if (expected === n) return true
    this.faults.push(
      `${seat.name} heard ${n} in ${seat.room} where others heard ${expected}, after ${order[index - 1]}`,
    )
    return false
  }

  of(room: string): number[] {
    const known = this.#order.get(room)
    if (known) return known
    const order: number[] = []
    this.#order.set(room, order)
    return order
  }
}

export type Kind = 'native' | 'stream' | 'socketio'

export type SeatOptions = {
  readonly name: string
  readonly userId: string
  readonly room: string
  readonly kind: Kind
  readonly ledger: Ledger
  /** Once it is cut off it does not come back. */
  readonly isLeaving: boolean
}

export type Told = { readonly change: string; readonly userId: string; readonly at: number }

export class Seat {
  readonly name: string
  readonly userId: string
  readonly room: string
  readonly kind: Kind
  readonly isLeaving: boolean
  readonly faults: string[] = []
  /** As `performance.now()`: each time that it was in the room again, and that its link ended. */
  readonly arrivals: number[] = []
  readonly losses: number[] = []
  readonly told: Told[] = []
  heard = 0
  isThere = false
  isGone = false
  readonly #ledger: Ledger
  #isAstray = false
  /** Ends its link for good. */
  #end: () => void = () => {}

  constructor({ name, userId, room, kind, ledger, isLeaving }: SeatOptions) {
    this.name = name
    this.userId = userId
    this.room = room
    this.kind = kind
    this.isLeaving = isLeaving
    this.#ledger = ledger
  }

  /** Others are told that its user is in the room. */
  get isShown(): boolean {
    return this.kind !== 'stream'
  }

  opens(end: () => void): void {
    this.#end = end
  }

  /** For good. Said to the server only where its link is still there. */
  goes(): void {
    this.isGone = true
    this.isThere = false
    this.#end()
  }

  arrived(): void {
    if (this.isThere || this.isGone) return
    this.isThere = true
    this.arrivals.push(performance.now())
  }

  lost(): void {
    if (!this.isThere) return
    this.isThere = false
    this.losses.push(performance.now())
    if (this.isLeaving) this.goes()
  }

  hears(n: number): void {
    if (this.isGone || this.#isAstray) return
    this.#isAstray = !this.#ledger.hears(this, this.heard, n)
    this.heard++
  }

  sees(change: string, userId: string): void {
    this.told.push({ change, userId, at: performance.now() })
  }

  fails(what: string): void {
    if (!this.isGone) this.faults.push(`${this.name}: ${what}`)
  }
}
