/**
 * The cache in Redis, for all nodes: each verb is one atomic step there, and nothing is remembered here. When a value is over
 * is judged by the server's time. As durable as the Redis that is given.
 */
import { FanfareError, type Json } from '@fanfare/protocol'
import type { Cache, Expiry, TenantCache } from '../model/cache.ts'
import { tenantName } from '../model/tenant-name.ts'
import type { Redis, Reply } from '../redis/redis.ts'
import { readScript, type Script } from '../redis/script.ts'
import { checkCacheKey, notANumber } from './cache-key.ts'

const scripts = {
  read: readScript(new URL('./scripts/cache-read.lua', import.meta.url)),
  write: readScript(new URL('./scripts/cache-write.lua', import.meta.url)),
  delete: readScript(new URL('./scripts/cache-delete.lua', import.meta.url)),
}

export type RedisCacheOptions = { readonly redis: Redis }

export class RedisCache implements Cache {
  readonly #redis: Redis
  #running = false

  constructor({ redis }: RedisCacheOptions) {
    this.#redis = redis
  }

  async start(): Promise<() => Promise<void>> {
    this.#running = true
    return async () => {
      this.#running = false
    }
  }

  of(tenantId: string): TenantCache {
    const run = (script: Script, key: string, args: readonly string[] = []) =>
      this.#run(script, tenantName(tenantId, checkCacheKey(key)), args)
    const increment = async (key: string, by = 1, expiry: Expiry = {}): Promise<number> => {
      const sum = Number.isFinite(by) ? await run(scripts.write, key, ['increment', lifeOf(expiry), String(by)]) : null
      if (sum === null) throw notANumber(key)
      return Number(sum)
    }
    return {
      get: async (key) => jsonOf(await run(scripts.read, key)),
      async set(key, value, expiry = {}) {
        await run(scripts.write, key, ['set', lifeOf(expiry), JSON.stringify(value)])
      },
      delete: async (key) => (await run(scripts.delete, key)) === 1,
      increment,
      async count(key) {
        const value = jsonOf(await run(scripts.read, key)) ?? 0
        if (typeof value === 'number') return value
        throw notANumber(key)
      },
    }
  }

  async #run(script: Script, name: string, args: readonly string[]): Promise<Reply> {
    if (!this.#running) throw new FanfareError('unavailable', 'The cache is not running.')
    const partition = this.#redis.partitionOf(name)
    return this.#redis.run(partition, { script, keys: [this.#redis.key(partition, 'cache', name)], args })
  }
}

const jsonOf = (reply: Reply): Json | undefined => (typeof reply === 'string' ? (JSON.parse(reply) as Json) : undefined)

/** In whole ms; empty for a value that stays. */
const lifeOf = ({ ttlMs }: Expiry): string => (ttlMs === undefined ? '' : Math.max(0, Math.ceil(ttlMs)).toFixed(0))
