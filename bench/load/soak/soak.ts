/**
 * The soak's load: so many sessions of three dialects at a time, who come, change, go in several ways and come back, while
 * events are published at a fixed rate. Decides when what happens; who checks what stands in the lives and `person.ts`.
 */
import { performance } from 'node:perf_hooks'
import process from 'node:process'
import { type Chance, chanceFrom } from '../../lib/chance.ts'
import { residentNow } from '../../lib/memory.ts'
import type { SoakOptions, Taken } from '../../lib/soak.ts'
import { keptFor } from '../../lib/soak.ts'
import { percentileOf } from '../../lib/statistics.ts'
import { changeNative } from './changes.ts'
import { checkPresence, checkWhole } from './final-check.ts'
import type { Leaving, Life, Surroundings } from './life.ts'
import { NativeLife } from './native-life.ts'
import type { Kind, Person } from './person.ts'
import { Rooms } from './rooms.ts'
import { SocketIoLife } from './socketio-life.ts'
import { Speaker } from './speaker.ts'
import { StreamLife } from './stream-life.ts'
import { Tally } from './tally.ts'

const roomsEach = 3
const tickMs = 50
const publishMs = 2
const beatEveryMs = 15_000
const roomLastsMs = 300_000
const speakerLastsMs = 45_000
const tokenLastsMs = 40 * 60_000
/** Changes of one session while it lasts, on average. */
const changesEach = 1.5

const lives = { native: NativeLife, socketio: SocketIoLife, stream: StreamLife }

type Slot = {
  readonly kind: Kind
  readonly number: number
  person: Person | undefined
  life: Life | undefined
  backAt: number
  beatAt: number
}

export class Soak {
  readonly #options: SoakOptions
  readonly #chance: Chance = chanceFrom(6)
  readonly #tally = new Tally()
  readonly #around: Surroundings
  readonly #slots: Slot[] = []
  readonly #speakers: Speaker[] = []
  readonly #timers: Timer[] = []
  #perSecond = 0
  #owed = 0
  #lastPublish = 0
  #churning = false
  #cpu = process.cpuUsage()

  constructor(options: SoakOptions) {
    this.#options = options
    const { port, rooms: count, tenants } = options
    this.#around = { port, tally: this.#tally, rooms: new Rooms({ count, tenants, chance: this.#chance }) }
  }

  /** Everybody comes, spread over `overMs`; then they come and go. */
  async open({ overMs }: { readonly overMs: number }): Promise<void> {
    const { native, socketio, streams, tenants } = this.#options
    for (let tenant = 0; tenant < tenants; tenant++) {
      const speaker = new Speaker(tenant, this.#around, { leavesBy: tenant % 2 === 0 ? 'killed' : 'goodbye' })
      this.#speakers.push(speaker)
      await speaker.open()
    }
    const kinds: readonly (readonly [Kind, number])[] = [
      ['native', native],
      ['socketio', socketio],
      ['stream', streams],
    ]
    const now = performance.now()
    for (const [kind, count] of kinds) {
      for (let one = 0; one < count; one++) {
        const backAt = now + this.#chance.next() * overMs
        this.#slots.push({ kind, number: this.#slots.length, person: undefined, life: undefined, backAt, beatAt: 0 })
      }
    }
    this.#churning = true
    this.#timers.push(setInterval(() => this.#tick(), tickMs))
    this.#timers.push(setInterval(() => this.#publish(), publishMs))
  }

  set rate(perSecond: number) {
    this.#perSecond = perSecond
    this.#owed = 0
    this.#lastPublish = performance.now()
  }

  take(): Taken {
    Bun.gc(true)
    const { user, system } = process.cpuUsage(this.#cpu)
    this.#cpu = process.cpuUsage()
    const { sorted, ...counts } = this.#tally.take()
    return {
      ...counts,
      sessions: this.#slots.filter(({ life }) => life?.ready).length,
      rooms: this.#roomsInUse(),
      p50: percentileOf(sorted, 0.5),
      p99: percentileOf(sorted, 0.99),
      resident: residentNow(),
      heap: process.memoryUsage().heapUsed,
      loadSeconds: (user + system) / 1e6,
    }
  }

  /** Those that somebody is in; each Socket.IO session has one of its own besides. */
  #roomsInUse(): number {
    const there = this.#slots.flatMap(({ life }) => (life ? [life.person] : []))
    const names = new Set(there.flatMap(({ tenant, seats }) => [...seats.keys()].map((name) => `${tenant} ${name}`)))
    return names.size + there.filter(({ kind }) => kind === 'socketio').length
  }

  #publish(): void {
    const now = performance.now()
    this.#owed += ((now - this.#lastPublish) / 1000) * this.#perSecond
    this.#lastPublish = now
    for (; this.#owed >= 1; this.#owed--) {
      const room = this.#chance.of(this.#around.rooms.live)
      this.#speakers[room.tenant]?.publish(room, now)
    }
  }

