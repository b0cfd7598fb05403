/**
 * Events whose reactions are not seen to have finished, in Redis beside the rooms that they are of. Each is some process's; as
 * long as that renews its lease nobody else is given them. `scripts/write.lua` adds them, in the step that appends.
 */
import type { RoomEvent } from '@fanfare/protocol'
import type { Clock } from '../../lib/clock.ts'
import { shortId } from '../../lib/ids.ts'
import type { Log } from '../../lib/log.ts'
import { type RoomKey, roomKey } from '../../model/room-key.ts'
import type { Partition, Redis, Reply } from '../../redis/redis.ts'
import { readScript } from '../../redis/script.ts'
import type { Unreacted } from '../room-log.ts'
import { decodeBody } from './envelope.ts'

const reacted = readScript(new URL('./scripts/reacted.lua', import.meta.url))
const renew = readScript(new URL('./scripts/renew-unreacted.lua', import.meta.url))
const take = readScript(new URL('./scripts/take-unreacted.lua', import.meta.url))

/** How long a process that says nothing counts as living. */
export const unreactedLeaseMs = 15_000
const renewMs = 5_000
/** As old as this, what may have been kept was kept: nothing waits that long for Redis. */
const doubtfulMs = 15_000
/** Taken in one round trip. */
const takeAtOnce = 500

export type RedisUnreactedOptions = {
  readonly redis: Redis
  readonly node: string
  readonly clock: Clock
  readonly log: Log
}

type Taken = { readonly at: number; readonly event: RoomEvent }

export class RedisUnreacted implements Unreacted {
  readonly #options: RedisUnreactedOptions
  /** A process that follows another under the same node id takes what that left at once. */
  readonly #process = shortId()
  /** Where this process keeps any, so that its lease matters. */
  readonly #active = new Set<Partition>()
  /** Since when this process may keep some there that it does not know of, because an answer never came. */
  readonly #doubted = new Map<Partition, number>()
  /** What this process is at, by field. */
  readonly #inHand = new Set<string>()
  #done = new Map<Partition, Set<string>>()
  #sending: Promise<void> | undefined

  constructor(options: RedisUnreactedOptions) {
    this.#options = options
  }

