/**
 * Small texts in Redis that several nodes change. A change is made here and put there only if nobody else's came between;
 * else it is made again from theirs. Knows nothing of what the texts say.
 */
import { FanfareError } from '@fanfare/protocol'
import type { Partition, Redis } from '../redis/redis.ts'
import { readScript } from '../redis/script.ts'

const scripts = {
  read: readScript(new URL('./scripts/read.lua', import.meta.url)),
  swap: readScript(new URL('./scripts/swap.lua', import.meta.url)),
}

/** An empty text and none are the same. */
export type RedisTexts = {
  read(kind: string, name: string): Promise<string>
  /** Resolves to what it was just before. What `change` throws changes nothing. @throws FanfareError `unavailable`, `overloaded` */
  change(kind: string, name: string, change: (before: string) => string): Promise<string>
}

/** Changes nothing into nothing, for whoever wants to know whether it would be let. @throws FanfareError `unavailable` */
export const tryOut = async (redis: Redis, partition: Partition): Promise<void> => {
  await redis.run(partition, { script: scripts.swap, keys: [redis.key(partition, 'tried')], args: ['', ''] })
}

/** Each try that fails is another node's that succeeded, and a node has one change of a text under way at a time. */
const mostTries = 200

export const redisTexts = (redis: Redis): RedisTexts => {
  /** The end of the changes under way, by key: those of this node need not compete with each other. */
  const queues = new Map<string, Promise<unknown>>()

  const placeOf = (kind: string, name: string): { readonly partition: Partition; readonly key: string } => {
    const partition = redis.partitionOf(name)
    return { partition, key: redis.key(partition, kind, name) }
  }
  const read = async (kind: string, name: string): Promise<string> => {
    const { partition, key } = placeOf(kind, name)
    return String((await redis.run(partition, { script: scripts.read, keys: [key], args: [] })) ?? '')
  }
  const compete = async (kind: string, name: string, change: (before: string) => string): Promise<string> => {
    const { partition, key } = placeOf(kind, name)
    let before = await read(kind, name)
    for (let tries = 0; tries < mostTries; tries++) {
      const args = [before, change(before)]
      const found = String((await redis.run(partition, { script: scripts.swap, keys: [key], args })) ?? '')
      if (found === before) return before
      before = found
    }
    throw new FanfareError('overloaded', 'Too many nodes change the same thing at once. Try again.')
  }
  return {
    read,
    change(kind, name, change) {
      const queue = `${kind}:${name}`
      const turn = (queues.get(queue) ?? Promise.resolve()).then(
        () => compete(kind, name, change),
        () => compete(kind, name, change),
      )
      queues.set(queue, turn)
      const leave = () => {
        if (queues.get(queue) === turn) queues.delete(queue)
      }
      turn.then(leave, leave)
      return turn
    },
  }
}
