/**
 * The engine of one machine: no other server, memory for what may be lost, SQLite for what may not. Sends each room to the
 * log that its policy names, and owns the one sweep.
 */
import { defaultLimits, FanfareError, type RoomEvent } from '@fanfare/protocol'
import type { Clock } from '../../lib/clock.ts'
import { nodeId } from '../../lib/ids.ts'
import { type Log, silentLog } from '../../lib/log.ts'
import { type Metrics, noMetrics } from '../../lib/metrics.ts'
import type { Soon } from '../../lib/soon.ts'
import type { LogRoom } from '../../model/room.ts'
import { roomKey } from '../../model/room-key.ts'
import { Delivery } from '../delivery.ts'
import type { Engine } from '../engine.ts'
import type { Draft, Published, PublishOptions, RoomLog, RoomSink, Unreacted } from '../room-log.ts'
import { loopbackBus } from './bus.ts'
import { loopbackCourier } from './courier.ts'
import { localDirectory } from './directory.ts'
import type { EngineDisk } from './disk.ts'
import { DurableLog } from './durable-log.ts'
import { EmbeddedLeases } from './leases.ts'
import { MemoryLog } from './memory-log.ts'
import { EmbeddedPresence } from './presence.ts'
import type { RecentKeysOptions } from './recent-keys.ts'
import { EmbeddedSessionStates } from './session-states.ts'

export type EmbeddedEngineOptions = {
  readonly clock: Clock
  /** `none`: durable rooms are kept in memory too, and every acknowledgement says so. */
  readonly disk: EngineDisk | 'none'
  /** @default nothing is logged */
  readonly log?: Log
  /** @default nothing is counted */
  readonly metrics?: Metrics
  /** How long a repeated key gives the first result. @default 5 minutes */
  readonly idempotencyMs?: number
  /** How long presence holds without being renewed. @default 30 s */
  readonly leaseMs?: number
  /** How often what is too old is let go. @default 1 s */
  readonly sweepMs?: number
  /** Newest events of a durable room that are kept in memory. @default 128 */
  readonly hotEvents?: number
  /** What the newest events of all durable rooms may take in memory. @default 32 MB */
  readonly hotBytes?: number
  /**
   * What the events of all rooms that are not durable may take of the heap, about; garbage not yet collected comes on top.
   * @default 256 MB
   */
  readonly memoryBytes?: number
  /** Rooms that are not durable and known at a time; more, only while somebody listens to them. @default 100,000 */
  readonly memoryRooms?: number
  /** Idempotency keys of rooms that are not durable, as `RecentKeys` bounds them. @default 20,000 a room, 200,000 in all */
  readonly memoryKeys?: RecentKeysOptions
  /** Durable rooms known to memory at a time; more, only while somebody listens to them. @default 20,000 */
  readonly durableRooms?: number
  /** Quiet rooms whose last position is remembered. @default 100,000 */
  readonly quietRooms?: number
  /** How long the last position of a quiet room is remembered. @default 24 hours */
  readonly quietMs?: number
}

const defaults = {
  log: silentLog,
  metrics: noMetrics,
  idempotencyMs: defaultLimits.idempotencyMs,
  leaseMs: 30_000,
  sweepMs: 1_000,
  hotEvents: 128,
  hotBytes: 32 * 1024 * 1024,
  memoryBytes: 256 * 1024 * 1024,
  memoryRooms: 100_000,
  memoryKeys: { perRoom: 20_000, inAll: 200_000 },
  durableRooms: 20_000,
  quietRooms: 100_000,
  quietMs: 24 * 60 * 60_000,
}

type Settings = Required<EmbeddedEngineOptions>

export const createEmbeddedEngine = (options: EmbeddedEngineOptions): Engine => {
  const settings: Settings = { ...defaults, ...options }
  const { clock, log, leaseMs, sweepMs } = settings
  const rooms = new EmbeddedRooms(settings)
  const node = nodeId()
  return {
    name: 'embedded',
    node,
    log: rooms,
    presence: new EmbeddedPresence({ clock, log, leaseMs, sweepMs }),
    bus: loopbackBus(),
    unreacted: rooms.unreacted,
    sessions: new EmbeddedSessionStates({ clock, disk: settings.disk }),
    leases: new EmbeddedLeases({ clock, disk: settings.disk }),
    directory: localDirectory(),
    courier: loopbackCourier(node),
    canaries: (tenantId) => [roomKey(tenantId, '__canary:0')],
    problems: () => [],
  }
}

