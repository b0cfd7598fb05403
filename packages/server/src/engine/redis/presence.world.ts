/**
 * Several nodes with presence on one real Redis, each listening as the log would: it subscribes, compares, and hands presence
 * what it hears, unless it is told to be deaf. Time is moved by hand; `settle` waits until all that was sent has arrived.
 */
import type { Json, Member, PresenceChange } from '@fanfare/protocol'
import { systemClock } from '../../lib/clock.ts'
import { type FakeClock, fakeClock } from '../../lib/fake-clock.ts'
import { secretId } from '../../lib/ids.ts'
import { silentLog } from '../../lib/log.ts'
import { noMetrics } from '../../lib/metrics.ts'
import { type RoomKey, roomKey } from '../../model/room-key.ts'
import { parseRedisAddress } from '../../redis/address.ts'
import { openRedis } from '../../redis/connect.ts'
import type { Call, OpenRedis, Partition, Redis, Reply } from '../../redis/redis.ts'
import { callRedis } from '../../redis/servers.world.ts'
import type { PresenceEntry } from '../presence.ts'
import { createRedisPresence, type RedisPresence, type RedisPresenceOptions } from './presence.ts'
import { membersKey, presenceEnvelope, roomChannel, versionField } from './presence-keys.ts'

export const ward = roomKey('clinic', 'ward:1')
export const entry = (userId: string, session: string, room = ward): PresenceEntry => ({ room, userId, session })

/** What the nodes of a world have besides: never away, as time is moved by leaps. */
const patient = { leaseMs: 20_000, sweepMs: 1_000, quietMs: 600_000 }

const inline = (name: string, source: string): Call['script'] => ({
  name,
  source,
  sha: new Bun.CryptoHasher('sha1').update(source).digest('hex'),
})
const readVersion = inline('version', `return redis.call('HGET', KEYS[1], '${versionField}') or '0'`)
const publish = inline('publish', `return redis.call('SPUBLISH', KEYS[1], ARGV[3])`)

export class Node {
  /** `join ann`, as the sink was told. */
  readonly told: string[] = []
  /** What a client has that takes every change: by room. */
  readonly seen = new Map<RoomKey, Map<string, Member>>()
  /** What such a client could not make sense of: somebody who joins twice, or leaves or changes without being in. */
  readonly wrong: string[] = []
  readonly presence: RedisPresence
  /** Whether a message gets lost. */
  isLost: (message: string) => boolean = () => false
  runs = 0
  readonly #redis: OpenRedis
  readonly #wrapped: Redis
  readonly #listened = new Set<RoomKey>()
  readonly #markers = new Map<string, () => void>()
  #underWay = 0
  #stop: (() => Promise<void>) | undefined

