/**
 * Three nodes, two servers, a few clients, and everything that may go wrong between them, over simulated time: one history a
 * seed, the same whenever it is played. Then the faults end, and within 30 s everybody must be where the log is.
 */
import type { Room } from '../../app/app.ts'
import { Chance } from '../../flows/race.chance.ts'
import { type RoomKey, roomKey } from '../../model/room-key.ts'
import type { Lane } from './broker.ts'
import { ModelBroker, ModelLink } from './model-broker.world.ts'
import { ModelServer, nameOf } from './model-server.world.ts'
import { SimulatedClient } from './simulation.client.ts'
import { Faults } from './simulation.faults.ts'
import { Ledger } from './simulation.ledger.ts'
import { SimulatedNode } from './simulation.node.ts'
import { simulatedRoom } from './simulation.room.ts'
import { SimulatedTime } from './simulation.time.ts'

const names = ['a', 'b', 'c'] as const
const lanes: readonly Lane[] = ['left', 'right']
const nodeCount = 3
const clientCount = 5
const troubleMs = 5_000
const convergeMs = 30_000
const callMs = 3_000
const calmTurns = 30
/** Less than what lies between two comparisons; as long as an `Interest` holds on, or a failed read waits. */
const calmMs = 1_500
const lookMs = 250

export type Played = { readonly faults: readonly string[]; readonly convergedMs: number; readonly published: number }

export const playSimulation = (seed: number): Promise<Played> => new Simulation(seed).play()

/** What went wrong in each history that failed, and how to play it again. */
export const failedSeeds = async (from: number, to: number): Promise<readonly string[]> => {
  const failed: string[] = []
  for (let seed = from; seed <= to; seed++) {
    const { faults } = await playSimulation(seed)
    if (faults.length > 0)
      failed.push(`seed ${seed}: ${faults.join('; ')}\n  again: bun test/faults/simulation.ts ${seed}`)
  }
  return failed
}

class Simulation {
  readonly #time = new SimulatedTime()
  readonly #chance: Chance
  readonly #ledger = new Ledger()
  readonly #servers = new Map<Lane, ModelServer>()
  readonly #brokers: ModelBroker[] = []
  readonly #nodes: SimulatedNode[] = []
  readonly #clients: SimulatedClient[] = []
  readonly #rooms = new Map<string, Room>()
  #published = 0

  constructor(seed: number) {
    this.#chance = new Chance(seed)
    for (const name of names) this.#rooms.set(name, simulatedRoom(name, this.#chance.pick([3, 1_000, 1_000])))
    for (const lane of lanes) this.#servers.set(lane, this.#makeServer(lane))
    for (let index = 0; index < nodeCount; index++) this.#addNode(`node${index}`)
  }

  async play(): Promise<Played> {
    const stops = await Promise.all(this.#nodes.map((node) => node.start()))
    for (let index = 0; index < clientCount; index++) this.#addClient(`client${index}`)
    const faults = lanes.map((lane) => this.#faultsOf(lane))
    for (const one of faults) void one.run()
    for (let until = this.#time.now() + troubleMs; faults.some(({ over }) => !over); ) {
      this.#act()
      await this.#time.run(this.#chance.below(60))
      if (this.#time.now() >= until) for (const one of faults) one.end()
    }
    for (const broker of this.#brokers) broker.troubled = false
    const convergedMs = await this.#converge(convergeMs)
    await this.#calm()
    this.#judge()
    const stopped = Promise.all(stops.map((stop) => stop()))
    await this.#time.run(3_000)
    await stopped
    return { faults: this.#ledger.faults, convergedMs, published: this.#published }
  }

  /** Nothing goes wrong any more, so nobody waits for a comparison: whoever enters meanwhile hears everything at once. */
  async #calm(): Promise<void> {
    // Whoever was given to a hole waits for its answer until now.
    await this.#time.run(callMs)
    for (let turn = 0; turn < calmTurns; turn++) {
      this.#act()
      this.#chance.pick(this.#clients).moves()
      await this.#time.run(this.#chance.below(30))
    }
    const forgotten = this.#chance.pick(names)
    void this.#chance.pick(this.#nodes).forget(this.#rooms.get(forgotten)!)
    await this.#converge(calmMs)
  }

  #act(): void {
    const client = this.#chance.pick(this.#clients)
    const name = this.#chance.pick(names)
    const room = this.#rooms.get(name)!
    const roll = this.#chance.below(100)
    if (roll < 55) {
      this.#published++
      void client.publishes(room, name)
    } else if (roll < 75) client.enters(name)
    else if (roll < 80) client.leaves(name)
    else if (roll < 90) client.moves()
    else if (roll < 98) this.#look(room)
    else
      this.#chance
        .pick(this.#nodes)
        .forget(room)
        .catch(() => undefined)
  }

  /** Somebody reads a page of the room's history. */
  #look(room: Room): void {
    const limit = 1 + this.#chance.below(9)
    const position = this.#chance.pick(this.#clients).positionIn(room.name)
    const query = this.#chance.pick([
      { after: 'earliest', limit },
      { before: 'latest', limit },
      { after: position ?? 'latest', limit },
    ] as const)
    this.#chance
      .pick(this.#nodes)
      .read(room, query)
      .catch(() => undefined)
  }

  /** Runs until everybody is where the log is, and stays there; how long that took. */
  async #converge(withinMs: number): Promise<number> {
    const began = this.#time.now()
    for (;;) {
      const behind = this.#behind()
      const ms = this.#time.now() - began
      if (behind.length === 0) return ms
      if (ms >= withinMs) {
        for (const one of behind) this.#ledger.fault(`after ${ms} ms ${one}`)
        return ms
      }
      await this.#time.run(lookMs)
    }
  }

  #behind(): string[] {
    const behind: string[] = []
    for (const [index, client] of this.#clients.entries()) {
      if (client.publishing > 0) behind.push(`client${index} waits for ${client.publishing} acknowledgements`)
      for (const name of client.rooms) {
        const at = client.positionIn(name)
        const log = this.#serverOf(roomKey('t', name)).look(roomKey('t', name))
        if (client.isLive(name) && log && at?.epoch === log.epoch && at.offset === log.top) continue
        const where = `${at?.epoch}/${at?.offset}, ${name} at ${log?.epoch}/${log?.top}`
        behind.push(`client${index} on ${client.node.name} is at ${where}, live: ${client.isLive(name)}`)
      }
    }
    return behind
  }

