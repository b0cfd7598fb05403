/**
 * One node of the simulation: the shared log over its links of the model broker, with the real hub, interest and flows on
 * top. Its ear holds the log to what its port says: contiguous or lost, and its own publishes by their acknowledgement.
 */
import type { Position, RoomEvent } from '@fanfare/protocol'
import type { Room } from '../../app/app.ts'
import { resume } from '../../flows/catch-up.ts'
import { Interest } from '../../flows/interest.ts'
import type { Services } from '../../flows/services.ts'
import { Flusher } from '../../hub/flusher.ts'
import { Hub } from '../../hub/hub.ts'
import { silentLog } from '../../lib/log.ts'
import { noMetrics } from '../../lib/metrics.ts'
import type { LogRoom } from '../../model/room.ts'
import { type RoomKey, roomOfKey } from '../../model/room-key.ts'
import type { Draft, Published, PublishOptions, ReadQuery, RoomLog, Slice } from '../room-log.ts'
import type { ModelBroker } from './model-broker.world.ts'
import { createRoomLog } from './room-log.ts'
import type { Ledger } from './simulation.ledger.ts'
import type { SimulatedTime } from './simulation.time.ts'

export type NodeOptions = {
  readonly name: string
  readonly broker: ModelBroker
  readonly time: SimulatedTime
  readonly random: () => number
  readonly ledger: Ledger
  readonly roomOf: (name: string) => Room
  readonly hotEvents: number
}

/** No publish may take longer, whatever happens. */
const publishMs = 3_000

export class SimulatedNode implements RoomLog {
  readonly name: string
  readonly broker: ModelBroker
  readonly services: Services
  /** How often each room was told to be lost. */
  readonly losses = new Map<RoomKey, number>()
  readonly #options: NodeOptions
  readonly #log: RoomLog
  /** Where the log has brought this node; nothing after a loss. */
  readonly #heard = new Map<RoomKey, Position>()
  readonly #listening = new Set<RoomKey>()
  readonly #hub: Hub
  #stop: () => Promise<void> = async () => {}

  constructor(options: NodeOptions) {
    const { broker, time, random, hotEvents } = options
    this.#options = options
    this.name = options.name
    this.broker = broker
    const hot = { eventsPerRoom: hotEvents, bytes: 1_000_000 }
    this.#log = createRoomLog({ broker, clock: time, random, hot })
    this.#hub = new Hub({
      metrics: noMetrics,
      heldEvents: 100,
      resync: (subscription) => resume(this.services, subscription),
    })
    this.services = this.#makeServices()
  }

  async start(): Promise<() => Promise<void>> {
    this.#stop = await this.#log.start({
      deliver: (...[room, epoch, event]) => this.#deliver(room, epoch, event),
      lost: (room) => this.#lost(room),
    })
    return this.#stop
  }

  async listen(room: LogRoom): Promise<void> {
    await this.#log.listen(room)
    this.#listening.add(room.key)
  }

  async unlisten(room: LogRoom): Promise<void> {
    this.#listening.delete(room.key)
    this.#heard.delete(room.key)
    await this.#log.unlisten(room)
    this.#heard.delete(room.key)
  }

  async publish(room: LogRoom, draft: Draft, options: PublishOptions): Promise<Published> {
    const { time, ledger } = this.#options
    const began = time.now()
    const listened = this.#listening.has(room.key)
    try {
      const published = await this.#log.publish(room, draft, options)
      ledger.isAt(this.name, { ...published, room: draft.room })
      const at = this.#heard.get(room.key)
      // Of one that repeats another only the receipt is known.
      const next = listened && !published.duplicate
      if (next && at?.epoch === published.epoch && at.offset === published.offset - 1)
        this.#fault(`${draft.room}: acknowledged ${published.offset}, and it is not delivered though it is next`)
      return published
    } finally {
      if (time.now() - began > publishMs) this.#fault(`a publish took ${time.now() - began} ms`)
    }
  }

  async read(room: LogRoom, query: ReadQuery): Promise<Slice> {
    const slice = await this.#log.read(room, query)
    if (!slice.ok) return slice
    let expected = 'after' in query && typeof query.after === 'object' ? query.after.offset + 1 : undefined
    for (const event of slice.events) {
      if (event.offset !== (expected ?? event.offset)) this.#fault(`a page with ${event.offset} for ${expected}`)
      expected = event.offset + 1
      this.#options.ledger.saw(this.name, slice.top.epoch, event)
    }
    return slice
  }

  forget(room: LogRoom): Promise<void> {
    return this.#log.forget(room)
  }

  #deliver(key: RoomKey, epoch: string, event: RoomEvent): void {
    const at = this.#heard.get(key)
    if (at && at.epoch !== epoch) this.#fault(`${event.room}: ${epoch} is heard in ${at.epoch} without a loss`)
    else if (at && at.offset + 1 !== event.offset)
      this.#fault(`${event.room}: hears ${event.offset} after ${at.offset}`)
    this.#heard.set(key, { epoch, offset: event.offset })
    this.#options.ledger.saw(this.name, epoch, event)
    this.#hub.deliver(key, epoch, event)
  }

  #lost(key: RoomKey): void {
    this.losses.set(key, (this.losses.get(key) ?? 0) + 1)
    this.#heard.delete(key)
    this.#hub.lost(key)
  }

  #fault(what: string): void {
    this.#options.ledger.fault(`${this.name}: ${what}`)
  }

  #makeServices(): Services {
    const { time, roomOf } = this.#options
    // Only what these flows use: the rest of a node is not on this stage.
    return {
      accepting: true,
      app: { room: (_tenantId: string, name: string) => roomOf(name) },
      auth: { userOf: () => ({ id: 'u', tenantId: 't' }) },
      clock: time,
      engine: { log: this as RoomLog, directory: { touch() {} } },
      lifecycle: { came() {}, entered() {} },
      flusher: new Flusher((run) => time.after(0, run)),
      hub: this.#hub,
      interest: new Interest(this, time, silentLog),
      limits: {
        replayEvents: 8,
        replayBytes: 1_000_000,
        outboxBytes: 10_000_000,
        roomsPerSession: 9,
        pongTimeoutMs: 1,
      },
      log: silentLog,
      metrics: noMetrics,
      quotas: { enter() {}, leave() {} },
    } as unknown as Services
  }
}

/** The room's name, as people say it. */
export const nameOf = (key: RoomKey): string => roomOfKey(key).name
