/** A session of a Socket.IO client with connection state recovery, as the stock client does it. */
import { tokenFor } from '../../lib/token.ts'
import { dialects } from '../dialects.ts'
import { LinkedLife } from './linked-life.ts'
import { mustRecover, type Said, take } from './person.ts'
import { type Room, tenantIdOf } from './rooms.ts'

export class SocketIoLife extends LinkedLife {
  protected get upgrade(): string {
    const { index, tenant, userId } = this.person
    const guest = { index, port: this.around.port, tenantId: tenantIdOf(tenant), userId, rooms: [] }
    return dialects['fanfare-socketio'].upgrade(guest)
  }

  protected take(text: string): void {
    if (text.startsWith('42')) this.#event(text)
    else if (text.startsWith('431')) this.ready = true
    else if (text.startsWith('430')) this.becomesReady()
    else if (text === '2') this.#beat()
    else if (text.startsWith('40')) this.#connected(JSON.parse(text.slice(2)) as { readonly pid: string })
    else if (text.startsWith('0')) this.#connect()
    else this.unexpected(text)
  }

  #beat(): void {
    if (this.leaving === undefined) this.say('3')
  }

  #connect(): void {
    const { tenant, userId, pid, cursor } = this.person
    const token = tokenFor(tenantIdOf(tenant), userId)
    this.say(`40${JSON.stringify(pid === undefined ? { token } : { token, pid, offset: cursor })}`)
  }

  #connected({ pid }: { readonly pid: string }): void {
    const { person } = this
    const { tally } = this.around
    const cameBack = person.pid !== undefined
    const recovered = pid === person.pid
    person.pid = pid
    if (cameBack) tally.resumed += person.seats.size
    if (recovered) {
      tally.recovered += person.seats.size
      this.becomesReady()
    } else this.#begin(cameBack)
  }

  #begin(cameBack: boolean): void {
    const { person } = this
    if (cameBack) this.#notRecovered()
    person.cursor = undefined
    person.former.clear()
    for (const seat of person.seats.values()) seat.last = -1
    this.say(`420${JSON.stringify(['join', [...person.seats.keys()]])}`)
  }

  #notRecovered(): void {
    const { person } = this
    if ([...person.seats.values()].every((seat) => mustRecover(person, seat))) {
      this.around.tally.problem(`not recovered: ${this.who}`)
    } else this.around.tally.told += person.seats.size
  }

  #event(text: string): void {
    const [name, said, cursor] = JSON.parse(text.slice(2)) as [string, Said, string]
    if (name === 'tick') {
      this.person.cursor = cursor
      take(this.person, said, { tally: this.around.tally })
    } else if (name === 'fanfare:presence') this.person.cursor = cursor
    else this.unexpected(text)
  }

  /** The server begins. */
  beat(): void {}

  /** Leaves the first room and goes into another. */
  move(to: Room): void {
    const [from] = this.person.seats.keys()
    if (from === undefined) return
    // Until it is answered nobody knows whether the session has the room when it comes back.
    this.ready = false
    this.person.former.add(from)
    this.say(`42${JSON.stringify(['leave', from])}`)
    this.say(`421${JSON.stringify(['join', [to.name]])}`)
    this.person.seats.delete(from)
    this.person.seats.set(to.name, { room: to, epoch: '', last: -1 })
  }

  protected override sayGoodbye(): void {
    this.say('41')
    super.sayGoodbye()
    this.person.pid = undefined
  }
}
