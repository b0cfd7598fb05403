/**
 * One node's real flows over a broker and links whose every step may be delayed; a seed decides who goes first. Plays one
 * history a seed, and judges what each reader saw. Owns no socket and no time.
 */
import { defaultLimits, type Position } from '@fanfare/protocol'
import type { Room } from '../app/app.ts'
import { Flusher } from '../hub/flusher.ts'
import { Hub } from '../hub/hub.ts'
import type { Session } from '../hub/session.ts'
import type { Clock, Timer } from '../lib/clock.ts'
import { silentLog } from '../lib/log.ts'
import { noMetrics } from '../lib/metrics.ts'
import { noAudit } from '../model/audit.ts'
import { roomKey } from '../model/room-key.ts'
import { decodeLimits, nativeDialect } from '../wire/native.ts'
import { resume } from './catch-up.ts'
import { connect } from './connect.ts'
import { disconnect } from './disconnect.ts'
import { Interest } from './interest.ts'
import { FakeBroker } from './race.broker.ts'
import { Chance, Steps } from './race.chance.ts'
import { Reader } from './race.reader.ts'
import { Replays } from './replays.ts'
import type { Services } from './services.ts'
import { type SubscribeRequest, subscribe } from './subscribe.ts'
import { unsubscribe } from './unsubscribe.ts'

export type Subscribe = (services: Services, session: Session, request: SubscribeRequest) => Promise<void>

/** How the node is broken, to prove that the judge would see it. */
export type Variant = {
  readonly subscribe?: Subscribe
  readonly hub?: (hub: Hub) => void
  readonly replays?: (replays: Replays) => void
  /** The broker answers a listen before it has effect. */
  readonly listenUnacknowledged?: true
}

const rooms = ['a', 'b'] as const
const people = 3
const turns = 10

type Person = { reader: Reader; session: Session; since: Map<string, Position> }

export class RaceWorld {
  readonly chance: Chance
  readonly #steps: Steps
  readonly #broker: FakeBroker
  readonly #services: Services
  readonly #people: Person[] = []
  readonly #subscribe: Subscribe
  readonly #dialect = nativeDialect(decodeLimits(defaultLimits))
  readonly #faults: string[] = []

  constructor(seed: number, variant: Variant = {}) {
    this.chance = new Chance(seed)
    this.#steps = new Steps(this.chance)
    this.#broker = new FakeBroker({ steps: this.#steps, chance: this.chance, keep: this.chance.pick([4, 1_000]) })
    if (variant.listenUnacknowledged) this.#broker.acknowledges = false
    this.#subscribe = variant.subscribe ?? subscribe
    this.#services = this.#makeServices(variant)
    for (let index = 0; index < people; index++) this.#people.push(this.#arrive(new Map()))
  }

