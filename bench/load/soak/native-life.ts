/** A session of the native dialect: subscribes with its positions, shows itself, changes rooms, reads history, renews its token. */
import { tokenFor } from '../../lib/token.ts'
import { dialects } from '../dialects.ts'
import { LinkedLife } from './linked-life.ts'
import { mustRecover, type Said, type Seat, take } from './person.ts'
import { type Room, tenantIdOf } from './rooms.ts'

type Position = { readonly epoch: string; readonly offset: number }
type Subscription = Position & {
  readonly room: string
  readonly status: 'subscribed' | 'unsubscribed'
  readonly recovered?: boolean
  readonly reason?: string
}
type Event = { readonly room: string; readonly offset: number; readonly data: Said }
type Member = { readonly userId: string }
type Frame =
  | ({ readonly type: 'subscription' } & Subscription)
  | { readonly type: 'event'; readonly event: Event }
  | { readonly type: 'reply'; readonly id: string | number; readonly result: unknown }
  | { readonly type: 'connected' | 'pong' | 'presence' | 'error' | 'gap' }

export class NativeLife extends LinkedLife {
  readonly #questions = new Map<number, (result: unknown) => void>()
  #asked = 0

  protected get upgrade(): string {
    const { index, tenant, userId } = this.person
    return dialects.fanfare.upgrade({
      index,
      port: this.around.port,
      tenantId: tenantIdOf(tenant),
      userId,
      rooms: [],
    })
  }

  protected take(text: string): void {
    const frame = JSON.parse(text) as Frame
    switch (frame.type) {
      case 'event':
        take(this.person, frame.event.data, { offset: frame.event.offset, tally: this.around.tally })
        break
      case 'connected':
        // Another one answers a new token.
        if (!this.ready) this.#enterRooms()
        break
      case 'subscription':
        this.#subscribed(frame)
        break
      case 'reply':
        this.#answered(Number(frame.id), frame.result)
        break
      case 'error':
      case 'gap':
        this.unexpected(text)
        break
      case 'pong':
      case 'presence':
        break
    }
  }

  #answered(id: number, result: unknown): void {
    const use = this.#questions.get(id)
    this.#questions.delete(id)
    use?.(result)
  }

  ask(frame: { readonly type: string; readonly [name: string]: unknown }, use: (result: unknown) => void): void {
    const id = ++this.#asked
    this.#questions.set(id, use)
    this.say(JSON.stringify({ ...frame, id }))
  }

  #enterRooms(): void {
    if (this.person.seats.size === 0) {
      this.becomesReady()
      return
    }
    const rooms = [...this.person.seats.values()].map(({ room, epoch, last }) =>
      epoch === '' ? { room: room.name } : { room: room.name, since: { epoch, offset: last } },
    )
    this.ask({ type: 'subscribe', rooms }, () => this.becomesReady())
  }

  #subscribed({ room, status, epoch, offset, recovered, reason }: Subscription): void {
    const { tally } = this.around
    // From then on nothing of it may come.
    if (status === 'unsubscribed') this.person.former.delete(room)
    const seat = this.person.seats.get(room)
    if (!seat) return
    if (recovered !== undefined) tally.resumed++
    if (recovered === true) tally.recovered++
    else this.#begin(seat, { epoch, offset })
    if (recovered !== false) return
    if (mustRecover(this.person, seat))
      tally.problem(`told too soon that it is too late: ${this.who}, ${reason}, ${room}`)
    else tally.told++
  }

  #begin(seat: Seat, { epoch, offset }: Position): void {
    seat.epoch = epoch
    seat.last = offset
  }

  beat(): void {
    this.say('{"type":"ping","id":0}')
  }

  /** Leaves the first room and goes into another. */
  move(to: Room): void {
    const [from] = this.person.seats.keys()
    if (from === undefined) return
    this.ask({ type: 'unsubscribe', room: from }, () => {})
    this.person.entered.delete(from)
    this.person.former.add(from)
    this.person.seats.delete(from)
    this.person.seats.set(to.name, { room: to, epoch: '', last: -1 })
    this.ask({ type: 'subscribe', room: to.name }, () => {})
  }

  show(): void {
    const [room] = this.person.seats.keys()
    if (room === undefined) return
    this.person.entered.add(room)
    this.ask({ type: 'presence', room, state: { status: 'here' } }, () => this.around.tally.entered++)
  }

  hide(): void {
    for (const room of this.person.entered) {
      this.ask({ type: 'presence', room, leave: true }, () => this.around.tally.left++)
    }
    this.person.entered.clear()
  }

  renewToken(): void {
    this.say(JSON.stringify({ type: 'auth', token: tokenFor(tenantIdOf(this.person.tenant), this.person.userId) }))
  }

  /** The newest page must be whole, and end where this session is or later. */
  readHistory(): void {
    const [seat] = this.person.seats.values()
    if (!seat || seat.last < 0) return
    const { last, room } = seat
    this.ask({ type: 'history', room: room.name, limit: 20 }, (result) => {
      const { events } = result as { readonly events: readonly Event[] }
      const offsets = events.map(({ offset }) => offset)
      const whole = offsets.every((offset, index) => index === 0 || offset === offsets[index - 1]! + 1)
      const newest = offsets.at(-1)
      // All that a quiet room had may be too old by now.
      if (!whole || (newest !== undefined && newest < last)) {
        this.around.tally.problem(
          `not the newest page: ${this.who} read ${offsets} of ${room.name}, and was at ${last}`,
        )
      }
    })
  }

  setStatus(state: string): void {
    this.ask({ type: 'command', name: 'status:set', input: { state } }, () => {})
  }

  members(room: string, use: (users: readonly string[]) => void): void {
    this.ask({ type: 'presence', room }, (result) =>
      use((result as { readonly members: readonly Member[] }).members.map(({ userId }) => userId)),
    )
  }
}
