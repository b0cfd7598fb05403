/**
 * The parts of a tenant in Redis: rooms, presence, cache, keys and grants, sessions that may come back, and what nodes hold for a
 * moment. Finds keys by going over all of them, which is for rare occasions.
 */

import { type RoomKey, roomOfKey } from '../model/room-key.ts'
import type { Partition, Redis, Reply } from '../redis/redis.ts'
import { readScript } from '../redis/script.ts'
import type { TenantPart, TenantRow } from './tenant-parts.ts'

const scripts = {
  scan: readScript(new URL('./scripts/tenant-scan.lua', import.meta.url)),
  read: readScript(new URL('./scripts/tenant-read.lua', import.meta.url)),
  delete: readScript(new URL('./scripts/tenant-delete.lua', import.meta.url)),
}

/** All keys of one kind, whoever's they are: `<prefix>:{<tag>}:<kind>:<name>`. */
type Found = { readonly key: string; readonly partition: Partition; readonly kind: string; readonly name: string }

/** Named by `<length>:<tenant>|…`, or as said here. */
const byName = (tenantId: string) => {
  const prefix = `${tenantId.length}:${tenantId}|`
  return ({ kind, name }: Found): boolean => {
    if (kind === 'api-keys') return name === tenantId
    if (kind === 'directory') return name.endsWith(`:${tenantId}`)
    return name.startsWith(prefix)
  }
}

/** Their names say nothing of a tenant; what is in them does. */
const byValue: readonly string[] = ['api-key', 'session-state', 'ticket']
/** In which all tenants are together. */
const shared: readonly string[] = ['presence-leases', 'leases', 'unreacted', 'emits']
/** What proves who somebody is. */
const secret: readonly string[] = ['ticket', 'api-key', 'api-keys']

const needlesOf = (tenantId: string): readonly string[] => [
  `${tenantId.length}:${tenantId}|`,
  `"tenantId":${JSON.stringify(tenantId)}`,
  `,${JSON.stringify(tenantId)},`,
]

const textsOf = (reply: Reply): readonly string[] => (Array.isArray(reply) ? reply.map(String) : [])

async function* keysIn(redis: Redis): AsyncGenerator<Found> {
  const seen = new Set<string>()
  for (const { partitions } of redis.shards()) {
    const [first] = partitions
    if (!first) continue
    const keys = [redis.key(first, 'tried')]
    const begin = redis.key(first, '').slice(0, -`{${first.tag}}:`.length)
    let cursor = '0'
    do {
      const args = [cursor, `${begin.replaceAll(/[*?[\]\\]/g, '\\$&')}{*`]
      const [next = '0', ...names] = textsOf(
        await redis.run(first, { script: scripts.scan, keys, args, timeoutMs: 10_000 }),
      )
      cursor = next
      for (const key of names) {
        const found = seen.has(key) ? undefined : foundAt(redis, key, begin)
        seen.add(key)
        if (found) yield found
      }
    } while (cursor !== '0')
  }
}

const foundAt = (redis: Redis, key: string, begin: string): Found | undefined => {
  const parts = /^\{([^}]*)\}:([^:]*):?([\s\S]*)$/.exec(key.slice(begin.length))
  const partition = redis.partitions.find(({ tag }) => tag === parts?.[1])
  const kind = parts?.[2]
  return partition && kind !== undefined ? { key, partition, kind, name: parts?.[3] ?? '' } : undefined
}

async function* textsAt(redis: Redis, { key, partition }: Found): AsyncGenerator<readonly string[]> {
  let from = ''
  do {
    const [, next = '', ...texts] = textsOf(
      await redis.run(partition, { script: scripts.read, keys: [key], args: [from] }),
    )
    yield texts
    from = next
  } while (from !== '')
}

/** Whose the key is as a whole. */
const isOwn = async (redis: Redis, found: Found, tenantId: string): Promise<boolean> => {
  if (byName(tenantId)(found)) return true
  if (!byValue.includes(found.kind)) return false
  const [, needle = ''] = needlesOf(tenantId)
  for await (const texts of textsAt(redis, found)) if (texts.some((text) => text.includes(needle))) return true
  return false
}

export const redisParts = (redis: Redis, tenantId: string): readonly TenantPart[] => [
  {
    name: 'redis/keys',
    rows: () => ownRows(redis, tenantId),
    async erase() {
      let erased = 0
      for await (const found of keysIn(redis)) {
        if (!(await isOwn(redis, found, tenantId))) continue
        erased += Number(await redis.run(found.partition, { script: scripts.delete, keys: [found.key], args: [] }))
      }
      return erased
    },
  },
  {
    name: 'redis/shared',
    rows: () => sharedRows(redis, tenantId),
    async erase() {
      let erased = 0
      for await (const found of keysIn(redis)) {
        if (!shared.includes(found.kind)) continue
        const args = needlesOf(tenantId)
        erased += Number(await redis.run(found.partition, { script: scripts.delete, keys: [found.key], args }))
      }
      return erased
    },
  },
]

async function* ownRows(redis: Redis, tenantId: string): AsyncGenerator<TenantRow> {
  for await (const found of keysIn(redis)) {
    if (!(await isOwn(redis, found, tenantId))) continue
    const { kind, name } = found
    if (secret.includes(kind)) yield { kind, name: '[secret]' }
    else for await (const value of textsAt(redis, found)) yield { kind, name, value }
  }
}

async function* sharedRows(redis: Redis, tenantId: string): AsyncGenerator<TenantRow> {
  const needles = needlesOf(tenantId)
  for await (const found of keysIn(redis)) {
    if (!shared.includes(found.kind)) continue
    for await (const texts of textsAt(redis, found)) {
      for (const text of texts)
        if (needles.some((needle) => text.includes(needle))) yield { kind: found.kind, value: text }
    }
  }
}

/** Rooms of the tenant that have a log. */
export async function* roomsIn(redis: Redis, tenantId: string): AsyncGenerator<RoomKey> {
  const isNamed = byName(tenantId)
  for await (const found of keysIn(redis)) {
    if (found.kind !== 'meta' && found.kind !== 'log') continue
    if (isNamed(found) && roomOfKey(found.name as RoomKey).tenantId === tenantId) yield found.name as RoomKey
  }
}