  /**
   * What went wrong, in words; empty when nothing did. After each round everything comes to rest, so that a lost last
   * event has no later one to show it.
   */
  async play(rounds: number): Promise<readonly string[]> {
    for (let round = 0; round < rounds; round++) {
      for (let turn = 0; turn < turns; turn++) {
        this.#act()
        for (let step = this.chance.below(4); step > 0; step--) this.#steps.one()
        await ticks(this.chance.below(9))
      }
      await this.#settle()
      this.#judgeTops()
    }
    for (const person of this.#people) this.#part(person)
    await this.#settle()
    this.#judgeTraces()
    return this.#faults
  }

  async #settle(): Promise<void> {
    this.#broker.calm()
    for (const person of this.#people) person.reader.flows()
    do {
      while (this.#steps.one()) await ticks(2)
      await ticks(40)
    } while (this.#steps.waiting > 0)
    this.#broker.troubled()
  }

  #act(): void {
    const person = this.chance.pick(this.#people)
    const room = this.chance.pick(rooms)
    const roll = this.chance.below(100)
    if (roll < 36) void this.#broker.publish(this.#room(room))
    else if (roll < 64) this.#enter(person, room)
    else if (roll < 74) this.#leave(person, room)
    else if (roll < 80) this.#comeBack(person)
    else if (roll < 88) person.reader.stalls()
    else if (roll < 94) person.reader.flows()
    else if (roll < 97) this.#broker.loseNext()
    else if (roll < 98) void this.#broker.forget(this.#room(room))
  }

  #enter(person: Person, room: string): void {
    const held = person.since.get(room)
    const since = this.chance.pick([undefined, 'earliest', held] as const)
    person.reader.asks(room, since)
    this.#subscribe(this.#services, person.session, { room, ...(since === undefined ? {} : { since }) }).catch(() => {})
  }

  #leave({ session }: Person, room: string): void {
    unsubscribe(this.#services, session, { room }).catch(() => {})
  }

  #part(person: Person): void {
    this.#faults.push(...person.reader.faults)
    person.since = new Map(person.reader.positions())
    disconnect(this.#services, person.session, true)
  }

  /** The link is cut; the same person comes back and resumes every room where it was. */
  #comeBack(person: Person): void {
    this.#part(person)
    Object.assign(person, this.#arrive(person.since))
    for (const [room, since] of person.since) {
      person.reader.asks(room, since)
      this.#subscribe(this.#services, person.session, { room, since }).catch(() => {})
    }
  }

  #arrive(since: Map<string, Position>): Person {
    const holder: { session?: Session } = {}
    const reader = new Reader({ broker: this.#broker, drained: () => holder.session?.outbox.drained() })
    const identity = { tenantId: 't', userId: 'u', roles: [], grants: [], claims: {}, expiresAt: 0 }
    const session = connect(this.#services, { link: reader, dialect: this.#dialect, identity, endpoint: undefined })
    holder.session = session
    return { reader, session, since }
  }

  /** Whoever is in a room at the end has seen it up to its top, with no later event to wake anybody. */
  #judgeTops(): void {
    for (const { reader, session } of this.#people) {
      for (const subscription of session.subscriptions.values()) {
        const { epoch, offset } = this.#broker.topOf(subscription.name)
        const seen = reader.positionIn(subscription.name)
        if (subscription.state !== 'live') this.#faults.push(`${subscription.name} is ${subscription.state} for ever`)
        else if (seen?.epoch !== epoch || seen.offset !== offset) {
          this.#faults.push(
            `${subscription.name} ends at ${seen?.epoch}/${seen?.offset}, its log at ${epoch}/${offset}`,
          )
        }
      }
    }
  }

  #judgeTraces(): void {
    if (this.#broker.listening.size > 0) this.#faults.push('the node listens to rooms that nobody is in')
    if (this.#services.hub.sessions.size > 0) this.#faults.push('a session is left')
    for (const name of rooms) {
      if (!this.#services.hub.isEmpty(this.#room(name))) this.#faults.push(`a subscription to ${name} is left`)
    }
  }

  #room(name: string): Room {
    return {
      key: roomKey('t', name),
      log: { keep: this.#broker.keep, forMs: 1_000_000, durable: false },
      tenantId: 't',
      name,
      params: {},
      rule: {
        pattern: name,
        events: new Map(),
        access: async () => {
          await this.#steps.pause()
          return true
        },
        publish: () => true,
        presence: undefined,
        slow: 'resume',
      },
    }
  }

  #makeServices(variant: Variant): Services {
    const clock = stepClock(this.#steps)
    const hub = new Hub({
      metrics: noMetrics,
      heldEvents: this.chance.pick([2, 1_000]),
      resync: (subscription) => resume(services, subscription),
    })
    variant.hub?.(hub)
    // So few bytes, at times, that events come and go between those who replay them.
    const replays = new Replays({ clock, bytes: this.chance.pick([0, 5_000, 1_000_000]) })
    variant.replays?.(replays)
    this.#broker.start({ deliver: (...event) => hub.deliver(...event), lost: (room) => hub.lost(room) })
    // Only what these flows use: the rest of a node is not on this stage.
    const services = {
      accepting: true,
      starting: false,
      audit: noAudit,
      app: { room: (_tenantId: string, name: string) => this.#room(name) },
      auth: { userOf: () => ({ id: 'u', tenantId: 't' }) },
      clock,
      engine: { log: this.#broker, directory: { touch() {} } },
      lifecycle: { came() {}, entered() {} },
      greeter: { greeted() {} },
      flusher: new Flusher((run) => this.#steps.later(run)),
      hub,
      interest: new Interest(this.#broker, clock, silentLog),
      limits: {
        replayEvents: 3,
        replayBytes: 1_000_000,
        outboxBytes: 10_000_000,
        roomsPerSession: 9,
        pongTimeoutMs: 1,
      },
      log: silentLog,
      metrics: noMetrics,
      quotas: { enter() {}, leave() {} },
      replays,
    } as unknown as Services
    return services
  }
}

/** Time is one more thing that may come early or late. */
const stepClock = (steps: Steps): Clock => ({
  now: () => 0,
  after(_ms, callback): Timer {
    let wanted = true
    steps.later(() => wanted && callback())
    return {
      cancel() {
        wanted = false
      },
    }
  },
  every: () => ({ cancel() {} }),
})

const ticks = async (count: number): Promise<void> => {
  for (let tick = 0; tick < count; tick++) await undefined
}
