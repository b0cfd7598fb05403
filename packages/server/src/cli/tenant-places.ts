/** Everywhere that a configuration keeps something of a tenant, opened together: to be read beside nodes that run, or to be erased. */
import { resolve } from 'node:path'
import type { Config } from '../config.ts'
import { features } from '../features.ts'
import type { Redis } from '../redis/redis.ts'
import { withStoreToChange } from './store-to-change.ts'
import type { ReadStore } from './store-to-read.ts'
import { withStoreToRead } from './store-to-read.ts'
import { hasStore } from './tenant-audit.ts'
import { folderParts } from './tenant-folder.ts'
import type { TenantPart } from './tenant-parts.ts'
import { redisParts } from './tenant-redis.ts'
import { storeParts } from './tenant-store.ts'
import type { Terminal } from './terminal.ts'
import { withRedis } from './trust-at.ts'

export type TenantAt = {
  readonly terminal: Terminal
  readonly config: Config
  readonly tenantId: string
  readonly to: 'read' | 'erase'
}

export type TenantPlaces = {
  readonly parts: readonly TenantPart[]
  readonly opened: ReadStore | undefined
  readonly redis: Redis | undefined
}

/** @throws FanfareError `unavailable` when one of them cannot be reached */
export const withTenant = <Value>(at: TenantAt, work: (places: TenantPlaces) => Promise<Value>): Promise<Value> =>
  withStore(at, (opened) =>
    withShared(at.config, (redis) => {
      const { config, tenantId, terminal } = at
      const own = redis
        ? redisParts(redis, tenantId)
        : folderParts(resolve(terminal.folder, config.dataFolder), tenantId)
      const stored = opened ? storeParts({ ...opened, tenantId }) : []
      return work({ parts: [...stored, ...own], opened, redis })
    }),
  )

const withStore = <Value>(at: TenantAt, work: (opened: ReadStore | undefined) => Promise<Value>): Promise<Value> => {
  const { config, terminal, to } = at
  if (!hasStore(terminal, config)) return work(undefined)
  const parts = { terminal, config, schemas: features.map(({ schema }) => schema) }
  return to === 'read' ? withStoreToRead(parts, work) : withStoreToChange(parts, work)
}

const withShared = <Value>(config: Config, work: (redis: Redis | undefined) => Promise<Value>): Promise<Value> =>
  config.redisUrl === undefined ? work(undefined) : withRedis(config, work)

/** What no command of ours reaches, as sentences. */
export const notCovered = ({ databaseUrl, redisUrl }: Config, verb: 'export' | 'erase'): readonly string[] => {
  const memory = 'rooms that are kept in memory alone: they are in no file, and end with their process.'
  if (verb === 'export') return redisUrl === undefined ? [memory] : []
  return [
    'backups and snapshots of disks, which must be let go or erased by whoever keeps them.',
    'logs of the server and of what stands before it: they hold ids of users and rooms.',
    ...(databaseUrl === undefined
      ? []
      : [
          'in PostgreSQL, dead rows until a VACUUM, the write-ahead log until it is recycled, and replicas that are behind.',
        ]),
    ...(redisUrl === undefined
      ? []
      : ['in Redis, the append-only file until it is rewritten (BGREWRITEAOF), and snapshots.']),
  ]
}
