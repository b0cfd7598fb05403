/** Where the directory is in Redis: all of a tenant in one partition, and apart for each node, so that a node's part goes with it. */
import type { Partition, Redis } from '../../redis/redis.ts'

export type NodeKeys = {
  readonly sessions: string
  readonly users: string
  readonly rooms: string
  readonly byUser: string
  readonly number: string
}

export type DirectoryKeys = { readonly partition: Partition; of(node: string): NodeKeys }

export const directoryKeys = (redis: Redis, tenantId: string): DirectoryKeys => {
  const partition = redis.partitionOf(`directory|${tenantId}`)
  const key = (node: string, kind: string) => redis.key(partition, 'directory', node, kind, tenantId)
  return {
    partition,
    of: (node) => ({
      sessions: key(node, 'sessions'),
      users: key(node, 'users'),
      rooms: key(node, 'rooms'),
      byUser: key(node, 'by-user'),
      number: key(node, 'number'),
    }),
  }
}
