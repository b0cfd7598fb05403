/**
 * Two nodes on one Redis behind one address, and a crowd of clients of three kinds that come back by themselves, in halls
 * where somebody publishes with keys all the while. What happens to the nodes is the test's affair; this judges.
 */
import { randomBytes } from 'node:crypto'
import { fileURLToPath } from 'node:url'
import type { Member } from '@fanfare/protocol'
import { type ServerProcess, startServerProcess } from '@fanfare/testkit'
import { Front } from './front.ts'
import { Publisher } from './publisher.ts'
import { readLog } from './read-log.ts'
import { type Kind, Ledger, Seat } from './seat.ts'
import { open } from './seat-kinds.ts'
import { unlimitedEnvironment } from './unlimited.ts'

export type NodesRigOptions = {
  readonly redisUrl: string
  /** A third of each kind, spread over the rooms. */
  readonly clients: number
  readonly rooms: number
  /** Of the clients, who do not come back once they are cut off. @default 0 */
  readonly leavingShare?: number
  /** One process of so many workers in place of two nodes with an address before them. */
  readonly workers?: number
}

const app = fileURLToPath(new URL('halls.ts', import.meta.url))
const kinds: readonly Kind[] = ['native', 'stream', 'socketio']
/** So many connect in each step. */
const stepClients = 40
const stepMs = 100
/** Every so many users have a second client, of another kind. */
const twins = 10
const catchUpMs = 30_000
const talliedAtOnce = 200
const publisherTickMs = 50

export class NodesRig implements AsyncDisposable {
  readonly nodes: readonly ServerProcess[]
  readonly rooms: readonly string[]
  readonly seats: readonly Seat[]
  readonly publishers: readonly Publisher[]
  readonly ledger = new Ledger()
  readonly #front: Front | undefined
  readonly #returning: Promise<void>[] = []
  #publishing: number | undefined
  #over = false

  private constructor(options: NodesRigOptions, nodes: readonly ServerProcess[], front: Front | undefined) {
    const { rooms, clients, leavingShare = 0 } = options
    this.nodes = nodes
    this.#front = front
    this.rooms = Array.from({ length: rooms }, (_, index) => `hall:${index}`)
    this.seats = Array.from({ length: clients }, (_, index) => this.#seat(index, leavingShare))
    const { socketUrl } = front ?? nodes[0]!
    let n = 0
    this.publishers = this.rooms.map((room, index) => {
      const name = `publisher${index}`
      return new Publisher({
        name,
        url: socketUrl,
        token: nodes[0]!.token(name),
        room,
        durability: 'broker',
        next: () => ++n,
        persists: true,
        tickMs: publisherTickMs,
      })
    })
  }

  static async open(options: NodesRigOptions): Promise<NodesRig> {
    const { redisUrl, workers } = options
    const secret = randomBytes(48).toString('base64url')
    const environment = { ...unlimitedEnvironment, REDIS_URL: redisUrl }
    const words = workers === undefined ? [] : ['--workers', String(workers)]
    const count = workers === undefined ? 2 : 1
    const nodes = await Promise.all(
      Array.from({ length: count }, () => startServerProcess({ app, secret, environment, words })),
    )
    const front = workers === undefined ? await Front.open(nodes.map(({ port }) => port)) : undefined
    const rig = new NodesRig(options, nodes, front)
    await rig.#connect()
    return rig
  }

  /** Publishes at this rate, over all rooms. */
  publishes(perSecond: number): void {
    this.#publishing = perSecond / this.publishers.length
    for (const publisher of this.publishers) publisher.publishes(this.#publishing)
  }

  /** Resolves when everybody who is to be there is there again. */
  async gathers(withinMs: number): Promise<void> {
    const away = () => this.seats.filter((seat) => !seat.isGone && !seat.isThere)
    await until(withinMs, () => away().length === 0).catch(() => {
      const names = away().map(({ name, kind, losses }) => `${name} (${kind}, cut off ${losses.length} times)`)
      throw new Error(`${names.length} are not back after ${withinMs} ms: ${names.slice(0, 5).join(', ')}`)
    })
  }

  /** Ends publishing; judges once everybody has heard everything that was acknowledged. */
  async finishes(): Promise<{ readonly acknowledged: number; readonly deliveries: number; readonly faults: string[] }> {
    this.#publishing = undefined
    await Promise.all(this.publishers.map((publisher) => publisher.finishes()))
    const faults = this.publishers.flatMap((publisher) => publisher.faults)
    const auditor = await this.#living().person('auditor')
    const sizes = new Map<string, number>()
    for (const [index, room] of this.rooms.entries()) {
      const log = await readLog(auditor, room)
      sizes.set(room, log.length)
      faults.push(...compare(room, log, this.publishers[index]!), ...sameOrder(room, log, this.ledger.of(room)))
    }
    await auditor.goes()
    const behind = () => this.seats.filter((seat) => !seat.isGone && seat.heard < sizes.get(seat.room)!)
    await until(catchUpMs, () => behind().length === 0).catch(() => {
      for (const { name, kind, heard, room, losses, arrivals } of behind()) {
        const way = `cut off at ${inWords(losses)}, there at ${inWords(arrivals)}, now ${inWords([performance.now()])}`
        faults.push(`${name} (${kind}) heard ${heard} of ${sizes.get(room)} in ${room}; ${way}`)
      }
    })
    faults.push(...this.seats.flatMap((seat) => seat.faults), ...this.ledger.faults)
    return {
      acknowledged: this.publishers.reduce((sum, { acknowledged }) => sum + acknowledged.size, 0),
      deliveries: this.seats.reduce((sum, { heard }) => sum + heard, 0),
      faults,
    }
  }

  /** Who is shown in each room, as a node that lives says. */
  async members(): Promise<ReadonlyMap<string, ReadonlySet<string>>> {
    const auditor = await this.#living().person('auditor')
    const shown = new Map<string, ReadonlySet<string>>()
    for (const room of this.rooms) {
      const { members } = (await auditor.asks({ type: 'presence', room })) as unknown as { members: readonly Member[] }
      shown.set(room, new Set(members.map(({ userId }) => userId)))
    }
    await auditor.goes()
    return shown
  }

  /** How often the application was told that each of these users is offline. */
  async tally(users: readonly string[]): Promise<ReadonlyMap<string, number>> {
    const auditor = await this.#living().person('auditor')
    const tally = new Map<string, number>()
    for (let from = 0; from < users.length; from += talliedAtOnce) {
      const some = users.slice(from, from + talliedAtOnce)
      const told = await auditor.asks({ type: 'command', name: 'offline:tally', input: { users: some } })
      for (const [index, user] of some.entries()) tally.set(user, (told as readonly number[])[index]!)
    }
    await auditor.goes()
    return tally
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#over = true
    await Promise.all(this.#returning)
    for (const publisher of this.publishers) publisher.closes()
    for (const seat of this.seats) seat.goes()
    await this.#front?.[Symbol.asyncDispose]()
    await Promise.all(this.nodes.map((node) => node[Symbol.asyncDispose]()))
  }

  #living(): ServerProcess {
    return this.nodes.find((node) => node.isRunning)!
  }

  #seat(index: number, leavingShare: number): Seat {
    const kind = kinds[index % kinds.length]!
    const isTwin = index % twins === twins - 1
    const user = isTwin ? index - 1 : index
    // Twins are in one room, so that a user has a second client there.
    const room = this.rooms[Math.floor(user / kinds.length) % this.rooms.length]!
    return new Seat({
      name: `client${index}`,
      userId: `user${user}`,
      room,
      kind,
      ledger: this.ledger,
      isLeaving: (index * 0.618) % 1 < leavingShare,
    })
  }

  async #connect(): Promise<void> {
    const { url } = this.#front ?? this.nodes[0]!
    for (let from = 0; from < this.seats.length; from += stepClients) {
      for (const seat of this.seats.slice(from, from + stepClients)) {
        open[seat.kind](seat, { url, token: this.nodes[0]!.token(seat.userId) })
      }
      await Bun.sleep(stepMs)
    }
    await this.gathers(60_000)
    await Promise.all(this.publishers.map((publisher) => publisher.connects()))
    this.#returning.push(...this.publishers.map((publisher) => this.#keepsIn(publisher)))
  }

