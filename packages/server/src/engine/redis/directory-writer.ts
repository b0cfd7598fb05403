/**
 * What one node writes into the directory: once a second the sessions that were touched, a tenant at a time. Writes are
 * numbered; when Redis does not have the last one, or nobody knows, the tenant's part is written anew from what is here.
 */
import type { Clock, Timer } from '../../lib/clock.ts'
import type { Log } from '../../lib/log.ts'
import type { Redis } from '../../redis/redis.ts'
import { readScript } from '../../redis/script.ts'
import type { LocalSessions } from '../directory.ts'
import { directoryKeys, type NodeKeys } from './directory-keys.ts'

const script = readScript(new URL('./scripts/directory-write.lua', import.meta.url))

const flushMs = 1_000
/** What a killed node wrote is kept so long for nobody; a node that lives writes at least three times as often. */
const keptMs = 10 * 60_000
const renewMs = keptMs / 3
/** After a write that failed. */
const retryMs = 5_000
/** Of one script, which nothing else of its server runs beside. */
const batchSessions = 200
const batchCharacters = 64 * 1024
/** Tenants written at a time. */
const atOnce = 32

type Tenant = {
  readonly tenantId: string
  readonly touched: Set<string>
  /** The last write; 0 when the part has to be written anew. */
  number: number
  writing: boolean
  /** Not before, ms since 1970. */
  dueAt: number
  writtenAt: number
}

export type DirectoryWriterOptions = {
  readonly redis: Redis
  readonly node: string
  readonly clock: Clock
  readonly log: Log
  readonly local: LocalSessions
}

export class DirectoryWriter {
  readonly #options: DirectoryWriterOptions
  readonly #tenants = new Map<string, Tenant>()
  #flushing: Timer | undefined
  #undoubt: (() => void) | undefined
  #underWay: Promise<void> | undefined
  #numbers = 0

  constructor(options: DirectoryWriterOptions) {
    this.#options = options
  }

  start(): void {
    const { clock, redis } = this.#options
    this.#flushing = clock.every(flushMs, () => {
      this.#underWay ??= this.#flush().finally(() => {
        this.#underWay = undefined
      })
    })
    this.#undoubt = redis.onDoubt((doubted) => {
      const indexes = new Set(doubted.map(({ index }) => index))
      // A look at the number tells whether anything is missing.
      for (const tenant of this.#tenants.values()) {
        if (indexes.has(directoryKeys(redis, tenant.tenantId).partition.index)) tenant.writtenAt = 0
      }
    })
  }

  touch(tenantId: string, session: string): void {
    let tenant = this.#tenants.get(tenantId)
    if (!tenant) {
      tenant = { tenantId, touched: new Set(), number: 0, writing: false, dueAt: 0, writtenAt: 0 }
      this.#tenants.set(tenantId, tenant)
    }
    // Where all is written anew, nothing need be remembered.
    if (tenant.number > 0 || tenant.writing) tenant.touched.add(session)
  }

  /** Erases what this node wrote, as far as Redis can be reached. */
  async stop(): Promise<void> {
    this.#flushing?.cancel()
    this.#undoubt?.()
    await this.#underWay
    await this.#each([...this.#tenants.values()], (tenant) =>
      this.#send(tenant, { anew: true, items: [] }).then(
        () => true,
        () => false,
      ),
    )
  }

  async #flush(): Promise<void> {
    const now = this.#options.clock.now()
    const due = [...this.#tenants.values()].filter(
      ({ touched, number, dueAt, writtenAt }) =>
        now >= dueAt && (touched.size > 0 || number === 0 || now >= writtenAt + renewMs),
    )
    await this.#each(due, (tenant) => this.#write(tenant))
  }

  /** So many at a time. Where one fails, others of its partition would only wait for the same one after another. */
  async #each(tenants: readonly Tenant[], work: (tenant: Tenant) => Promise<boolean>): Promise<void> {
    const away = new Set<number>()
    let next = 0
    const worker = async (): Promise<void> => {
      for (let tenant = tenants[next++]; tenant; tenant = tenants[next++]) {
        const { index } = directoryKeys(this.#options.redis, tenant.tenantId).partition
        if (!away.has(index) && !(await work(tenant))) away.add(index)
      }
    }
    await Promise.all(Array.from({ length: Math.min(atOnce, tenants.length) }, worker))
  }

  /** False when it could not be written. */
  async #write(tenant: Tenant): Promise<boolean> {
    const { clock, log } = this.#options
    tenant.writing = true
    try {
      const left = tenant.number > 0 ? await this.#writeTouched(tenant) : await this.#writeAnew(tenant)
      tenant.writtenAt = clock.now()
      if (left === 0 && tenant.touched.size === 0) this.#tenants.delete(tenant.tenantId)
      return true
    } catch (error) {
      // Whether it was done is not known.
      tenant.number = 0
      tenant.touched.clear()
      tenant.dueAt = clock.now() + retryMs
      log.debug({ error, tenant: tenant.tenantId }, 'the directory could not be written; it is written anew')
      return false
    } finally {
      tenant.writing = false
    }
  }

  #writeTouched(tenant: Tenant): Promise<number> {
    const names = [...tenant.touched]
    tenant.touched.clear()
    return this.#writeAll(tenant, names, false)
  }

  #writeAnew(tenant: Tenant): Promise<number> {
    tenant.touched.clear()
    const all = this.#options.local.of(tenant.tenantId, { limit: Number.POSITIVE_INFINITY })
    return this.#writeAll(
      tenant,
      all.map(({ session }) => session),
      true,
    )
  }

  /** Returns how many sessions are written now; less than 0 when Redis does not have what was written before. */
  async #writeAll(tenant: Tenant, names: readonly string[], anew: boolean): Promise<number> {
    let left = 0
    let from = 0
    do {
      const items: string[] = []
      let characters = 0
      while (from < names.length && items.length < batchSessions * 2 && characters < batchCharacters) {
        const name = names[from++]!
        const info = this.#options.local.find(name)
        const text = info ? JSON.stringify(info) : ''
        items.push(name, text)
        characters += text.length
      }
      left = await this.#send(tenant, { anew: anew && tenant.number === 0, items })
    } while (from < names.length && left >= 0)
    return left
  }

  async #send(tenant: Tenant, { anew, items }: { readonly anew: boolean; readonly items: readonly string[] }) {
    const { node, redis } = this.#options
    const { partition, of } = directoryKeys(redis, tenant.tenantId)
    const number = ++this.#numbers
    const args = [keptMs, anew ? '' : tenant.number, number, ...items]
    const left = Number(await redis.run(partition, { script, keys: keysOf(of(node)), args }))
    tenant.number = left < 0 ? 0 : number
    return left
  }
}

const keysOf = ({ sessions, users, rooms, byUser, number }: NodeKeys): readonly string[] => [
  sessions,
  users,
  rooms,
  byUser,
  number,
]