  /** Keeps the lease; the result ends that, once what is done is written. */
  start(): () => Promise<void> {
    const renewing = this.#options.clock.every(renewMs, () => {
      for (const partition of this.#active) void this.#renew(partition)
      this.#sendSoon()
    })
    return async () => {
      renewing.cancel()
      await this.#sending
      await this.#sendDone()
    }
  }

  /** KEYS[1] and [2] of the scripts: who keeps any, and this process's own. */
  keysIn(partition: Partition): readonly [owners: string, own: string] {
    return [this.#options.redis.key(partition, 'unreacted-owners'), this.#ownedBy(partition, this.#process)]
  }

  /** The event was published to be reacted to, and this process is at it. */
  keep(room: RoomKey, id: string): void {
    this.#active.add(this.#options.redis.partitionOf(room))
    this.#inHand.add(fieldOf(room, id))
  }

  /** An event of the room may have been published, and nobody is at it: it is listed later if it was. */
  doubt(room: RoomKey): void {
    const partition = this.#options.redis.partitionOf(room)
    this.#active.add(partition)
    this.#doubted.set(partition, this.#options.clock.now())
  }

  /** @throws FanfareError `unavailable` */
  async list(): Promise<readonly RoomEvent[]> {
    const taken: Taken[] = []
    const { partitions } = this.#options.redis
    const given = await Promise.allSettled(partitions.map((partition) => this.#take(partition, taken)))
    const failed = given.find((result) => result.status === 'rejected')
    // What was taken is this process's by now, so it must be given out though the rest did not answer.
    if (failed && taken.length === 0 && given.every(({ status }) => status === 'rejected')) throw failed.reason
    if (failed) this.#options.log.warn({ error: failed.reason }, 'some events without a reaction could not be read')
    return taken.sort((a, b) => a.at - b.at || (a.event.id < b.event.id ? -1 : 1)).map(({ event }) => event)
  }

  done(event: RoomEvent): void {
    const room = roomKey(event.tenantId, event.room)
    const partition = this.#options.redis.partitionOf(room)
    const fields = this.#done.get(partition) ?? new Set()
    this.#done.set(partition, fields.add(fieldOf(room, event.id)))
    this.#sendSoon()
  }

  /** What is done in the same tick goes together. */
  #sendSoon(): void {
    this.#sending ??= new Promise<void>((resolve) => setImmediate(resolve)).then(() => this.#sendDone())
  }

  #ownedBy(partition: Partition, process: string): string {
    return this.#options.redis.key(partition, 'unreacted', `${this.#options.node}.${process}`)
  }

  async #renew(partition: Partition): Promise<void> {
    const { redis, log } = this.#options
    try {
      const count = await redis.run(partition, {
        script: renew,
        keys: this.keysIn(partition),
        args: [unreactedLeaseMs],
      })
      if (count === 0) this.#active.delete(partition)
    } catch (error) {
      log.warn({ error }, 'the lease of events without a reaction could not be renewed; it is tried again')
    }
  }

  /** Adds to `taken`, also what came before a failure. */
  async #take(partition: Partition, taken: Taken[]): Promise<void> {
    const doubtedAt = this.#doubted.get(partition)
    for (let more = true; more; ) {
      const reply = await this.#takeSome(partition, doubtedAt !== undefined)
      more = reply[0] === 1
      for (let at = 1; at < reply.length; at += 2) this.#give(partition, reply, { at, taken })
    }
    if (doubtedAt !== undefined && doubtedAt + doubtfulMs <= this.#options.clock.now()) this.#doubted.delete(partition)
  }

  async #takeSome(partition: Partition, doubted: boolean): Promise<readonly Reply[]> {
    const args = [unreactedLeaseMs, this.#ownedBy(partition, ''), takeAtOnce, doubted ? doubtfulMs : -1]
    try {
      return (await this.#options.redis.run(partition, { script: take, keys: this.keysIn(partition), args })) as Reply[]
    } catch (error) {
      this.#active.add(partition)
      this.#doubted.set(partition, this.#options.clock.now())
      throw error
    }
  }

  #give(partition: Partition, reply: readonly Reply[], { at, taken }: { at: number; taken: Taken[] }): void {
    const [field, value] = [String(reply[at]), String(reply[at + 1])]
    if (this.#inHand.has(field)) return
    const read = decodeValue(value)
    if (!read) {
      this.#options.log.error({ field }, 'an event without a reaction cannot be read; it is left alone')
      return
    }
    this.#active.add(partition)
    this.#inHand.add(field)
    taken.push(read)
  }

  /** What could not be sent is sent with the next. Only of `#sendSoon`, or with nothing left to come. */
  async #sendDone(): Promise<void> {
    this.#sending = undefined
    const { redis, log } = this.#options
    const sent = this.#done
    this.#done = new Map()
    const sending = [...sent].map(async ([partition, fields]) => {
      try {
        await redis.run(partition, { script: reacted, keys: [this.keysIn(partition)[1]], args: [...fields] })
        for (const field of fields) this.#inHand.delete(field)
      } catch (error) {
        log.warn({ error }, 'it could not be written down which reactions are done; it is tried again')
        const later = this.#done.get(partition)
        this.#done.set(partition, later ? later.union(fields) : fields)
      }
    })
    await Promise.all(sending)
  }
}

/** A room's name holds no line end. */
const fieldOf = (room: RoomKey, id: string): string => `${room}\n${id}`

/** `<at> <offset> <draft as JSON>` */
const decodeValue = (value: string): Taken | undefined => {
  const endOfAt = value.indexOf(' ')
  const endOfOffset = value.indexOf(' ', endOfAt + 1)
  const event = decodeBody(value.slice(endOfOffset + 1), Number(value.slice(endOfAt + 1, endOfOffset)))
  return event && { at: Number(value.slice(0, endOfAt)), event }
}
