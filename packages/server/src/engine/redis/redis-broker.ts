/**
 * Rooms in Redis: which script does what, with which keys, and what its answers mean. Keeps nothing but the rooms' names;
 * order, repair and waiting are the log's affair (`room-log.ts`).
 *
 * Of each room in its partition: `meta` (a hash: epoch, top), `log` (a stream of `<offset>-<ms>` → the event as JSON without its
 * offset), `once` (a receipt for each idempotency key), and the channel `room`.
 */
import { FanfareError, type Position, type RoomEvent } from '@fanfare/protocol'
import type { Clock } from '../../lib/clock.ts'
import { shortId } from '../../lib/ids.ts'
import type { Log } from '../../lib/log.ts'
import type { Metrics } from '../../lib/metrics.ts'
import { SeldomWarning } from '../../lib/seldom.ts'
import type { LogRoom } from '../../model/room.ts'
import type { RoomKey } from '../../model/room-key.ts'
import type { Listener, Partition, Redis, Reply } from '../../redis/redis.ts'
import { readScript } from '../../redis/script.ts'
import { crc16 } from '../../redis/slots.ts'
import type { ReadQuery, Slice } from '../room-log.ts'
import type { Broker, BrokerSink, Known, Lane, Write, Written } from './broker.ts'
import type { PresenceEar } from './ears.ts'
import { decodeBody, decodeEnvelope } from './envelope.ts'
import { membersKey, roomChannel } from './presence-keys.ts'
import { type Appended, Replicas } from './replicas.ts'
import { roomKeysIn } from './room-keys.ts'
import { type RedisUnreacted, unreactedLeaseMs } from './unreacted.ts'
import { batchOf, finite, metaLifeMs, waitsForReplicas, writtenOf } from './write-batch.ts'

const scriptOf = (name: string) => readScript(new URL(`./scripts/${name}.lua`, import.meta.url))
const scripts = {
  write: scriptOf('write'),
  compare: scriptOf('compare'),
  read: scriptOf('read'),
}

export type RedisBrokerOptions = {
  readonly redis: Redis
  readonly clock: Clock
  readonly log: Log
  readonly metrics: Metrics
  readonly idempotencyMs: number
  readonly unreacted: Pick<RedisUnreacted, 'keysIn'>
  readonly presence: PresenceEar
}

/**
 * Of a single server. While it works at the batch of one, the node makes and reads that of the other; a room is always
 * in the same lane, so its order stands. In a Cluster there is a lane for each partition anyway.
 */
const lanesOfOne = 2
export class RedisBroker implements Broker {
  readonly #options: RedisBrokerOptions
  /** By index of the partition. */
  readonly #lanes: readonly (readonly Lane[])[]
  readonly #partitions: ReadonlyMap<Lane, Partition>
  readonly #replicas: Replicas
  readonly #heard = new Set<RoomKey>()
  #sink: BrokerSink | undefined
  readonly #unreadable: SeldomWarning

