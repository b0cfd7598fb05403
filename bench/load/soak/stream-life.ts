/** A session of an event stream over HTTP/1.1: comes back with the last id. */
import { tokenFor } from '../../lib/token.ts'
import { addressOf, get } from '../requests.ts'
import { LinkedLife } from './linked-life.ts'
import { mustRecover, type Said, take } from './person.ts'
import { tenantIdOf } from './rooms.ts'

type Subscription = {
  readonly room: string
  readonly epoch: string
  readonly offset: number
  readonly recovered?: boolean
  readonly reason?: string
}

export class StreamLife extends LinkedLife {
  protected override readonly link = 'event-stream'
  #told = 0

  protected get upgrade(): string {
    const { index, tenant, userId, seats, cursor } = this.person
    const rooms = [...seats.keys()].map((room) => `room=${encodeURIComponent(room)}`).join('&')
    return get(`/v1/stream?${rooms}`, this.around.port, [
      `Authorization: Bearer ${tokenFor(tenantIdOf(tenant), userId)}`,
      `X-Forwarded-For: ${addressOf(index)}`,
      'Accept: text/event-stream',
      ...(cursor === undefined ? [] : [`Last-Event-ID: ${cursor}`]),
    ])
  }

  protected take(block: string): void {
    let event = ''
    let data = ''
    let id: string | undefined
    for (const line of block.split('\n')) {
      if (line.startsWith('event: ')) event = line.slice(7)
      else if (line.startsWith('data: ')) data = line.slice(6)
      else if (line.startsWith('id: ')) id = line.slice(4)
    }
    if (event === 'tick') {
      const { offset, data: said } = JSON.parse(data) as { readonly offset: number; readonly data: Said }
      take(this.person, said, { offset, tally: this.around.tally })
    } else if (event === 'subscription') this.#subscribed(JSON.parse(data) as Subscription)
    else if (event === 'problem' || event === 'gap') this.unexpected(block)
    if (id !== undefined) this.person.cursor = id
  }

  #subscribed({ room, epoch, offset, recovered, reason }: Subscription): void {
    const { tally } = this.around
    const seat = this.person.seats.get(room)
    if (!seat) throw new Error(`subscribed to ${room}`)
    if (recovered !== undefined) tally.resumed++
    if (recovered === true) tally.recovered++
    else Object.assign(seat, { epoch, last: offset })
    if (recovered === false && mustRecover(this.person, seat)) {
      tally.problem(`told too soon that it is too late: ${this.who}, ${reason}, ${room}`)
    } else if (recovered === false) tally.told++
    if (++this.#told === this.person.seats.size) this.becomesReady()
  }

  /** Its server does. */
  beat(): void {}

  protected override sayGoodbye(): void {
    this.socket?.end()
  }
}
