/**
 * Nodes with the real journal, forwarder and flows, over one store and an engine that loses, doubles and delays: a seed decides
 * what happens when, and which node dies with what in its hands. Plays one history a seed, and judges what everybody saw.
 */
import { FanfareError, type Position } from '@fanfare/protocol'
import type { Room } from '../app/app.ts'
import type { RoomLog } from '../engine/room-log.ts'
import { Flusher } from '../hub/flusher.ts'
import { Hub } from '../hub/hub.ts'
import type { Session } from '../hub/session.ts'
import { systemClock } from '../lib/clock.ts'
import { type FakeClock, fakeClock } from '../lib/fake-clock.ts'
import { uuidv7 } from '../lib/ids.ts'
import { silentLog } from '../lib/log.ts'
import { noMetrics } from '../lib/metrics.ts'
import { noAudit } from '../model/audit.ts'
import { roomKey } from '../model/room-key.ts'
import { createJournaledLog, type JournaledLog } from '../store/journaled-log.ts'
import type { CommittedEvents, JournalEvent, Store } from '../store/store.ts'
import { openTestStore } from '../store/store.world.ts'
import { decodeLimits, nativeDialect } from '../wire/native.ts'
import { resume } from './catch-up.ts'
import { connect } from './connect.ts'
import { disconnect } from './disconnect.ts'
import { CarryingBroker } from './forward.broker.ts'
import { ForwardReader } from './forward.reader.ts'
import { createForwarder } from './forward.ts'
import { Interest } from './interest.ts'
import { Chance, Steps } from './race.chance.ts'
import { Replays } from './replays.ts'
import type { Services } from './services.ts'
import { subscribe } from './subscribe.ts'

/** How a node is broken, to prove that the judge would see it. */
export type ForwardVariant = {
  readonly inner?: (log: RoomLog) => RoomLog
  readonly store?: (store: Store) => Store
}

const rooms = ['a', 'b'] as const
const nodeCount = 2
const limits = {
  replayEvents: 3,
  replayBytes: 1_000_000,
  outboxBytes: 10_000_000,
  roomsPerSession: 9,
  pongTimeoutMs: 1,
}
const dialect = nativeDialect(decodeLimits({ ...limits, messageBytes: 65_536 } as never))

type Node = {
  readonly journaled: JournaledLog
  readonly services: Services
  readonly store: Store & { alive: boolean }
  dies(): void
}
type Person = { node: Node; reader: ForwardReader; session: Session }

/** A store for many histories, each in a tenant and a time of its own. */
export type SharedStage = { readonly store: Store; readonly clock: FakeClock }

/** Plays one history after another. @returns those that went wrong, in words */
export const playForwarding = async (
  seeds: number,
  { turns, variant = {} }: { readonly turns: number; readonly variant?: ForwardVariant },
): Promise<readonly string[]> => {
  let clock = fakeClock()
  await using store = await openTestStore({ clock: { ...systemClock, now: () => clock.now() } })
  const failed: string[] = []
  for (let seed = 1; seed <= seeds; seed++) {
    clock = fakeClock()
    const faults = await new ForwardWorld({ store, clock }, seed, variant).play(turns)
    if (faults.length > 0) failed.push(`seed ${seed}: ${faults.slice(0, 5).join('; ')}`)
  }
  return failed
}

class ForwardWorld {
  readonly #chance: Chance
  readonly #steps: Steps
  readonly #clock: FakeClock
  readonly #broker: CarryingBroker
  readonly #shared: Store
  readonly #tenantId: string
  readonly #variant: ForwardVariant
  readonly #nodes: Node[] = []
  readonly #people: Person[] = []
  readonly #faults: string[] = []
  readonly #reacted = new Map<string, number>()
  /** Room and offset → the id that was acknowledged there. */
  readonly #acknowledged = new Map<string, string>()
  #publishing = 0
  #number = 0

  constructor({ store, clock }: SharedStage, seed: number, variant: ForwardVariant = {}) {
    this.#clock = clock
    this.#chance = new Chance(seed)
    this.#steps = new Steps(this.#chance)
    this.#broker = new CarryingBroker({ steps: this.#steps, chance: this.#chance })
    this.#shared = store
    this.#tenantId = `tenant${seed}`
    this.#variant = variant
  }

