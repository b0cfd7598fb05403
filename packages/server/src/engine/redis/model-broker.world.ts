/**
 * A broker as its port promises it, and no better: messages are lost, doubled and late; links from a node to a server break,
 * swallow what they are given, or are slow; writes may be done after their caller was told that nobody knows. A seed decides.
 */
import { FanfareError, type Position } from '@fanfare/protocol'
import type { Chance } from '../../flows/race.chance.ts'
import type { LogRoom } from '../../model/room.ts'
import type { RoomKey } from '../../model/room-key.ts'
import type { ReadQuery, Slice } from '../room-log.ts'
import type { Broker, BrokerSink, Heard, Known, Lane, Write, Written } from './broker.ts'
import type { ModelServer } from './model-server.world.ts'
import type { SimulatedTime } from './simulation.time.ts'

/** From one node to one server. `hole`: what goes in does not come out, and nobody has noticed yet. */
export type LinkState = 'up' | 'hole' | 'down'

const timeoutMs = 2_500
const unknown = () => new FanfareError('unavailable', 'Nobody knows whether it was done.')

export class ModelLink {
  state: LinkState = 'up'
  /** Messages do not come through, commands do. */
  deaf = false
  /** How much later than usual answers come, ms at most. */
  slowMs = 0
  /** New with each connection; what belongs to an earlier one never arrives. */
  connection = 1
  replid = 1
  readonly heard = new Set<RoomKey>()
  /** Writes that will be done though their caller was told that it is not known. */
  late: (() => void)[] = []
  lastMessageAt = 0
  readonly server: ModelServer

  constructor(server: ModelServer) {
    this.server = server
  }

  runLate(): void {
    const late = this.late
    this.late = []
    for (const run of late) run()
  }
}

export type ModelBrokerOptions = {
  readonly time: SimulatedTime
  readonly chance: Chance
  readonly links: ReadonlyMap<Lane, ModelLink>
  readonly laneOf: (room: RoomKey) => Lane
}

export class ModelBroker implements Broker {
  /** Single calls and messages fail by chance. */
  troubled = true
  /** Calls so far. */
  reads = 0
  compares = 0
  readonly links: ReadonlyMap<Lane, ModelLink>
  readonly laneOf: (room: RoomKey) => Lane
  readonly #time: SimulatedTime
  readonly #chance: Chance
  #sink: BrokerSink | undefined

  constructor({ time, chance, links, laneOf }: ModelBrokerOptions) {
    this.#time = time
    this.#chance = chance
    this.links = links
    this.laneOf = laneOf
  }

  async start(sink: BrokerSink): Promise<() => Promise<void>> {
    this.#sink = sink
    return async () => {
      this.#sink = undefined
    }
  }

  async write(lane: Lane, writes: readonly Write[]): Promise<readonly Written[]> {
    const link = this.#link(lane)
    const server = link.server
    if (link.state === 'up' && this.#happens(3)) return this.#writeLate(link, writes)
    const until = this.#time.now() + timeoutMs
    return this.#call(link, async () => {
      while (server.fenced(link.replid, this.#time.now())) {
        const { connection } = link
        await this.#time.sleep(20)
        if (this.#time.now() > until || link.connection !== connection || link.state !== 'up') throw unknown()
      }
      link.runLate()
      return server.write(writes)
    })
  }

  read(room: LogRoom, query: ReadQuery): Promise<Slice> {
    this.reads++
    const link = this.#link(this.laneOf(room.key))
    return this.#call(link, () => link.server.read(room, query))
  }

  compare(lane: Lane, rooms: readonly Known[]): Promise<readonly Position[]> {
    this.compares++
    const link = this.#link(lane)
    return this.#call(link, () => link.server.compare(rooms))
  }

  hear(lane: Lane, rooms: readonly RoomKey[]): Promise<void> {
    const link = this.#link(lane)
    return this.#call(link, () => {
      for (const room of rooms) link.heard.add(room)
    })
  }

  unhear(lane: Lane, rooms: readonly RoomKey[]): Promise<void> {
    const link = this.#link(lane)
    return this.#call(link, () => {
      for (const room of rooms) link.heard.delete(room)
    })
  }

  /** The server fans out: now and then the message is lost, comes late, or comes again. */
  send(lane: Lane, heard: Heard): void {
    const link = this.#link(lane)
    if (!link.heard.has(heard.room) || link.state !== 'up' || link.deaf || this.#happens(4)) return
    const usual = this.#time.now() + 1 + this.#chance.below(8)
    if (this.#happens(3)) this.#arrive(link, heard, this.#chance.below(900))
    else {
      link.lastMessageAt = Math.max(link.lastMessageAt, usual)
      this.#arrive(link, heard, link.lastMessageAt - this.#time.now())
    }
    if (this.#happens(4)) this.#arrive(link, heard, this.#chance.below(1_500))
  }

  /** The link stands again, and so do its subscriptions. */
  reconnect(lane: Lane): void {
    const link = this.#link(lane)
    link.state = 'up'
    link.deaf = false
    link.connection++
    link.replid = link.server.replid
    link.server.arrive(this.#time.now())
    this.#sink?.doubted(lane)
  }

  #arrive(link: ModelLink, heard: Heard, inMs: number): void {
    const { connection } = link
    this.#time.after(inMs, () => {
      if (link.connection === connection && link.state === 'up') this.#sink?.heard(heard)
    })
  }

  async #writeLate(link: ModelLink, writes: readonly Write[]): Promise<never> {
    const { server } = link
    const { replid } = server
    link.late.push(() => {
      if (server.replid === replid && server.up && !server.fenced(replid, this.#time.now())) server.write(writes)
    })
    this.#time.after(this.#chance.below(1_500), () => link.runLate())
    await this.#time.sleep(this.#chance.below(200))
    throw unknown()
  }

  /** There and back; at each step the link may have broken. */
  async #call<T>(link: ModelLink, work: () => T | Promise<T>): Promise<T> {
    const { connection } = link
    const broken = () => link.connection !== connection || link.state !== 'up'
    await this.#time.sleep(1 + this.#chance.below(6))
    if (broken() || this.#happens(2)) return this.#fail(link)
    const result = await work()
    await this.#time.sleep(1 + this.#chance.below(6) + this.#chance.below(link.slowMs + 1))
    if (broken() || this.#happens(1)) return this.#fail(link)
    return result
  }

  async #fail(link: ModelLink): Promise<never> {
    await this.#time.sleep(link.state === 'hole' ? timeoutMs : this.#chance.below(60))
    throw unknown()
  }

  #happens(percent: number): boolean {
    return this.troubled && this.#chance.below(100) < percent
  }

  #link(lane: Lane): ModelLink {
    return this.links.get(lane)!
  }
}
