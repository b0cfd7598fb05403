/**
 * The directory in Redis: each node writes what it has, tenant by tenant, under a lease of its own, and whoever asks reads
 * what the nodes wrote. Its own sessions a node reads from itself. Owns who is there; `directory-writer.ts` what each has.
 */
import { FanfareError } from '@fanfare/protocol'
import type { Clock } from '../../lib/clock.ts'
import type { Log } from '../../lib/log.ts'
import type { Partition, Redis, Reply } from '../../redis/redis.ts'
import { readScript } from '../../redis/script.ts'
import type { Directory, LocalSessions, SessionFilter, SessionInfo, TenantCounts } from '../directory.ts'
import { directoryKeys, type NodeKeys } from './directory-keys.ts'
import { DirectoryWriter } from './directory-writer.ts'

const scripts = {
  nodes: readScript(new URL('./scripts/directory-nodes.lua', import.meta.url)),
  list: readScript(new URL('./scripts/directory-list.lua', import.meta.url)),
  count: readScript(new URL('./scripts/directory-count.lua', import.meta.url)),
}

const leaseMs = 15_000
const renewMs = 5_000
/** Users and rooms of one script: about a millisecond of a server. */
const countedAtOnce = 500

export type RedisDirectoryOptions = {
  readonly redis: Redis
  readonly node: string
  readonly clock: Clock
  readonly log: Log
}

type Running = { readonly local: LocalSessions; readonly writer: DirectoryWriter }

export class RedisDirectory implements Directory {
  readonly #options: RedisDirectoryOptions
  /** Who asks meanwhile is given the same. */
  readonly #counting = new Map<string, Promise<TenantCounts>>()
  #running: Running | undefined

  constructor(options: RedisDirectoryOptions) {
    this.#options = options
  }

  async start(local: LocalSessions): Promise<() => Promise<void>> {
    const { clock, log } = this.#options
    const stay = () =>
      this.#stay(leaseMs).catch((error: unknown) => log.debug({ error }, 'a node could not say that it is there'))
    await stay()
    const writer = new DirectoryWriter({ ...this.#options, local })
    const running = { local, writer }
    this.#running = running
    writer.start()
    const staying = clock.every(renewMs, () => void stay())
    return async () => {
      if (this.#running !== running) return
      this.#running = undefined
      staying.cancel()
      // Without its lease nobody reads what it wrote; what is not erased now goes by itself.
      await Promise.allSettled([this.#stay(0), writer.stop()])
    }
  }

  touch(tenantId: string, session: string): void {
    this.#running?.writer.touch(tenantId, session)
  }

  async list(tenantId: string, filter: SessionFilter): Promise<readonly SessionInfo[]> {
    const here = this.#mustRun().local.of(tenantId, filter)
    const limit = filter.limit - here.length
    const others = limit > 0 ? await this.#others() : []
    if (others.length === 0) return here
    const { redis } = this.#options
    const { partition, of } = directoryKeys(redis, tenantId)
    const keys = others.map(of).flatMap(({ sessions, byUser }) => [sessions, byUser])
    const args = [limit, filter.userId ?? '']
    const reply = await redis.run(partition, { script: scripts.list, keys, args })
    return [...here, ...listOf(reply).flatMap(readSession)]
  }

  count(tenantId: string): Promise<TenantCounts> {
    const underWay = this.#counting.get(tenantId)
    if (underWay) return underWay
    const counting = this.#count(tenantId).finally(() => this.#counting.delete(tenantId))
    this.#counting.set(tenantId, counting)
    return counting
  }

  async #count(tenantId: string): Promise<TenantCounts> {
    const here = this.#mustRun().local.count(tenantId)
    const { redis } = this.#options
    const { partition, of } = directoryKeys(redis, tenantId)
    const all = [here]
    // One after another: whoever asks for much waits, and not the others of that server.
    for (const other of await this.#others()) all.push(await this.#countAt(partition, of(other)))
    return sumOf(all)
  }

  async #countAt(partition: Partition, { sessions, users, rooms }: NodeKeys): Promise<TenantCounts> {
    const byUser = new Map<string, number>()
    const byRoom = new Map<string, number>()
    let count = 0
    let [ofUsers, ofRooms] = ['0', '0']
    do {
      const args = [countedAtOnce, ofUsers, ofRooms]
      const call = { script: scripts.count, keys: [sessions, users, rooms], args }
      const reply = listOf(await this.#options.redis.run(partition, call))
      const [total, nextOfUsers, userCounts, nextOfRooms, roomCounts] = reply
      count = Number(total)
      ofUsers = String(nextOfUsers)
      ofRooms = String(nextOfRooms)
      putInto(byUser, listOf(userCounts))
      putInto(byRoom, listOf(roomCounts))
    } while (ofUsers !== '' || ofRooms !== '')
    return {
      sessions: count,
      users: byUser.size,
      rooms: byRoom.size,
      sessionsByUser: Object.fromEntries(byUser),
      sessionsByRoom: Object.fromEntries(byRoom),
    }
  }

  async #others(): Promise<readonly string[]> {
    const { node } = this.#options
    return (await this.#nodes('', 0)).filter((other) => other !== node)
  }

  async #stay(forMs: number): Promise<void> {
    await this.#nodes(this.#options.node, forMs)
  }

  async #nodes(node: string, forMs: number): Promise<readonly string[]> {
    const { redis } = this.#options
    const partition = redis.partitionOf('directory')
    const keys = [redis.key(partition, 'directory-nodes')]
    return listOf(await redis.run(partition, { script: scripts.nodes, keys, args: [node, forMs] })).map(String)
  }

  #mustRun(): Running {
    if (!this.#running) throw new FanfareError('unavailable', 'The node is not running.')
    return this.#running
  }
}

const listOf = (reply: Reply | undefined): readonly Reply[] => (Array.isArray(reply) ? reply : [])

const links: ReadonlySet<unknown> = new Set<SessionInfo['link']>(['websocket', 'event-stream', 'socket.io'])

/** What another node wrote; nothing when it is not what a node writes. */
const readSession = (text: Reply): readonly SessionInfo[] => {
  let read: unknown
  try {
    read = JSON.parse(String(text))
  } catch {
    return []
  }
  if (typeof read !== 'object' || read === null) return []
  const { session, userId, link, rooms, openedAt, expiresAt } = read as { readonly [name: string]: unknown }
  const texts = [session, userId, openedAt, expiresAt, ...(Array.isArray(rooms) ? rooms : [undefined])]
  if (!links.has(link) || !texts.every((each) => typeof each === 'string')) return []
  return [{ session, userId, link, rooms, openedAt, expiresAt } as SessionInfo]
}

const putInto = (counts: Map<string, number>, pairs: readonly Reply[]): void => {
  for (let index = 0; index + 1 < pairs.length; index += 2) counts.set(String(pairs[index]), Number(pairs[index + 1]))
}

const sumOf = (all: readonly TenantCounts[]): TenantCounts => {
  let sessions = 0
  const byUser: Record<string, number> = Object.create(null)
  const byRoom: Record<string, number> = Object.create(null)
  for (const one of all) {
    sessions += one.sessions
    addTo(byUser, one.sessionsByUser)
    addTo(byRoom, one.sessionsByRoom)
  }
  return {
    sessions,
    users: Object.keys(byUser).length,
    rooms: Object.keys(byRoom).length,
    sessionsByRoom: byRoom,
    sessionsByUser: byUser,
  }
}

const addTo = (sum: Record<string, number>, counts: { readonly [name: string]: number }): void => {
  for (const [name, count] of Object.entries(counts)) sum[name] = (sum[name] ?? 0) + count
}
