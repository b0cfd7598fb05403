/**
 * What a node stands on: alone, its own disk and memory; with others, the Redis that they share. Part of the composition,
 * with `server.ts` the only file that names concrete engines and stores.
 */
import type { App } from './app/app.ts'
import { redisTickets } from './auth/redis-tickets.ts'
import { secretInFolder, secretInRedis } from './auth/secret.ts'
import { memoryTickets } from './auth/tickets.ts'
import type { Choices } from './chosen-features.ts'
import type { Config } from './config.ts'
import { createEmbeddedEngine } from './engine/embedded/embedded.ts'
import type { Engine } from './engine/engine.ts'
import { createRedisEngine } from './engine/redis/redis.ts'
import type { Clock } from './lib/clock.ts'
import type { Closing } from './lib/closing.ts'
import { nodeId, uuidv7 } from './lib/ids.ts'
import type { Log } from './lib/log.ts'
import type { Metrics } from './lib/metrics.ts'
import type { Cache } from './model/cache.ts'
import type { Once } from './model/once.ts'
import { describeAddress, parseRedisAddress, type RedisAddress } from './redis/address.ts'
import { inspectServer, risksOf } from './redis/inspect.ts'
import { reachRedis } from './redis/reach.ts'
import type { OpenRedis } from './redis/redis.ts'
import type { OpenedStore } from './store/create-store.ts'
import { openDataFolder } from './store/data-folder.ts'
import { memoryOnce } from './store/memory-once.ts'
import { openStore, type StorePlace } from './store/open-store.ts'
import { RedisCache } from './store/redis-cache.ts'
import { redisOnce } from './store/redis-once.ts'
import { redisTexts } from './store/redis-texts.ts'
import { SqliteCache } from './store/sqlite-cache.ts'
import { redisTrustStore } from './store/trust-store-redis.ts'
import { sqliteTrustStore, trustMigrations } from './store/trust-store-sqlite.ts'
import type { TrustPlace } from './trust.ts'

export type BackingParts = {
  readonly config: Config
  readonly clock: Clock
  readonly log: Log
  readonly metrics: Metrics
}

/** Opened, and not started. */
export type Backing = {
  readonly engine: Engine
  readonly cache: Cache
  readonly commands: Once
  readonly trust: TrustPlace
  /** Undefined where nodes share no store. */
  readonly storePlace: StorePlace | undefined
  /** Where it is, for the log. */
  readonly where: { readonly [name: string]: string | number }
}

/** @throws FanfareError `unavailable` when it cannot be used, saying what to do */
export const openBacking = (parts: BackingParts, closing: Closing): Promise<Backing> =>
  parts.config.redisUrl === undefined
    ? openAlone(parts, closing)
    : openWithOthers({ ...parts, address: parseRedisAddress(parts.config.redisUrl) }, closing)

const openAlone = async ({ clock, config, log, metrics }: BackingParts, closing: Closing): Promise<Backing> => {
  const { dataFolder, limits, memoryBytes } = config
  const folder = await openDataFolder(dataFolder)
  closing.push(async () => folder.close())
  const database = folder.database('trust', { migrations: trustMigrations })
  closing.push(async () => database.close())
  const { idempotencyMs } = limits
  return {
    engine: createEmbeddedEngine({ clock, disk: folder, log, metrics, idempotencyMs, memoryBytes }),
    cache: new SqliteCache({ clock, folder }),
    commands: memoryOnce({ clock, forMs: idempotencyMs }),
    trust: {
      store: sqliteTrustStore(database),
      tickets: memoryTickets({ clock }),
      keepSecret: secretInFolder(folder.path),
    },
    storePlace: postgresOf(config) ?? { kind: 'sqlite', folder },
    where: { dataFolder, ...whereStore(config) },
  }
}

const postgresOf = ({ databaseConnections, databaseUrl }: Config): StorePlace | undefined =>
  databaseUrl === undefined ? undefined : { kind: 'postgres', url: databaseUrl, connections: databaseConnections }

/** Without the password. */
const whereStore = ({ databaseUrl }: Config): { readonly database?: string } =>
  databaseUrl === undefined ? {} : { database: new URL(databaseUrl).host }

export type NodeStoreParts = BackingParts & {
  readonly app: Pick<App, 'archived'>
  readonly choices: Choices
  readonly place: StorePlace | undefined
}

/** The store of a node, where somebody needs one or it was asked for. @throws FanfareError `unavailable`, saying what to do */
export const openNodeStore = async (parts: NodeStoreParts, closing: Closing): Promise<OpenedStore | undefined> => {
  const { app, choices, config, place } = parts
  const needed = choices.chosen.length > 0 || app.archived.length > 0 || place?.kind === 'postgres'
  if (!place || !needed) return undefined
  const { encryptionKeys, mode } = config
  const schemas = choices.chosen.map(({ feature }) => feature.schema)
  const store = await openStore({ ...parts, place, schemas, encryptionKeys, mode, ids: uuidv7 })
  closing.push(() => store.close())
  return store
}

type SharedParts = BackingParts & { readonly address: RedisAddress }

const openWithOthers = async (parts: SharedParts, closing: Closing): Promise<Backing> => {
  const { address, clock, config, log, metrics } = parts
  const { idempotencyMs } = config.limits
  const node = nodeId()
  const redis = await reachRedis({ address, prefix: config.redisPrefix, node, clock, log, metrics })
  closing.push(() => redis.close())
  if (config.mode === 'production') await warnOfRisks(parts, redis)
  metrics.gauge('fanfare_redis_masters', () => redis.shards().length)
  metrics.gauge('fanfare_redis_masters_healthy', () => redis.shards().filter(({ healthy }) => healthy).length)
  const texts = redisTexts(redis)
  return {
    engine: createRedisEngine({ redis, node, clock, log, metrics, idempotencyMs }),
    cache: new RedisCache({ redis }),
    commands: redisOnce({ redis, clock, log, forMs: idempotencyMs }),
    trust: { store: redisTrustStore(texts), tickets: redisTickets({ redis }), keepSecret: secretInRedis(texts) },
    storePlace: postgresOf(config),
    where: {
      ...whereStore(config),
      redis: describeAddress(address),
      prefix: config.redisPrefix,
      masters: redis
        .shards()
        .map((shard) => shard.address)
        .join(' '),
    },
  }
}

/** What may be lost is told once, by every node; it is no reason not to start. */
const warnOfRisks = async ({ address, clock, log }: SharedParts, redis: OpenRedis): Promise<void> => {
  for (const { address: master } of redis.shards()) {
    try {
      for (const risk of risksOf(await inspectServer({ address: master, entry: address, clock }))) log.warn({}, risk)
    } catch (error) {
      log.warn({ error, master }, 'Redis could not be asked how it is run')
    }
  }
}