  /** Whether something that happens every so often to one of `count` happens now. */
  #happens(count: number, everyMs: number): boolean {
    return this.#chance.next() < (count * tickMs) / everyMs
  }

  #tick(): void {
    const now = performance.now()
    const { rooms } = this.#around
    for (const slot of this.#slots) this.#visit(slot, now)
    if (this.#churning && this.#happens(rooms.live.length, roomLastsMs)) rooms.turnOver()
    for (const speaker of this.#speakers) {
      if (this.#happens(1, beatEveryMs)) speaker.beat()
      if (this.#churning && this.#happens(1, speakerLastsMs)) void speaker.leave()
    }
  }

  #visit(slot: Slot, now: number): void {
    const { life } = slot
    if (!life) {
      if (this.#churning && now >= slot.backAt) this.#arrive(slot)
      return
    }
    if (now >= slot.beatAt && life.leaving === undefined) {
      life.beat()
      slot.beatAt = now + beatEveryMs
    }
    if (!life.ready || life.leaving !== undefined || !this.#churning) return
    if (this.#happens(1, this.#options.sessionMs)) this.#end(slot, life)
    else if (this.#happens(changesEach, this.#options.sessionMs)) this.#change(slot.person!, life)
    else if (now - life.begunAt > tokenLastsMs) life.leave('goodbye')
  }

  #arrive(slot: Slot): void {
    slot.person ??= this.#newPerson(slot)
    const { person } = slot
    this.#leaveRetiredRooms(person)
    person.entered.clear()
    if (person.kind !== 'socketio') person.former.clear()
    const life = new lives[slot.kind](person, this.#around)
    slot.life = life
    slot.beatAt = performance.now() + this.#chance.next() * beatEveryMs
    life.onEnd = () => this.#ended(slot, life)
    void life.open()
  }

  /** Stock Socket.IO clients leave that to the server, which knows their rooms. */
  #leaveRetiredRooms(person: Person): void {
    if (person.kind === 'socketio' && person.pid !== undefined) return
    for (const [name, { room }] of person.seats) {
      if (room.retiredAt !== undefined) person.seats.delete(name)
    }
    this.#seat(person)
  }

  #seat(person: Person): void {
    for (const room of this.#newRooms(person, roomsEach - person.seats.size)) {
      person.seats.set(room.name, { room, epoch: '', last: -1 })
    }
  }

  #newRooms({ tenant, seats, former }: Person, count: number) {
    const known = new Map([...seats.keys(), ...former].map((name) => [name, name]))
    return this.#around.rooms.some(tenant, count, known)
  }

  #newPerson({ kind }: Slot): Person {
    const { users, tenants } = this.#options
    const user = this.#chance.below(users)
    const person: Person = {
      kind,
      // Where they come from: as many addresses as users, each known again.
      index: user,
      tenant: user % tenants,
      userId: `user-${user}`,
      seats: new Map(),
      former: new Set(),
      entered: new Set(),
      pid: undefined,
      cursor: undefined,
      awaySince: 0,
    }
    this.#seat(person)
    return person
  }

  #end({ kind }: Slot, life: Life): void {
    const chance = this.#chance.next()
    const how: Leaving = chance < 0.4 ? 'goodbye' : chance < 0.95 || kind === 'stream' ? 'killed' : 'silent'
    life.leave(how)
  }

  #ended(slot: Slot, life: Life): void {
    const now = performance.now()
    slot.life = undefined
    const { person } = slot
    if (!person) return
    person.awaySince = now
    // Two of five make way for somebody else.
    if (this.#chance.next() < 0.4 || !life.ready) slot.person = undefined
    slot.backAt = now + this.#awayMs()
  }

  /** Mostly a moment, sometimes as long as an errand, seldom longer than anything is kept. */
  #awayMs(): number {
    const chance = this.#chance.next()
    if (chance < 0.85) return this.#chance.around(2_000)
    return chance < 0.98 ? this.#chance.next() * keptFor.ms * 0.5 : keptFor.ms * 1.5
  }

  #change(person: Person, life: Life): void {
    const [room] = this.#newRooms(person, 1)
    if (life instanceof SocketIoLife && room) life.move(room)
    else if (life instanceof NativeLife) changeNative(life, { chance: this.#chance, room })
  }

  /**
   * Nobody comes or goes any more; once all is quiet, one last event in each room must have reached everybody there, and who
   * shows themselves must be shown.
   */
  async settle(): Promise<void> {
    this.rate = 0
    this.#churning = false
    // Those who are on their way, and those who are shown for a while after they broke off.
    await Bun.sleep(30_000)
    // Who comes later begins behind the last event.
    const before = this.#slots.flatMap(({ life }) => (life?.ready ? [life] : []))
    for (const room of this.#around.rooms.live) this.#speakers[room.tenant]?.publish(room, performance.now())
    await Bun.sleep(5_000)
    for (const speaker of this.#speakers) {
      if (speaker.unanswered > 0) this.#tally.problem(`${speaker.unanswered} publishes were not acknowledged`)
    }
    const there = before.filter(({ ready, leaving }) => ready && leaving === undefined)
    for (const life of there) checkWhole(life, this.#tally)
    // Who fell silent is shown until the server finds out.
    const shown = this.#slots.flatMap(({ life }) => (life?.ready ? [life] : []))
    checkPresence(shown, this.#tally)
    await Bun.sleep(3_000)
  }

  /** Everybody goes for good. */
  async end(): Promise<void> {
    for (const timer of this.#timers) clearInterval(timer)
    for (const speaker of this.#speakers) speaker.end()
    for (const { life } of this.#slots) {
      if (!life) continue
      life.onEnd = undefined
      if (life.leaving === undefined) life.leave('goodbye')
    }
    await Bun.sleep(1_000)
    for (const { life } of this.#slots) life?.leave('killed')
  }
}
