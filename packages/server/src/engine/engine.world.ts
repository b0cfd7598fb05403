/** The stage on which the engine's contract is played: an engine, its clock, and an ear that remembers all it was told. */
import { expect } from 'bun:test'
import type { Json, Member, PresenceChange, RoomEvent } from '@fanfare/protocol'
import type { FakeClock } from '../lib/fake-clock.ts'
import { uuidv7 } from '../lib/ids.ts'
import type { LogPolicy, LogRoom } from '../model/room.ts'
import { roomKey } from '../model/room-key.ts'
import type { Engine } from './engine.ts'
import { type AnotherNode, type Letter, NodeStage, SessionsHere } from './node.world.ts'
import type { NodeMessage } from './node-bus.ts'
import type { Published, PublishOptions, ReadQuery, Slice } from './room-log.ts'

/** What an implementation gives to be tested. */
export type EngineHost = {
  readonly clock: FakeClock
  /** Whether durable rooms outlive the engine. */
  readonly durable: boolean
  /** How long presence lives without being renewed, ms. */
  readonly leaseMs: number
  /**
   * An engine, not started, over what the last one left: after it was closed, or (`crash`) as if its process had been
   * killed at this moment.
   */
  next(after: 'start' | 'close' | 'crash'): Promise<Engine>
  /** One more node beside it, not started. Absent where an engine is one node and no more. */
  readonly another?: () => Promise<AnotherNode>
  /** Called once, after the last engine was closed. */
  close(): Promise<void>
}
export type MakeEngine = () => Promise<EngineHost>

/** Names a case and plays it in a world of its own. */
export type Case = (name: string, play: (world: EngineWorld) => Promise<void>) => void

/** A room is durable or not; what holds for both is played for both. */
export type RoomKind = 'memory' | 'durable'

const day = 24 * 60 * 60_000
export const policy = (changes: Partial<LogPolicy> = {}): LogPolicy => ({
  keep: 1_000,
  forMs: day,
  durable: false,
  ...changes,
})

type Heard = { readonly room: string; readonly epoch: string; readonly event: RoomEvent }
type Changed = { readonly change: PresenceChange; readonly member: Member }

export class EngineWorld {
  readonly host: EngineHost
  engine: Engine
  heard: Heard[] = []
  lost: string[] = []
  changed: Changed[] = []
  received: NodeMessage[] = []
  letters: Letter[] = []
  /** What the node tells the directory that it has. */
  here = new SessionsHere()
  /** Called as an event is delivered. */
  onDeliver: ((event: RoomEvent) => void) | undefined
  #stops: (() => Promise<void>)[] = []
  readonly #others: NodeStage[] = []

  private constructor(host: EngineHost, engine: Engine) {
    this.host = host
    this.engine = engine
  }

  static async open(make: MakeEngine): Promise<EngineWorld> {
    const host = await make()
    const world = new EngineWorld(host, await host.next('start'))
    await world.#start()
    return world
  }

  /** One more node of the same cluster, started; undefined where an engine is one node and no more. */
  async joined(): Promise<NodeStage | undefined> {
    const another = await this.host.another?.()
    if (!another) return undefined
    const node = new NodeStage(another)
    this.#others.push(node)
    return node.start()
  }

  room(name: string, changes: Partial<LogPolicy> = {}): LogRoom {
    return { key: roomKey('clinic', name), log: policy(changes) }
  }

  async publish(room: LogRoom, data: Json, options?: PublishOptions): Promise<Published> {
    const now = this.host.clock.now()
    const name = room.key.slice(room.key.indexOf('|') + 1)
    const draft = {
      id: uuidv7(now),
      type: 'note',
      tenantId: 'clinic',
      room: name,
      data,
      timestamp: new Date(now).toISOString(),
    }
    return this.engine.log.publish(room, draft, options)
  }

  /** Publishes what must be new. */
  async append(room: LogRoom, data: Json, options?: PublishOptions): Promise<Published & { duplicate: false }> {
    const published = await this.publish(room, data, options)
    if (published.duplicate) throw new Error(`It repeats ${published.id}.`)
    return published
  }

  /** Publishes the numbers from 1 to `count`, one after another; returns the last position. */
  async publishMany(room: LogRoom, count: number) {
    let last: Published | undefined
    for (let number = 1; number <= count; number++) last = await this.publish(room, number)
    return { epoch: last!.epoch, offset: last!.offset }
  }

  /** A read that must succeed. */
  async read(room: LogRoom, query: ReadQuery): Promise<Slice & { ok: true }> {
    const slice = await this.engine.log.read(room, query)
    expect(slice).toMatchObject({ ok: true })
    return slice as Slice & { ok: true }
  }

  async top(room: LogRoom) {
    return (await this.read(room, { after: 'latest', limit: 1 })).top
  }

  heardIn(room: LogRoom): RoomEvent[] {
    return this.heard.filter((heard) => heard.room === room.key).map((heard) => heard.event)
  }

  /** Ends the engine and starts the next over what it left. */
  async restart(options: { readonly crash?: boolean } = {}): Promise<void> {
    const stops = this.#stops
    this.#stops = []
    if (!options.crash) for (const stop of stops) await stop()
    this.engine = await this.host.next(options.crash ? 'crash' : 'close')
    // The crashed engine must neither speak on nor hold on to its files; what it writes now is not seen by the next.
    if (options.crash) for (const stop of stops) await stop()
    this.heard = []
    this.lost = []
    this.changed = []
    this.received = []
    this.letters = []
    await this.#start()
  }

  async stop(): Promise<void> {
    const stops = this.#stops
    this.#stops = []
    for (const stop of stops) await stop()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop()
    for (const node of this.#others) await node.stop()
    await this.host.close()
  }

  async #start(): Promise<void> {
    const deliver = (room: string, epoch: string, event: RoomEvent) => {
      this.heard.push({ room, epoch, event })
      this.onDeliver?.(event)
    }
    this.#stops.push(await this.engine.log.start({ deliver, lost: (room) => this.lost.push(room) }))
    this.#stops.push(
      await this.engine.presence.start({ changed: (_room, change, member) => this.changed.push({ change, member }) }),
    )
    this.#stops.push(await this.engine.bus.start((message) => this.received.push(message)))
    this.#stops.push(await this.engine.sessions.start())
    this.#stops.push(await this.engine.leases.start())
    this.#stops.push(await this.engine.directory.start(this.here))
    this.#stops.push(await this.engine.courier.start((from, message) => this.letters.push({ from, message })))
  }
}

export const offsets = (events: readonly RoomEvent[]): number[] => events.map((event) => event.offset)
export const dataOf = (events: readonly RoomEvent[]): Json[] => events.map((event) => event.data)
export const upTo = (count: number, from = 1): number[] =>
  Array.from({ length: Math.max(0, count - from + 1) }, (_, index) => from + index)

/** What a repeat of the publish is answered with: its receipt, without the event. */
export const repeatOf = ({ id, epoch, offset, timestamp, durability }: Published): Published => ({
  duplicate: true,
  id,
  epoch,
  offset,
  timestamp,
  durability,
})