  constructor(redis: OpenRedis, clock: FakeClock, options: Partial<RedisPresenceOptions>) {
    this.#redis = redis
    this.#wrapped = {
      ...redis,
      run: async (partition, call) => {
        this.#underWay++
        this.runs++
        try {
          return await this.intercept(() => redis.run(partition, call), { partition, call })
        } finally {
          this.#underWay--
        }
      },
    }
    this.presence = createRedisPresence({ redis: this.#wrapped, clock, log: silentLog, ...patient, ...options })
  }

  /** Replaced by tests that delay or refuse. */
  intercept = (run: () => Promise<Reply>, _: { readonly partition: Partition; readonly call: Call }): Promise<Reply> =>
    run()

  async start(): Promise<void> {
    this.#stop = await this.presence.start({
      changed: (room, change, member) => {
        this.told.push(`${change} ${member.userId}`)
        this.#see(room, change, member)
      },
    })
    const partition = this.#redis.partitionOf('marker')
    await this.#redis.subscribe(partition, [this.#markerChannel], (_, name) => this.#markers.get(name)?.())
  }

  /** As a process that is killed: says nothing any more, and hears nothing. */
  async kill(): Promise<void> {
    await this.#stop?.()
    this.#stop = undefined
    await this.#redis.close()
  }

  get lives(): boolean {
    return this.#stop !== undefined
  }

  enter(userId: string, session: string, state: Json = null): Promise<void> {
    return this.presence.enter(entry(userId, session), state)
  }

  leave(userId: string, session: string, graceMs = 0): Promise<void> {
    return this.presence.leave(entry(userId, session), { graceMs })
  }

  async names(room = ward): Promise<string[]> {
    return (await this.presence.read(room)).map(({ userId }) => userId).sort()
  }

  async listen(room = ward): Promise<void> {
    const partition = this.#redis.partitionOf(room)
    const heard = (_: string, text: string) => {
      if (!text.startsWith(presenceEnvelope) || this.isLost(text)) return
      this.presence.ear.heard(room, text.slice(presenceEnvelope.length))
    }
    await this.#redis.subscribe(partition, [roomChannel(this.#redis, partition, room)], heard)
    this.#listened.add(room)
    await this.compare(room)
    const members = await this.presence.read(room)
    this.seen.set(room, new Map(members.map((member) => [member.userId, member])))
  }

  /** As the log does every few seconds. */
  async compare(room = ward): Promise<void> {
    const partition = this.#redis.partitionOf(room)
    const keys = [membersKey(this.#redis, partition, room)]
    const version = await this.#wrapped.run(partition, { script: readVersion, keys, args: [] })
    this.presence.ear.compared(room, String(version))
  }

  /** Until everything that was under way is answered, and everything that was published before has been heard. */
  async settle(): Promise<void> {
    do {
      while (this.#underWay > 0) await Bun.sleep(1)
      const name = secretId()
      const heard = new Promise<void>((resolve) => this.#markers.set(name, resolve))
      const partition = this.#redis.partitionOf('marker')
      await this.#redis.run(partition, { script: publish, keys: [this.#markerChannel], args: [name] })
      await heard
      await Bun.sleep(0)
    } while (this.#underWay > 0)
  }

  keyOf(room: RoomKey): string {
    return membersKey(this.#redis, this.#redis.partitionOf(room), room)
  }

  get #markerChannel(): string {
    return this.#redis.key(this.#redis.partitionOf('marker'), 'marker', 'test')
  }

  #see(room: RoomKey, change: PresenceChange, member: Member): void {
    const seen = this.seen.get(room)
    if (seen && seen.has(member.userId) !== (change !== 'join')) this.wrong.push(`${change} ${member.userId}`)
    if (change === 'leave') seen?.delete(member.userId)
    else seen?.set(member.userId, member)
  }
}

export class PresenceWorld {
  readonly clock = fakeClock()
  readonly nodes: Node[] = []
  readonly #url: string
  readonly #prefix = `test-${secretId()}`
  readonly #options: Partial<RedisPresenceOptions>

  private constructor(url: string, options: Partial<RedisPresenceOptions>) {
    this.#url = url
    this.#options = options
  }

  /** @param url of a server that is shared; what this world keeps there nobody else sees */
  static async open(url: string, count: number, options: Partial<RedisPresenceOptions> = {}): Promise<PresenceWorld> {
    const world = new PresenceWorld(url, options)
    for (let index = 0; index < count; index++) await world.add()
    return world
  }

  async add(): Promise<Node> {
    const redis = await openRedis({
      address: parseRedisAddress(this.#url),
      prefix: this.#prefix,
      node: secretId(),
      clock: systemClock,
      log: silentLog,
      metrics: noMetrics,
      time: this.clock.now,
    })
    const node = new Node(redis, this.clock, this.#options)
    this.nodes.push(node)
    await node.start()
    return node
  }

  /** Kinds of what presence keeps. */
  async keys(): Promise<readonly string[]> {
    const keys = (await callRedis(Number(new URL(this.#url).port), 'KEYS', `${this.#prefix}:*`)) as readonly string[]
    return keys.map((key) => key.split(':')[2]!).filter((kind) => kind.startsWith('presence'))
  }

  async settle(): Promise<void> {
    for (const node of this.nodes) if (node.lives) await node.settle()
  }

  /** A second at a time, so that nothing that is sent is answered after more. */
  async advance(ms: number): Promise<void> {
    for (let left = ms; left > 0; left -= 1_000) {
      await this.clock.advance(Math.min(left, 1_000))
      await this.settle()
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const node of this.nodes) if (node.lives) await node.kill()
  }
}
