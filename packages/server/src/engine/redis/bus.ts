/**
 * The bus over Redis. What must not be missed goes through a room of the log that only the server can name, and is repaired
 * as any room is; emits go by plain Pub/Sub. Owns what stands in these messages, not what a node does about them.
 */
import { FanfareError } from '@fanfare/protocol'
import type { Clock } from '../../lib/clock.ts'
import { uuidv7 } from '../../lib/ids.ts'
import type { Log } from '../../lib/log.ts'
import type { Metrics } from '../../lib/metrics.ts'
import { SeldomWarning } from '../../lib/seldom.ts'
import type { LogRoom } from '../../model/room.ts'
import { roomKey } from '../../model/room-key.ts'
import type { Partition, Redis } from '../../redis/redis.ts'
import { readScript } from '../../redis/script.ts'
import type { NodeBus, NodeMessage, NodeRequest } from '../node-bus.ts'
import type { RoomLog, RoomSink } from '../room-log.ts'
import { nodeMessageData, parseNodeMessage, readNodeMessage, writeNodeMessage } from './node-message.ts'

const emitScript = readScript(new URL('./scripts/bus-emit.lua', import.meta.url))

const tenantId = 'fanfare'
/** `__` in front: no client, key or application can name it. */
const name = '__bus'
const eventType = 'node'
/** After a server did not let this node listen. */
const retryMs = 1_000
/** Whoever is away for longer, or misses more, is told that it missed. */
const kept = { keep: 1_000, forMs: 10 * 60_000, durable: false } as const

export type RedisBusOptions = {
  readonly redis: Redis
  /** The rooms of this node, themselves and not as {@link RedisBus.around} gives them. */
  readonly rooms: RoomLog
  readonly clock: Clock
  readonly log: Log
  readonly metrics: Metrics
}

export class RedisBus implements NodeBus {
  readonly #options: RedisBusOptions
  readonly #room: LogRoom = { key: roomKey(tenantId, name), log: kept }
  #receive: ((message: NodeMessage) => void) | undefined

  readonly #unreadable: SeldomWarning

  constructor(options: RedisBusOptions) {
    this.#options = options
    this.#unreadable = new SeldomWarning(options, 'a message from another node could not be read')
  }

  /** The rooms as the application is to have them: what is said in the bus's own room does not reach its sink. */
  around(rooms: RoomLog): RoomLog {
    return {
      start: (sink) => rooms.start(this.#before(sink)),
      listen: (room) => rooms.listen(room),
      unlisten: (room) => rooms.unlisten(room),
      publish: (room, draft, options) => rooms.publish(room, draft, options),
      read: (room, query) => rooms.read(room, query),
      forget: (room) => rooms.forget(room),
    }
  }

  async start(receive: (message: NodeMessage) => void): Promise<() => Promise<void>> {
    const { redis, rooms } = this.#options
    this.#receive = receive
    await Promise.all([this.#listen('first'), ...redis.partitions.map((partition) => this.#listenForEmits(partition))])
    return async () => {
      if (this.#receive !== receive) return
      this.#receive = undefined
      const silenced = redis.partitions.map((partition) => redis.unsubscribe(partition, [this.#emitsOf(partition)]))
      await Promise.allSettled([rooms.unlisten(this.#room), ...silenced])
    }
  }

  async send(message: NodeRequest): Promise<void> {
    if (!this.#receive) throw new FanfareError('unavailable', 'The node is not running.')
    await (message.type === 'emit' ? this.#emit(message) : this.#publish(message))
  }

  async #publish(message: NodeRequest): Promise<void> {
    const { clock, rooms } = this.#options
    const now = clock.now()
    const timestamp = new Date(now).toISOString()
    const data = nodeMessageData(message)
    await rooms.publish(this.#room, { id: uuidv7(now), type: eventType, tenantId, room: name, data, timestamp })
  }

  /** All that goes to one target goes one way, and so stays in order. */
  async #emit(message: NodeRequest & { readonly type: 'emit' }): Promise<void> {
    const { redis } = this.#options
    const partition = redis.partitionOf(`emit|${message.tenantId}|${JSON.stringify(message.to)}`)
    const keys = [this.#emitsOf(partition)]
    await redis.run(partition, { script: emitScript, keys, args: [writeNodeMessage(message)] })
  }

  #before(sink: RoomSink): RoomSink {
    const { key } = this.#room
    return {
      deliver: (room, epoch, event) => {
        if (room !== key) sink.deliver(room, epoch, event)
        else this.#hear(readNodeMessage(event.data), (type) => type !== 'emit')
      },
      lost: (room) => {
        if (room !== key) sink.lost(room)
        else this.#receive?.({ type: 'missed' })
      },
    }
  }

  /** A server that is away just now keeps no node from its start: what is said meanwhile was missed. */
  async #listen(time: 'first' | 'again'): Promise<void> {
    const { clock, log, rooms } = this.#options
    const receive = this.#receive
    try {
      await rooms.listen(this.#room)
      if (this.#receive !== receive) await rooms.unlisten(this.#room)
      else if (time === 'again') receive?.({ type: 'missed' })
    } catch (error) {
      log.warn({ error }, 'what nodes tell each other cannot be heard yet')
      clock.after(retryMs, () => {
        if (receive !== undefined && this.#receive === receive) void this.#listen('again')
      })
    }
  }

  /** Emits may be lost, so a server that is away just now keeps no node from its start. */
  async #listenForEmits(partition: Partition): Promise<void> {
    const { clock, log, redis } = this.#options
    const receive = this.#receive
    try {
      await redis.subscribe(partition, [this.#emitsOf(partition)], (_, text) =>
        this.#hear(parseNodeMessage(text), (type) => type === 'emit'),
      )
    } catch (error) {
      log.warn({ error, partition: partition.index }, 'emits of a partition cannot be heard yet')
      clock.after(retryMs, () => {
        if (receive !== undefined && this.#receive === receive) void this.#listenForEmits(partition)
      })
    }
  }

  #hear(message: NodeRequest | undefined, belongs: (type: NodeRequest['type']) => boolean): void {
    const { log, metrics } = this.#options
    if (!message || !belongs(message.type)) {
      metrics.add('fanfare_node_messages_refused_total')
      this.#unreadable.warn({ type: message?.type })
      return
    }
    try {
      this.#receive?.(message)
    } catch (error) {
      metrics.add('fanfare_node_messages_refused_total')
      log.error({ error, type: message.type }, 'a message from another node could not be followed')
    }
  }

  #emitsOf(partition: Partition): string {
    return this.#options.redis.key(partition, 'emits')
  }
}