  /** What went wrong, in words; empty when nothing did. */
  async play(turns: number): Promise<readonly string[]> {
    for (let index = 0; index < nodeCount; index++) this.#nodes.push(await this.#stepping(this.#start()))
    for (let index = 0; index < 3; index++)
      this.#people.push(this.#arrive(new Map(rooms.map((room) => [room, undefined]))))
    for (let turn = 0; turn < turns; turn++) {
      await this.#act()
      for (let step = this.#chance.below(6); step > 0; step--) this.#steps.one()
      if (this.#chance.below(3) === 0) await this.#clock.advance(this.#chance.below(60))
    }
    await this.#settle()
    await this.#judge()
    for (const node of this.#nodes) node.dies()
    return this.#faults
  }

  async #act(): Promise<void> {
    const roll = this.#chance.below(100)
    if (roll < 60) void this.#publish(this.#chance.pick(rooms), 1 + this.#chance.below(4))
    else if (roll < 75) this.#comesBack(this.#chance.pick(this.#people))
    else if (roll < 85) await this.#crash(this.#chance.below(nodeCount))
    else if (roll < 90) this.#broker.loses()
  }

  async #publish(room: string, count: number): Promise<void> {
    await Promise.all(Array.from({ length: count }, () => this.#publishOne(room, `k${++this.#number}`)))
  }

  /** Tried again with the same key, here or elsewhere, until it is acknowledged. */
  async #publishOne(room: string, key: string): Promise<void> {
    this.#publishing++
    for (let acknowledged = false; !acknowledged; ) {
      const node = this.#chance.pick(this.#nodes)
      const id = uuidv7(this.#clock.now())
      const draft = { id, type: 'note', tenantId: this.#tenantId, room, data: key, timestamp: '' }
      try {
        const published = await node.journaled.publish(this.#room(room), draft, { key })
        const place = `${room} ${published.offset}`
        if (this.#acknowledged.has(place)) this.#faults.push(`${place} was acknowledged twice`)
        this.#acknowledged.set(place, published.id)
        acknowledged = true
      } catch (error) {
        if (!(error instanceof FanfareError) || error.code !== 'unavailable') this.#faults.push(String(error))
        await this.#steps.pause()
        await undefined
      }
    }
    this.#publishing--
  }

  /** Everything comes to rest; then whoever is in a room must be at its top, and every event reacted to. */
  async #settle(): Promise<void> {
    this.#broker.calm()
    for (let round = 0; round < 400; round++) {
      while (this.#steps.one()) await undefined
      await this.#clock.advance(round < 20 ? 5 : 100)
      if (this.#steps.waiting === 0 && this.#publishing === 0 && (await this.#isAtRest())) return
    }
    this.#faults.push('it does not come to rest')
  }

  async #isAtRest(): Promise<boolean> {
    const stands = await this.#stands()
    const isSent = stands.every(({ sent, top, waiting_since: since }) => sent === top && since === null)
    const isSeen = this.#people.every(({ reader }) =>
      rooms.every(
        (room) => (reader.places.get(room)?.offset ?? -1) === (stands.find((one) => one.room === room)?.top ?? 0),
      ),
    )
    return isSent && isSeen
  }

  #stands() {
    return this.#shared
      .of(this.#tenantId)
      .read((rows) =>
        rows.selectFrom('journal_room').select(['room', 'epoch', 'sent', 'top', 'waiting_since']).execute(),
      )
  }

  async #judge(): Promise<void> {
    const kept = await this.#shared
      .of(this.#tenantId)
      .read((rows) => rows.selectFrom('journal').select(['room', 'offset', 'id', 'key']).orderBy('offset').execute())
    const truth = new Map(kept.map(({ room, offset, id }) => [`${room} ${offset}`, id]))
    if (kept.length !== this.#number) this.#faults.push(`${this.#number} were published, ${kept.length} are kept`)
    for (const [place, id] of this.#acknowledged) {
      if (truth.get(place) !== id) this.#faults.push(`${place} was acknowledged as another than is kept`)
    }
    for (const { room, sent, top } of await this.#stands()) {
      if (sent !== top) this.#faults.push(`${room} stands at ${top}, and ${sent} were noted as sent`)
      for (const { reader } of this.#people) {
        const at = reader.places.get(room)?.offset
        if (at !== top) this.#faults.push(`${room} stands at ${top}, and somebody at ${at}`)
      }
    }
    for (const { reader } of this.#people) this.#collect(reader, truth)
    for (const { id, key } of kept) if (!this.#reacted.has(id)) this.#faults.push(`nobody reacted to ${key}`)
  }

  #collect(reader: ForwardReader, truth: ReadonlyMap<string, string>): void {
    this.#faults.push(...reader.faults)
    for (const [place, id] of reader.seen) {
      if (truth.get(place) !== id) this.#faults.push(`at ${place} somebody saw another than is kept`)
    }
  }

  /** The link is cut; the same person comes back, here or elsewhere, and resumes every room where it was. */
  #comesBack(person: Person): void {
    const { reader } = person
    disconnect(person.node.services, person.session, true)
    this.#faults.push(...reader.faults)
    const since = new Map(rooms.map((room) => [room, reader.places.get(room)]))
    Object.assign(person, this.#arrive(since))
    for (const [place, id] of reader.seen) if (!person.reader.seen.has(place)) person.reader.seen.set(place, id)
  }

  #arrive(since: ReadonlyMap<string, Position | undefined>): Person {
    const node = this.#chance.pick(this.#nodes)
    const reader = new ForwardReader()
    const identity = { tenantId: this.#tenantId, userId: 'u', roles: [], grants: [], claims: {}, expiresAt: 0 }
    const session = connect(node.services, { link: reader, dialect, identity, endpoint: undefined })
    const enter = (room: string): void => {
      const at = reader.places.get(room) ?? since.get(room)
      subscribe(node.services, session, { room, ...(at === undefined ? { since: 'earliest' } : { since: at }) }).catch(
        () => {
          // The engine failed it; a client asks again.
          if (session.open && node.store.alive) this.#clock.after(20, () => enter(room))
        },
      )
    }
    for (const [room, at] of since) {
      if (at) reader.places.set(room, at)
      enter(room)
    }
    return { node, reader, session }
  }

  /** With whatever it has committed and not forwarded; another takes its place, and its people come back. */
  async #crash(index: number): Promise<void> {
    const dead = this.#nodes[index]!
    dead.dies()
    this.#nodes[index] = await this.#stepping(this.#start())
    for (const person of this.#people) if (person.node === dead) this.#comesBack(person)
  }

  /** Lets everything go on until the work is done. */
  async #stepping<T>(work: Promise<T>): Promise<T> {
    let done = false
    const end = (): void => {
      done = true
    }
    work.then(end, end)
    while (!done) {
      this.#steps.one()
      await new Promise<void>((resolve) => setImmediate(resolve))
    }
    return work
  }

  async #start(): Promise<Node> {
    const store = this.#storeOf()
    const side = this.#broker.node()
    const parts = { clock: this.#clock, log: silentLog, metrics: noMetrics }
    const inner = this.#variant.inner?.(side.log) ?? side.log
    const journaled = createJournaledLog({ ...parts, inner, store, hot: { eventsPerRoom: 4, bytes: 100_000 } })
    const services = this.#servicesOf(journaled)
    await journaled.start({
      deliver: (...event) => services.hub.deliver(...event),
      lost: (room) => services.hub.lost(room),
    })
    const forwarder = createForwarder({
      ...parts,
      store: this.#variant.store?.(store) ?? store,
      journaled,
      app: services.app,
      reactor: {
        react: async (_room, { id }) => {
          await this.#steps.pause()
          // A handler of a node that died never ended.
          if (!store.alive) return 'left'
          this.#reacted.set(id, (this.#reacted.get(id) ?? 0) + 1)
          return 'over'
        },
      },
      random: () => this.#chance.next(),
      mostHeld: this.#chance.pick([2, 1_000]),
      abandonedMs: 30,
      alone: false,
    })
    forwarder.start()
    await forwarder.takeOver()
    return {
      journaled,
      services,
      store,
      dies() {
        store.alive = false
        side.dies()
      },
    }
  }

  /** One node's view of the store: told of its own commits alone, and cut off when it dies, before or after a commit. */
  #storeOf(): Store & { alive: boolean } {
    const hearers = new Set<(committed: CommittedEvents) => void>()
    const shared = this.#shared
    const steps = this.#steps
    const store: Store & { alive: boolean } = {
      ...shared,
      alive: true,
      of: (tenantId) => {
        const tenant = shared.of(tenantId)
        return {
          ...tenant,
          read: async (work) => {
            await steps.pause()
            check()
            return tenant.read(work)
          },
          change: async (work) => {
            await steps.pause()
            check()
            const events: JournalEvent[] = []
            const result = await tenant.change((change) => {
              events.length = 0
              return work({
                ...change,
                publish: async (drafts) => {
                  const published = await change.publish(drafts)
                  events.push(...published.filter(({ id }, index) => id === drafts[index]?.id))
                  return published
                },
              })
            })
            check()
            if (events.length > 0) for (const hear of hearers) hear({ tenantId, events })
            await steps.pause()
            check()
            return result
          },
        }
      },
      tenantsDue: async () => {
        check()
        return [this.#tenantId]
      },
      onCommitted: (hear) => {
        hearers.add(hear)
        return () => void hearers.delete(hear)
      },
    }
    const check = (): void => {
      if (!store.alive) throw new FanfareError('unavailable', 'this node is dead')
    }
    return store
  }

  #room(name: string): Room {
    return {
      key: roomKey(this.#tenantId, name),
      log: { keep: 3, forMs: 1_000, durable: false, archive: { forMs: Number.POSITIVE_INFINITY } },
      tenantId: this.#tenantId,
      name,
      params: {},
      rule: {
        pattern: name,
        events: new Map(),
        access: () => true,
        publish: () => true,
        presence: undefined,
        slow: 'resume',
      },
    }
  }

  #servicesOf(log: JournaledLog): Services {
    const clock = this.#clock
    const hub = new Hub({
      metrics: noMetrics,
      heldEvents: 1_000,
      resync: (subscription) => resume(services, subscription),
    })
    // Only what these flows use: the rest of a node is not on this stage.
    const services = {
      accepting: true,
      starting: false,
      app: { room: (_tenantId: string, name: string) => this.#room(name) },
      audit: noAudit,
      auth: { userOf: () => ({ id: 'u', tenantId: this.#tenantId }) },
      clock,
      engine: { log, directory: { touch() {} } },
      lifecycle: { came() {}, entered() {} },
      greeter: { greeted() {} },
      flusher: new Flusher((run) => this.#steps.later(run)),
      hub,
      interest: new Interest(log, clock, silentLog),
      limits,
      log: silentLog,
      metrics: noMetrics,
      quotas: { enter() {}, leave() {} },
      replays: new Replays({ clock }),
    } as unknown as Services
    return services
  }
}
