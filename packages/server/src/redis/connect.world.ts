/** A node's Redis as a test uses it: scripts of one line, channels that remember what they heard, doubts that are counted. */
import { createHash } from 'node:crypto'
import { type Clock, systemClock } from '../lib/clock.ts'
import { silentLog } from '../lib/log.ts'
import { noMetrics } from '../lib/metrics.ts'
import { parseRedisAddress } from './address.ts'
import { openRedis, type RedisOptions } from './connect.ts'
import type { OpenRedis, Partition, Reply } from './redis.ts'
import type { Script } from './script.ts'

export const scriptOf = (lines: string): Script => {
  const source = `#!lua\n${lines}`
  return { name: 'test', source, sha: createHash('sha1').update(source).digest('hex') }
}

/** Appends, once the fence allows it, and says how many there are. */
export const append = scriptOf(`
local life = redis.call('HMGET', KEYS[1], 'replid', 'since')
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local since = tonumber(life[2] or 0)
if life[1] ~= ARGV[2] or (since <= now and now < since + 1000) then return redis.error_reply('FENCED') end
redis.call('SPUBLISH', KEYS[3], ARGV[3])
return redis.call('RPUSH', KEYS[2], ARGV[3])`)
export const listed = scriptOf(`return redis.call('LRANGE', KEYS[1], 0, -1)`)
export const ping = scriptOf(`return 'PONG'`)

export type Actor = AsyncDisposable & {
  readonly redis: OpenRedis
  /** The partition, list and channel of a name. */
  at(name: string): { readonly partition: Partition; readonly list: string; readonly channel: string }
  say(name: string, text: string, how?: { readonly timeoutMs?: number; readonly replicas?: number }): Promise<Reply>
  list(name: string): Promise<Reply>
  listen(name: string): Promise<readonly string[]>
  readonly doubts: readonly (readonly Partition[])[]
}

export const until = async (what: string, holds: () => boolean, withinMs = 10_000): Promise<void> => {
  const deadline = Date.now() + withinMs
  while (!holds()) {
    if (Date.now() > deadline) throw new Error(`not within ${withinMs} ms: ${what}`)
    await Bun.sleep(5)
  }
}

export const openActor = async (
  url: string,
  options: Partial<RedisOptions> & { readonly clock?: Clock } = {},
): Promise<Actor> => {
  const redis = await openRedis({
    address: parseRedisAddress(url),
    node: crypto.randomUUID().slice(0, 8),
    clock: systemClock,
    log: silentLog,
    metrics: noMetrics,
    beatMs: 200,
    ...options,
  })
  const doubts: (readonly Partition[])[] = []
  redis.onDoubt((doubted) => doubts.push(doubted))
  const at = (name: string) => {
    const partition = redis.partitionOf(name)
    return { partition, list: redis.key(partition, 'list', name), channel: redis.key(partition, 'channel', name) }
  }
  return {
    redis,
    at,
    doubts,
    say(name, text, how = {}) {
      const { partition, list, channel } = at(name)
      const keys = [redis.key(partition, 'life'), list, channel]
      return redis.run(partition, { script: append, keys, args: [text], ...how })
    },
    list: (name) => redis.run(at(name).partition, { script: listed, keys: [at(name).list], args: [] }),
    async listen(name) {
      const { partition, channel } = at(name)
      const heard: string[] = []
      await redis.subscribe(partition, [channel], (_, message) => heard.push(message))
      return heard
    },
    [Symbol.asyncDispose]: () => redis.close(),
  }
}