  async #keepsIn(publisher: Publisher): Promise<void> {
    while (!this.#over) {
      if (!publisher.connected) {
        await publisher.connects().then(
          () => this.#publishing !== undefined && publisher.publishes(this.#publishing),
          // The node is gone, or stops: the next try finds another.
          () => {},
        )
      }
      await Bun.sleep(100 + Math.random() * 400)
    }
  }
}

/** One room's log against its acknowledgements. */
const compare = (
  room: string,
  log: readonly { readonly n: number; readonly epoch: string; readonly offset: number }[],
  publisher: Publisher,
): readonly string[] => {
  const faults: string[] = []
  const at = new Map<number, string>()
  for (const { n, epoch, offset } of log) {
    if (at.has(n)) faults.push(`${room}: ${n} is stored twice, at ${at.get(n)} and ${offset}`)
    at.set(n, `${epoch} ${offset}`)
  }
  for (const [n, { epoch, offset }] of publisher.acknowledged) {
    if (at.get(n) !== `${epoch} ${offset}`) faults.push(`${room}: ${n} was acknowledged at ${offset}: ${at.get(n)}`)
  }
  return faults
}

const sameOrder = (
  room: string,
  log: readonly { readonly n: number }[],
  heard: readonly number[],
): readonly string[] => {
  const wrong = heard.findIndex((n, index) => log[index]?.n !== n)
  return wrong < 0 ? [] : [`${room}: at place ${wrong} clients heard ${heard[wrong]}, the log has ${log[wrong]?.n}`]
}

const inWords = (times: readonly number[]): string => times.map(Math.round).join(', ')

export const until = async (withinMs: number, holds: () => boolean): Promise<void> => {
  const deadline = performance.now() + withinMs
  while (!holds()) {
    if (performance.now() > deadline) throw new Error(`not within ${withinMs} ms`)
    await Bun.sleep(25)
  }
}
