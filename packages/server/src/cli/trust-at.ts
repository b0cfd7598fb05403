/** Opens what commands share with running nodes: keys and a development secret, in Redis when it is configured, else in the data folder. */
import { mkdirSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { type SecretKeeper, secretInFolder, secretInRedis } from '../auth/secret.ts'
import type { Config } from '../config.ts'
import { systemClock } from '../lib/clock.ts'
import { nodeId } from '../lib/ids.ts'
import { silentLog } from '../lib/log.ts'
import { noMetrics } from '../lib/metrics.ts'
import { parseRedisAddress } from '../redis/address.ts'
import { reachRedis } from '../redis/reach.ts'
import type { Redis } from '../redis/redis.ts'
import { redisTexts } from '../store/redis-texts.ts'
import { openSqlite } from '../store/sqlite.ts'
import type { KeyStore } from '../store/trust-store.ts'
import { redisTrustStore } from '../store/trust-store-redis.ts'
import { sqliteTrustStore, trustMigrations } from '../store/trust-store-sqlite.ts'
import type { Terminal } from './terminal.ts'

type RedisConfig = Pick<Config, 'redisUrl' | 'redisPrefix'>

/** @throws FanfareError `unavailable` when it does not answer soon */
export const withRedis = async <Value>(
  { redisUrl = '', redisPrefix: prefix }: RedisConfig,
  work: (redis: Redis) => Promise<Value>,
): Promise<Value> => {
  const redis = await reachRedis({
    address: parseRedisAddress(redisUrl),
    prefix,
    node: nodeId(),
    // Connections live in real time, whatever clock a command goes by.
    clock: systemClock,
    log: silentLog,
    metrics: noMetrics,
    openMs: 3_000,
  })
  try {
    return await work(redis)
  } finally {
    await redis.close()
  }
}

/** @throws Error, FanfareError `unavailable` when keys cannot be reached */
export const withKeyStore = async <Value>(
  terminal: Terminal,
  config: Config,
  work: (keys: KeyStore) => Promise<Value>,
): Promise<Value> => {
  if (config.redisUrl !== undefined) return withRedis(config, (redis) => work(redisTrustStore(redisTexts(redis)).keys))
  const folder = resolve(terminal.folder, config.dataFolder)
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const database = openSqlite({ path: join(folder, 'trust.sqlite'), migrations: trustMigrations })
  try {
    return await work(sqliteTrustStore(database).keys)
  } finally {
    database.close()
  }
}

/** @throws FanfareError `unavailable` when a kept secret cannot be reached */
export const withSecretKeeper = <Value>(
  terminal: Terminal,
  config: Config,
  work: (keep: SecretKeeper) => Promise<Value>,
): Promise<Value> =>
  config.redisUrl === undefined
    ? work(secretInFolder(resolve(terminal.folder, config.dataFolder)))
    : withRedis(config, (redis) => work(secretInRedis(redisTexts(redis))))
