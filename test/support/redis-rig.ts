/**
 * Nodes that share a Redis, publishers and followers on all of them, and the judge of what they saw: every acknowledged
 * event once, in order, at everybody, and how late at most. What happens to Redis meanwhile is the test's affair.
 */
import { randomBytes } from 'node:crypto'
import { fileURLToPath } from 'node:url'
import type { Durability, HistoryPage } from '@fanfare/protocol'
import { type ServerProcess, startServerProcess } from '@fanfare/testkit'
import { Follower } from './follower.ts'
import { Publisher } from './publisher.ts'
import { unlimitedEnvironment } from './unlimited.ts'

export type RigOptions = {
  /** What each node is given as REDIS_URL; as many nodes as there are addresses. */
  readonly redisUrls: readonly string[]
  /** @default 10 */
  readonly rooms?: number
  /** A template of room names. @default archive:{n} */
  readonly room?: (index: number) => string
  /** @default 2 a node, each in every room */
  readonly followersPerNode?: number
  /** @default clinic.ts */
  readonly app?: string
  /** What acknowledgements in the room must state. @default broker */
  readonly durability?: (room: string) => Durability
  /** After which publishers try again what was refused, ms. @default 200 */
  readonly retryMs?: number
  readonly environment?: { readonly [name: string]: string }
}

/** A number that was acknowledged in a room and is not in its log, which has begun a new epoch since. */
export type Lost = { readonly room: string; readonly n: number }

export type Outcome = {
  readonly acknowledged: number
  /** Publishes that were refused for a while, and sent again with the same key. */
  readonly refused: number
  readonly faults: readonly string[]
  /** Of what was acknowledged. When a follower of such a room was told of no gap, that is a fault too. */
  readonly lost: readonly Lost[]
  /** What followers were told of gaps, over all rooms and followers. */
  readonly gaps: number
  /** From the first sending to being heard, the latest of all, ms. */
  readonly latestMs: number
  readonly deliveries: number
}

const clinic = fileURLToPath(new URL('clinic.ts', import.meta.url))
const catchUpMs = 30_000

export class RedisRig implements AsyncDisposable {
  readonly nodes: ServerProcess[]
  readonly publishers: Publisher[]
  readonly followers: Follower[]
  readonly rooms: readonly string[]
  /** The latest hearing since this was last set to 0, ms after the sending. */
  latestMs = 0
  readonly #sentAt = new Map<number, number>()
  /** What stands where, as the first who heard it had it. */
  readonly #heardAt = new Map<string, number>()
  readonly #contradictions: string[] = []

  private constructor(options: RigOptions, nodes: ServerProcess[]) {
    const { rooms = 10, room = (index) => `archive:${index}`, followersPerNode = 2 } = options
    const { durability = () => 'broker' as const } = options
    this.nodes = nodes
    this.rooms = Array.from({ length: rooms }, (_, index) => room(index))
    let n = 0
    this.publishers = this.rooms.map((name, index) => {
      const node = nodes[index % nodes.length]!
      return new Publisher({
        name: `publisher${index}`,
        url: node.socketUrl,
        token: node.token(`publisher${index}`),
        room: name,
        durability: durability(name),
        next: () => ++n,
        persists: true,
        ...(options.retryMs === undefined ? {} : { retryMs: options.retryMs }),
        sent: (number) => this.#sentAt.set(number, performance.now()),
      })
    })
    this.followers = nodes.flatMap((node, at) =>
      Array.from({ length: followersPerNode }, (_, index) => {
        const name = `follower${at}-${index}`
        const follower: Follower = new Follower({
          name,
          url: node.socketUrl,
          token: node.token(name),
          heard: (room, offset, data) =>
            this.#heard(`${room} ${follower.places.get(room)?.epoch} ${offset}`, data as { readonly n: number }),
        })
        return follower
      }),
    )
  }

  static async open(options: RigOptions): Promise<RedisRig> {
    const secret = randomBytes(48).toString('base64url')
    const nodes = await Promise.all(
      options.redisUrls.map((url) =>
        startServerProcess({
          app: options.app ?? clinic,
          secret,
          environment: { ...unlimitedEnvironment, ...options.environment, REDIS_URL: url },
        }),
      ),
    )
    const rig = new RedisRig(options, nodes)
    await Promise.all([...rig.publishers, ...rig.followers].map((one) => one.connects()))
    for (const follower of rig.followers) for (const room of rig.rooms) follower.enters(room)
    await Promise.all(rig.followers.flatMap((follower) => rig.rooms.map((room) => follower.reaches(room))))
    return rig
  }

