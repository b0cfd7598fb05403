/**
 * Tickets in Redis, so that one made on a node is used on any. What is stored is found by the ticket's hash, and the places of
 * a user by the user: they may be on two servers, so a place is taken before its ticket is there and given back after.
 */
import { FanfareError } from '@fanfare/protocol'
import { tenantName } from '../model/tenant-name.ts'
import type { Partition, Redis } from '../redis/redis.ts'
import { readScript } from '../redis/script.ts'
import { memoryTicketDefaults, type StoredTicket, type TicketStore, tooManyTickets } from './tickets.ts'

const scripts = {
  place: readScript(new URL('./scripts/ticket-place.lua', import.meta.url)),
  put: readScript(new URL('./scripts/ticket-put.lua', import.meta.url)),
  take: readScript(new URL('./scripts/ticket-take.lua', import.meta.url)),
  leave: readScript(new URL('./scripts/ticket-leave.lua', import.meta.url)),
}

export type RedisTicketOptions = {
  readonly redis: Redis
  /** Tickets of one user that may wait, over all nodes; with their short life the only bound that is needed. @default 100 */
  readonly perUser?: number
}

type Place = { readonly partition: Partition; readonly keys: readonly [string] }

export const redisTickets = ({ redis, perUser = memoryTicketDefaults.perUser }: RedisTicketOptions): TicketStore => {
  const at = (kind: string, name: string): Place => {
    const partition = redis.partitionOf(name)
    return { partition, keys: [redis.key(partition, kind, name)] }
  }
  const placesOf = ({ identity }: StoredTicket) => at('ticket-places', tenantName(identity.tenantId, identity.userId))
  return {
    async put(hash, ticket) {
      // Its life counts from now, by the server's time: nodes' clocks may differ.
      const life = Math.max(1, Math.ceil(ticket.expiresAt - ticket.issuedAt))
      const { partition, keys } = placesOf(ticket)
      const retryAfterMs = Number(
        await redis.run(partition, { script: scripts.place, keys, args: [hash, life, perUser] }),
      )
      if (retryAfterMs > 0) throw tooManyTickets(retryAfterMs)
      const place = at('ticket', hash)
      await redis.run(place.partition, { script: scripts.put, keys: place.keys, args: [life, JSON.stringify(ticket)] })
    },
    async take(hash) {
      const { partition, keys } = at('ticket', hash)
      const json = await redis.run(partition, { script: scripts.take, keys, args: [] })
      if (typeof json !== 'string') return undefined
      const kept = JSON.parse(json) as StoredTicket
      // JSON leaves out what is undefined.
      const ticket = { ...kept, origin: kept.origin }
      const place = placesOf(ticket)
      await unlessAway(redis.run(place.partition, { script: scripts.leave, keys: place.keys, args: [hash] }))
      return ticket
    },
  }
}

/** A place that is not given back comes free with the end of its ticket. */
const unlessAway = async (work: Promise<unknown>): Promise<void> => {
  try {
    await work
  } catch (error) {
    if (!(error instanceof FanfareError) || error.code !== 'unavailable') throw error
  }
}