  constructor(options: RedisBrokerOptions) {
    this.#options = options
    this.#unreadable = new SeldomWarning(
      options,
      'something in Redis that is no message of ours; who else publishes there?',
    )
    this.#replicas = new Replicas(options.redis)
    const { partitions } = options.redis
    const count = partitions.length === 1 ? lanesOfOne : 1
    this.#lanes = partitions.map(({ index }) => Array.from({ length: count }, (_, lane) => `${index}.${lane}`))
    this.#partitions = new Map(
      partitions.flatMap((partition) => this.#lanes[partition.index]!.map((lane) => [lane, partition] as const)),
    )
  }

  async start(sink: BrokerSink): Promise<() => Promise<void>> {
    this.#sink = sink
    const end = this.#options.redis.onDoubt((doubted) => {
      for (const { index } of doubted) for (const lane of this.#lanes[index]!) this.#sink?.doubted(lane)
    })
    return async () => {
      end()
      this.#sink = undefined
    }
  }

  laneOf(room: RoomKey): Lane {
    const lanes = this.#lanes[this.#options.redis.partitionOf(room).index]!
    return lanes.length === 1 ? lanes[0]! : lanes[crc16(room) % lanes.length]!
  }

  async write(lane: Lane, writes: readonly Write[]): Promise<readonly Written[]> {
    const { redis, unreacted, idempotencyMs } = this.#options
    const partition = this.#partitionOf(lane)
    const batch = batchOf(writes, roomKeysIn(redis, partition))
    const keys = [redis.key(partition, 'life'), ...unreacted.keysIn(partition), ...batch.keys]
    const channels = roomChannel(redis, partition, '')
    const args = [shortId(), idempotencyMs, unreactedLeaseMs, channels, ...batch.args]
    const [master, ...answers] = (await redis.run(partition, { script: scripts.write, keys, args })) as Reply[]
    const written = writtenOf(batch, answers)
    if (!writes.some((write) => waitsForReplicas(write.room))) return written
    return this.#whenReplicated({ partition, master: String(master), writes, written, bodies: batch.bodies })
  }

  async read(room: LogRoom, query: ReadQuery): Promise<Slice> {
    const { metrics, redis } = this.#options
    metrics.add('fanfare_log_reads_total')
    const partition = redis.partitionOf(room.key)
    const names = roomKeysIn(redis, partition)
    const call = {
      script: scripts.read,
      keys: [names.meta(room.key), names.log(room.key)],
      args: readArgs(room, query),
    }
    for (let tries = 0; tries < 3; tries++) {
      const reply = (await redis.run(partition, call)) as Reply[]
      if (reply[0] !== 'missing') return sliceOf(reply)
      await this.compare(this.laneOf(room.key), [{ room, known: undefined }])
    }
    throw new FanfareError('unavailable', 'The room is lost again and again; Redis keeps nothing.')
  }

  async compare(lane: Lane, rooms: readonly Known[]): Promise<readonly Position[]> {
    const { redis, presence } = this.#options
    const partition = this.#partitionOf(lane)
    const names = roomKeysIn(redis, partition)
    const keys: string[] = []
    const args: (string | number)[] = [shortId(), roomChannel(redis, partition, '')]
    for (const { room, known } of rooms) {
      keys.push(names.meta(room.key), names.log(room.key), membersKey(redis, partition, room.key))
      args.push(room.key, metaLifeMs(room.log), known?.epoch ?? '', known?.offset ?? 0)
    }
    const reply = (await redis.run(partition, { script: scripts.compare, keys, args })) as Reply[]
    return rooms.map(({ room }, index) => {
      // Of a room that this node does not hear, presence would never be told that it ended.
      if (this.#heard.has(room.key)) presence.compared(room.key, String(reply[index * 3 + 2]))
      return { epoch: String(reply[index * 3]), offset: Number(reply[index * 3 + 1]) }
    })
  }

  async hear(lane: Lane, rooms: readonly RoomKey[]): Promise<void> {
    const partition = this.#partitionOf(lane)
    const channels = roomChannel(this.#options.redis, partition, '')
    const names = rooms.map((room) => channels + room)
    for (const room of rooms) this.#heard.add(room)
    await this.#options.redis.subscribe(partition, names, this.#listenerIn(channels))
  }

  async unhear(lane: Lane, rooms: readonly RoomKey[]): Promise<void> {
    const { redis, presence } = this.#options
    const partition = this.#partitionOf(lane)
    for (const room of rooms) {
      this.#heard.delete(room)
      presence.ended(room)
    }
    const channels = rooms.map((room) => roomChannel(redis, partition, room))
    await redis.unsubscribe(partition, channels)
  }

  #partitionOf(lane: Lane): Partition {
    const partition = this.#partitions.get(lane)
    if (!partition) throw new FanfareError('internal', `There is no lane ${lane}.`)
    return partition
  }

  #listenerIn(channels: string): Listener {
    return (channel, message) => {
      const room = channel.slice(channels.length) as RoomKey
      const envelope = decodeEnvelope(room, message)
      if (!envelope) this.#refuse(room, message)
      else if (envelope.kind === 'presence') this.#options.presence.heard(room, envelope.message)
      else this.#sink?.heard({ room, ...envelope })
    }
  }

  #refuse(room: RoomKey, message: string): void {
    this.#options.metrics.add('fanfare_redis_messages_refused_total')
    this.#unreadable.warn({ room, length: message.length })
  }

  /** What was appended without being told of, until a replica has it. */
  #whenReplicated(batch: Batch): readonly Written[] {
    const appended: Appended[] = []
    for (const [index, { room }] of batch.writes.entries()) {
      const written = batch.written[index]!
      if (written.kind !== 'published' || !waitsForReplicas(room)) continue
      const { epoch, offset } = written.receipt
      // The first of the same key may not have been told of; the body here is then not its own.
      appended.push({ room: room.key, epoch, offset, body: written.duplicate ? '' : batch.bodies[index]! })
    }
    if (appended.length === 0) return batch.written
    const safe = this.#replicas.confirm(batch.partition, batch.master, appended)
    return batch.written.map((written, index) =>
      written.kind === 'published' && waitsForReplicas(batch.writes[index]!.room) ? { ...written, safe } : written,
    )
  }
}

type Batch = {
  readonly partition: Partition
  readonly master: string
  readonly writes: readonly Write[]
  readonly written: readonly Written[]
  readonly bodies: readonly string[]
}

const readArgs = ({ log }: LogRoom, query: ReadQuery): readonly (string | number)[] => {
  const where = 'after' in query ? query.after : query.before
  const [kind, epoch, offset] = typeof where === 'string' ? [where, '', 0] : ['at', where.epoch, where.offset]
  const limit = Math.max(1, Math.min(query.limit, Number.MAX_SAFE_INTEGER))
  const way = 'after' in query ? 'after' : 'before'
  return [finite(log.keep), finite(log.forMs), way, kind, epoch, offset, limit, finite(query.maxBytes ?? Infinity)]
}

const sliceOf = ([kind, epoch, top, more, ...rest]: readonly Reply[]): Slice => {
  const position = { epoch: String(epoch), offset: Number(top) }
  if (kind === 'epoch' || kind === 'ahead' || kind === 'trimmed') return { ok: false, reason: kind, top: position }
  const events: RoomEvent[] = []
  for (let index = 0; index < rest.length; index += 2) {
    const event = decodeBody(String(rest[index + 1]), Number(rest[index]))
    if (!event) throw new FanfareError('internal', `Offset ${rest[index]} of a log in Redis cannot be read.`)
    events.push(event)
  }
  return { ok: true, events, top: position, more: more === 1 }
}