  /** Publishes at this rate, over all rooms. */
  publishes(perSecond: number): void {
    for (const publisher of this.publishers) publisher.publishes(perSecond / this.publishers.length)
  }

  /** Ends publishing; when everything is acknowledged and heard, judges. */
  async finishes(): Promise<Outcome> {
    await Promise.all(this.publishers.map((publisher) => publisher.finishes()))
    const faults: string[] = []
    const lost: Lost[] = []
    for (const [index, publisher] of this.publishers.entries()) {
      const judged = await this.#judge(this.rooms[index]!, publisher)
      faults.push(...publisher.faults, ...judged.faults)
      lost.push(...judged.lost)
    }
    for (const follower of this.followers) faults.push(...follower.faults)
    faults.push(...this.#contradictions)
    return {
      lost,
      acknowledged: this.publishers.reduce((sum, { acknowledged }) => sum + acknowledged.size, 0),
      refused: this.publishers.reduce((sum, { refused }) => sum + refused, 0),
      faults,
      gaps: this.followers.reduce((sum, { gaps }) => sum + gaps, 0),
      latestMs: Math.round(this.latestMs),
      deliveries: this.followers.reduce((sum, { events }) => sum + events, 0),
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const publisher of this.publishers) publisher.closes()
    for (const follower of this.followers) follower.drops()
    await Promise.all(this.nodes.map((node) => node[Symbol.asyncDispose]()))
  }

  #heard(position: string, { n }: { readonly n: number }): void {
    this.#saw(position, n)
    const sentAt = this.#sentAt.get(n)
    if (sentAt !== undefined) this.latestMs = Math.max(this.latestMs, performance.now() - sentAt)
  }

  /** Somebody was told by somebody that this number is at this position (I4). */
  #saw(position: string, n: number): void {
    const before = this.#heardAt.get(position)
    if (before === undefined) this.#heardAt.set(position, n)
    else if (before !== n) this.#contradictions.push(`${position} was ${before} for one and ${n} for another`)
  }

  /** One room's log against its acknowledgements, whatever the epoch, and everybody at its top. */
  async #judge(room: string, publisher: Publisher): Promise<{ readonly faults: string[]; readonly lost: Lost[] }> {
    const faults: string[] = []
    const lost: Lost[] = []
    const log = await this.#read(room)
    const offsets = new Map<number, number>()
    for (const { n, offset } of log.events) {
      if (offsets.has(n)) faults.push(`${room}: ${n} is stored twice, at ${offsets.get(n)} and ${offset}`)
      offsets.set(n, offset)
      this.#saw(`${room} ${log.epoch} ${offset}`, n)
    }
    const begin = log.events[0]?.offset ?? 0
    for (const [n, { epoch, offset }] of publisher.acknowledged) {
      this.#saw(`${room} ${epoch} ${offset}`, n)
      const at = offsets.get(n)
      if (at === offset) continue
      // What is left of a log keeps its place.
      if (at !== undefined) faults.push(`${room}: ${n} was acknowledged at ${offset} and is at ${at}`)
      else if (epoch !== log.epoch) lost.push({ room, n })
      else if (offset >= begin) faults.push(`${room}: ${n} was acknowledged at ${offset} and is nowhere`)
    }
    const top = log.events.at(-1)?.offset ?? 0
    for (const follower of this.followers) {
      await follower.reaches(room, top, catchUpMs).catch((error: Error) => faults.push(error.message))
      if (lost.length > 0 && !follower.gapsIn.has(room)) {
        faults.push(`${room}: ${lost.length} are lost, and ${follower.name} was told of no gap`)
      }
    }
    return { faults, lost }
  }

  async #read(
    room: string,
  ): Promise<{ readonly epoch: string; readonly events: readonly { n: number; offset: number }[] }> {
    const actor = await this.nodes[0]!.person('auditor')
    const events: { n: number; offset: number }[] = []
    let after: HistoryPage['next'] | 'earliest' = 'earliest'
    let epoch = ''
    while (after !== undefined) {
      const page = (await actor.asks({ type: 'history', room, limit: 1_000, after })) as unknown as HistoryPage
      for (const { offset, data } of page.events) events.push({ offset, n: (data as { n: number }).n })
      epoch = page.epoch
      after = page.next
    }
    await actor.goes()
    return { epoch, events }
  }
}