type Running = { readonly memory: MemoryLog; readonly durable: DurableLog | undefined }

class EmbeddedRooms implements RoomLog {
  readonly unreacted: Unreacted = {
    list: async () => this.#running().durable?.unreacted(this.#settings.clock.now()) ?? [],
    done: (event: RoomEvent) => this.#open?.durable?.reacted(event),
  }
  readonly #settings: Settings
  readonly #delivery: Delivery
  #open: Running | undefined

  constructor(settings: Settings) {
    this.#settings = settings
    this.#delivery = new Delivery(settings.log)
  }

  async start(sink: RoomSink): Promise<() => Promise<void>> {
    const running = this.#make()
    const { clock, sweepMs } = this.#settings
    this.#delivery.open(sink)
    this.#open = running
    const sweeping = clock.every(sweepMs, () => {
      running.memory.sweep(clock.now())
      running.durable?.sweep(clock.now())
    })
    return async () => {
      if (this.#open !== running) return
      this.#open = undefined
      sweeping.cancel()
      running.durable?.close()
      this.#delivery.close()
    }
  }

  async listen(room: LogRoom): Promise<void> {
    this.#running()
    this.#delivery.listen(room.key)
  }

  async unlisten(room: LogRoom): Promise<void> {
    this.#delivery.unlisten(room.key)
  }

  publish(room: LogRoom, draft: Draft, options?: PublishOptions): Soon<Published> {
    const { memory, durable } = this.#running()
    const now = this.#settings.clock.now()
    if (!room.log.durable || !durable) return memory.publish(room, draft, { key: options?.key, now })
    return durable.publish(room, draft, { key: options?.key, react: options?.react ?? false, now })
  }

  async read(...[room, query]: Parameters<RoomLog['read']>): ReturnType<RoomLog['read']> {
    return this.#logOf(room).read(room, query, this.#settings.clock.now())
  }

  async forget(room: LogRoom): Promise<void> {
    await this.#logOf(room).forget(room, this.#settings.clock.now())
  }

  #logOf(room: LogRoom): MemoryLog | DurableLog {
    const { memory, durable } = this.#running()
    return room.log.durable && durable ? durable : memory
  }

  /** @throws FanfareError `unavailable` before the start and after the end */
  #running(): Running {
    if (!this.#open) throw new FanfareError('unavailable', 'The engine is not running.')
    return this.#open
  }

  #make(): Running {
    const { disk, idempotencyMs, log, metrics, hotEvents, hotBytes, durableRooms: rooms } = this.#settings
    const delivery = this.#delivery
    const memory = this.#makeMemory()
    if (disk === 'none') return { memory, durable: undefined }
    try {
      const hot = { eventsPerRoom: hotEvents, bytes: hotBytes }
      return { memory, durable: DurableLog.open({ disk, delivery, log, metrics, idempotencyMs, hot, rooms }) }
    } catch (cause) {
      if (cause instanceof FanfareError) throw cause
      throw new FanfareError('unavailable', notOpened(disk.path, cause), { cause })
    }
  }

  #makeMemory(): MemoryLog {
    const { idempotencyMs, memoryBytes, memoryRooms, memoryKeys, quietRooms, quietMs } = this.#settings
    return new MemoryLog({
      delivery: this.#delivery,
      idempotencyMs,
      bytes: memoryBytes,
      rooms: memoryRooms,
      keys: memoryKeys,
      keptPositions: quietRooms,
      keptForMs: quietMs,
    })
  }
}

const notOpened = (folder: string, cause: unknown): string =>
  `The database of durable rooms, rooms.sqlite in ${folder}, could not be read: ${cause instanceof Error ? cause.message : String(cause)}. ` +
  'Put a backup in its place, or move it away with its -wal and -shm files and begin anew without what it held.'
