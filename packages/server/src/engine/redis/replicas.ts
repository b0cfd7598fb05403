/**
 * The second step of rooms that ask for a replica: what was appended silently is told, and may be acknowledged, once a replica
 * has it. One wait at a time in a partition, for all that came meanwhile together, so that a replica which is slow or gone
 * holds up nobody else, and whoever waits for it two waits at most.
 */
import { FanfareError } from '@fanfare/protocol'
import { type Deferred, deferred } from '../../lib/deferred.ts'
import type { RoomKey } from '../../model/room-key.ts'
import type { Partition, Redis } from '../../redis/redis.ts'
import { readScript } from '../../redis/script.ts'
import { roomChannel } from './presence-keys.ts'
import { roomKeysIn } from './room-keys.ts'

const mark = readScript(new URL('./scripts/mark.lua', import.meta.url))
const fanOut = readScript(new URL('./scripts/fan-out.lua', import.meta.url))

/** `body` is the event's JSON; empty when only the log has it. */
export type Appended = {
  readonly room: RoomKey
  readonly epoch: string
  readonly offset: number
  readonly body: string
}

type Waiting = { readonly master: string; readonly appended: readonly Appended[]; readonly safe: Deferred<void> }

/** Two of them, one after the other, are about what whoever publishes waits. */
const waitMs = 1_500
const toldAtOnce = 256

export class Replicas {
  readonly #redis: Redis
  readonly #waiting = new Map<Partition, Waiting[]>()

  constructor(redis: Redis) {
    this.#redis = redis
  }

  /**
   * Resolves, in the order of the calls, once a replica has these and whoever listens was told.
   *
   * @param master the replication id under which they were written; another master may have other events there
   * @throws FanfareError `unavailable`
   */
  confirm(partition: Partition, master: string, appended: readonly Appended[]): Promise<void> {
    const waiting = { master, appended, safe: deferred() }
    const before = this.#waiting.get(partition)
    if (before) before.push(waiting)
    else {
      this.#waiting.set(partition, [waiting])
      void this.#run(partition)
    }
    return waiting.safe.promise
  }

  async #run(partition: Partition): Promise<void> {
    const queue = this.#waiting.get(partition)!
    while (queue.length > 0) {
      const { master } = queue[0]!
      const others = queue.findIndex((waiting) => waiting.master !== master)
      const round = queue.splice(0, others < 0 ? queue.length : others)
      try {
        await this.#wait(partition, master)
        const appended = round.flatMap((waiting) => waiting.appended)
        for (let from = 0; from < appended.length; from += toldAtOnce) {
          await this.#tell(partition, master, appended.slice(from, from + toldAtOnce))
        }
        for (const { safe } of round) safe.resolve()
      } catch (error) {
        for (const { safe } of round) safe.reject(error)
      }
    }
    this.#waiting.delete(partition)
  }

  async #wait(partition: Partition, master: string): Promise<void> {
    const keys = [this.#redis.key(partition, 'mark')]
    const call = { script: mark, keys, args: [master], replicas: 1, timeoutMs: waitMs }
    if ((await this.#redis.run(partition, call)) !== 1) throw changed()
  }

  async #tell(partition: Partition, master: string, appended: readonly Appended[]): Promise<void> {
    const names = roomKeysIn(this.#redis, partition)
    const keys = appended.flatMap(({ room }) => [names.meta(room), names.log(room)])
    const events = appended.flatMap(({ room, epoch, offset, body }) => [room, epoch, offset, body])
    const args = [master, roomChannel(this.#redis, partition, ''), ...events]
    if ((await this.#redis.run(partition, { script: fanOut, keys, args })) === -1) throw changed()
  }
}

const changed = (): FanfareError =>
  new FanfareError(
    'unavailable',
    'The master changed before a replica was known to have it; try again with the same key.',
  )