  #judge(): void {
    for (const [name, { key }] of this.#rooms) {
      const log = this.#serverOf(key).look(key)
      for (const event of log?.events ?? []) this.#ledger.saw('the log', log!.epoch, event)
      for (const node of this.#nodes) {
        const losses = node.promises.losses.get(key) ?? 0
        const changes = this.#serverOf(key).changes.get(key) ?? 0
        // Where the log keeps little, a hole may be trimmed before it is repaired.
        const trimmed = this.#rooms.get(name)!.log.keep < 1_000
        if (losses > changes && !trimmed)
          this.#ledger.fault(`${node.name} lost ${name} ${losses} times, its log changed ${changes} times`)
      }
    }
  }

  #hasLost(name: string, from: { readonly epoch: string; readonly offset: number }): boolean {
    const key = roomKey('t', name)
    const server = this.#serverOf(key)
    const log = server.look(key)
    if (!log || server.ended.has(from.epoch) || from.epoch !== log.epoch || from.offset > log.top) return true
    return from.offset < (log.events[0]?.offset ?? log.top + 1) - 1
  }

  #serverOf(key: RoomKey): ModelServer {
    return this.#servers.get(laneOf(key))!
  }

  #makeServer(lane: Lane): ModelServer {
    return new ModelServer({
      name: lane,
      tell: (heard) => {
        if (heard.kind === 'event') this.#ledger.isIn(heard.epoch, heard.event)
        for (const broker of this.#brokers) broker.send(lane, heard)
      },
      carried: (epoch, events) => {
        for (const event of events) this.#ledger.isIn(epoch, event)
      },
    })
  }

  #addNode(name: string): void {
    const links = new Map([...this.#servers].map(([lane, server]) => [lane, new ModelLink(server)]))
    const broker = new ModelBroker({ time: this.#time, chance: this.#chance, links, laneOf })
    this.#brokers.push(broker)
    this.#nodes.push(
      new SimulatedNode({
        name,
        broker,
        time: this.#time,
        random: () => this.#chance.next(),
        ledger: this.#ledger,
        roomOf: (room) => this.#rooms.get(room)!,
        hotEvents: this.#chance.pick([4, 100]),
        reaches: (key, { epoch, offset }) => {
          const log = this.#serverOf(key).look(key)
          return log?.epoch === epoch && log.top >= offset
        },
      }),
    )
    for (const lane of lanes) this.#servers.get(lane)!.arrive(this.#time.now())
  }

  #addClient(name: string): void {
    this.#clients.push(
      new SimulatedClient({
        name,
        nodes: this.#nodes,
        time: this.#time,
        chance: this.#chance,
        ledger: this.#ledger,
        hasLost: (room, from) => this.#hasLost(room, from),
      }),
    )
  }

  #faultsOf(lane: Lane): Faults {
    const [server, brokers, time, chance] = [this.#servers.get(lane)!, this.#brokers, this.#time, this.#chance]
    return new Faults({ lane, server, brokers, time, chance })
  }
}

const laneOf = (key: RoomKey): Lane => (nameOf(key) === 'c' ? 'right' : 'left')
