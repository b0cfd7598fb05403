/**
 * One node of the simulation: the shared log over its links of the model broker, with the real hub, interest and flows on
 * top. Its ear holds the log to what its port says: contiguous or lost, and its own publishes by their acknowledgement.
 */
import type { Room } from '../../app/app.ts'
import { resume } from '../../flows/catch-up.ts'
import { Interest } from '../../flows/interest.ts'
import { Replays } from '../../flows/replays.ts'
import type { Services } from '../../flows/services.ts'
import { Flusher } from '../../hub/flusher.ts'
import { Hub } from '../../hub/hub.ts'
import { silentLog } from '../../lib/log.ts'
import { noMetrics } from '../../lib/metrics.ts'
import { noAudit } from '../../model/audit.ts'
import type { LogRoom } from '../../model/room.ts'
import { roomOfKey } from '../../model/room-key.ts'
import type { Draft, Published, PublishOptions, ReadQuery, RoomLog, Slice } from '../room-log.ts'
import type { ModelBroker } from './model-broker.world.ts'
import { createRoomLog } from './room-log.ts'
import type { Ledger } from './simulation.ledger.ts'
import { Promises, type PromisesOptions } from './simulation.promises.ts'
import type { SimulatedTime } from './simulation.time.ts'

export type NodeOptions = {
  readonly name: string
  readonly broker: ModelBroker
  readonly time: SimulatedTime
  readonly random: () => number
  readonly ledger: Ledger
  readonly roomOf: (name: string) => Room
  readonly hotEvents: number
  readonly reaches: PromisesOptions['reaches']
}

/** No publish may take longer, whatever happens. */
const publishMs = 3_000

export class SimulatedNode implements RoomLog {
  readonly name: string
  readonly broker: ModelBroker
  readonly services: Services
  readonly promises: Promises
  readonly #options: NodeOptions
  readonly #log: RoomLog
  readonly #hub: Hub
  #stop: () => Promise<void> = async () => {}

  constructor(options: NodeOptions) {
    const { broker, time, random, hotEvents } = options
    this.#options = options
    this.promises = new Promises(options)
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
      deliver: (...[room, epoch, event]) => {
        this.promises.heard(room, epoch, event)
        this.#hub.deliver(room, epoch, event)
      },
      lost: (room) => {
        this.promises.lost(room)
        this.#hub.lost(room)
      },
    })
    return this.#stop
  }

  async listen(room: LogRoom): Promise<void> {
    const floor = this.#options.ledger.ackedIn(roomOfKey(room.key).name)
    await this.#log.listen(room)
    this.promises.listens(room.key, floor)
  }

  async unlisten(room: LogRoom): Promise<void> {
    this.promises.unlistens(room.key)
    await this.#log.unlisten(room)
  }

  async publish(room: LogRoom, draft: Draft, options: PublishOptions): Promise<Published> {
    const { time } = this.#options
    const began = time.now()
    const begun = this.promises.begins(room.key)
    try {
      const published = await this.#log.publish(room, draft, options)
      this.promises.acknowledged(room, published, begun)
      return published
    } finally {
      if (time.now() - began > publishMs) this.promises.fault(`takes ${time.now() - began} ms to publish`)
    }
  }

  async read(room: LogRoom, query: ReadQuery): Promise<Slice> {
    const begun = this.promises.begins(room.key)
    const slice = await this.#log.read(room, query)
    this.promises.read(room.key, query, { slice, begun })
    return slice
  }

  forget(room: LogRoom): Promise<void> {
    return this.#log.forget(room)
  }

  #makeServices(): Services {
    const { time, roomOf } = this.#options
    // Only what these flows use: the rest of a node is not on this stage.
    return {
      accepting: true,
      starting: false,
      audit: noAudit,
      app: { room: (_tenantId: string, name: string) => roomOf(name) },
      auth: { userOf: () => ({ id: 'u', tenantId: 't' }) },
      clock: time,
      engine: { log: this as RoomLog, directory: { touch() {} } },
      lifecycle: { came() {}, entered() {} },
      greeter: { greeted() {} },
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
      replays: new Replays({ clock: time }),
    } as unknown as Services
  }
}
