/**
 * The embedded cache: answered from memory, written to SQLite once a tick in one transaction. Memory holds what was used
 * last; the rest is read from disk when it is asked for.
 */
import type { DatabaseSync } from 'node:sqlite'
import { FanfareError, type Json } from '@fanfare/protocol'
import type { Clock, Timer } from '../lib/clock.ts'
import { type Deferred, deferred } from '../lib/deferred.ts'
import type { Cache, Expiry, TenantCache } from '../model/cache.ts'
import { tenantName } from '../model/tenant-name.ts'
import { checkCacheKey, notANumber } from './cache-key.ts'
import type { DataFolder } from './data-folder.ts'
import { inTransaction } from './sqlite.ts'

export type SqliteCacheOptions = {
  readonly clock: Clock
  readonly folder: DataFolder
  /** Values that memory holds. @default 20,000 */
  readonly entries?: number
  /** Characters that all values in memory may have. @default 32 M */
  readonly chars?: number
}

const defaults = { entries: 20_000, chars: 32 * 1024 * 1024 }

const migrations = [
  `
  -- value: JSON. expires_at: ms since 1970, null for never.
  CREATE TABLE cache (
    tenant TEXT NOT NULL,
    key TEXT NOT NULL,
    value TEXT NOT NULL,
    expires_at INTEGER,
    PRIMARY KEY (tenant, key)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX cache_expires_at ON cache (expires_at) WHERE expires_at IS NOT NULL;
  `,
]

const sweepMs = 60_000
const sweepRows = 10_000

/** `value` undefined: there is none, and the disk need not be asked. */
type Entry = {
  readonly tenant: string
  readonly key: string
  readonly value: string | undefined
  readonly expiresAt: number | undefined
}

const prepare = (database: DatabaseSync) => ({
  find: database.prepare('SELECT value, expires_at FROM cache WHERE tenant = ? AND key = ?'),
  save: database.prepare(`INSERT INTO cache (tenant, key, value, expires_at) VALUES (?, ?, ?, ?)
    ON CONFLICT (tenant, key) DO UPDATE SET value = excluded.value, expires_at = excluded.expires_at`),
  remove: database.prepare('DELETE FROM cache WHERE tenant = ? AND key = ?'),
  expire: database.prepare(`DELETE FROM cache WHERE (tenant, key) IN
    (SELECT tenant, key FROM cache WHERE expires_at <= ? LIMIT ?)`),
})

type Opened = {
  readonly database: DatabaseSync
  readonly statements: ReturnType<typeof prepare>
  readonly sweeping: Timer
}

export class SqliteCache implements Cache {
  readonly #clock: Clock
  readonly #folder: DataFolder
  readonly #most: { readonly entries: number; readonly chars: number }
  /** The least recently used first. */
  readonly #memory = new Map<string, Entry>()
  #chars = 0
  /** Not on disk yet; they stay in memory until they are. */
  #dirty = new Map<string, Entry>()
  #flushed: Deferred<void> | undefined
  #opened: Opened | undefined

  constructor({ clock, folder, ...most }: SqliteCacheOptions) {
    this.#clock = clock
    this.#folder = folder
    this.#most = { ...defaults, ...most }
  }

  async start(): Promise<() => Promise<void>> {
    const database = this.#folder.database('cache', { migrations, synchronous: 'normal' })
    const sweeping = this.#clock.every(sweepMs, () => this.#sweep())
    this.#opened = { database, statements: prepare(database), sweeping }
    return async () => {
      if (this.#opened?.database !== database) return
      sweeping.cancel()
      this.#flush()
      this.#opened = undefined
      this.#memory.clear()
      this.#chars = 0
      database.close()
    }
  }

  of(tenant: string): TenantCache {
    return {
      get: async (key) => this.#value(this.#read(tenant, key)),
      set: async (key, value, expiry = {}) => {
        checkCacheKey(key)
        await this.#write({ tenant, key, value: JSON.stringify(value), expiresAt: this.#expiryOf(expiry) })
      },
      delete: async (key) => {
        const { value } = this.#read(tenant, key)
        if (value === undefined) return false
        await this.#write({ tenant, key, value: undefined, expiresAt: undefined })
        return true
      },
      increment: async (key, by = 1, expiry = {}) => {
        const entry = this.#read(tenant, key)
        const sum = numberIn(entry) + by
        const expiresAt = entry.value === undefined ? this.#expiryOf(expiry) : entry.expiresAt
        await this.#write({ tenant, key, value: JSON.stringify(sum), expiresAt })
        return sum
      },
      count: async (key) => numberIn(this.#read(tenant, key)),
    }
  }

  get entriesInMemory(): number {
    return this.#memory.size
  }

  #expiryOf({ ttlMs }: Expiry): number | undefined {
    return ttlMs === undefined ? undefined : this.#clock.now() + ttlMs
  }

  #value({ value }: Entry): Json | undefined {
    return value === undefined ? undefined : (JSON.parse(value) as Json)
  }

  /** The entry as it is now, from memory or disk; one without a value when there is none. */
  #read(tenant: string, key: string): Entry {
    const { statements } = this.#running()
    checkCacheKey(key)
    const name = tenantName(tenant, key)
    const known = this.#dirty.get(name) ?? this.#memory.get(name)
    const entry = known ?? load(statements.find, tenant, key)
    this.#remember(name, entry)
    const expired = entry.expiresAt !== undefined && entry.expiresAt <= this.#clock.now()
    return expired ? { tenant, key, value: undefined, expiresAt: undefined } : entry
  }

  /** Seen at once; resolves when it is on disk. @throws FanfareError `unavailable`, and then it is as it was on disk */
  #write(entry: Entry): Promise<void> {
    this.#running()
    const name = tenantName(entry.tenant, entry.key)
    this.#dirty.set(name, entry)
    this.#remember(name, entry)
    if (!this.#flushed) {
      this.#flushed = deferred()
      setImmediate(() => this.#flush())
    }
    return this.#flushed.promise
  }

  #flush(): void {
    const { database, statements } = this.#opened ?? {}
    const flushed = this.#flushed
    if (!database || !statements || !flushed) return
    const dirty = this.#dirty
    this.#dirty = new Map()
    this.#flushed = undefined
    try {
      inTransaction(database, () => {
        for (const { tenant, key, value, expiresAt } of dirty.values()) {
          if (value === undefined) statements.remove.run(tenant, key)
          else statements.save.run(tenant, key, value, expiresAt ?? null)
        }
      })
      flushed.resolve()
    } catch (cause) {
      // What the disk has is what is true: the next read asks it.
      for (const name of dirty.keys()) this.#forget(name)
      flushed.reject(new FanfareError('unavailable', 'The cache could not be written to disk.', { cause }))
    }
  }

  #remember(name: string, entry: Entry): void {
    this.#forget(name)
    this.#memory.set(name, entry)
    this.#chars += charsOf(name, entry)
    for (const oldest of this.#memory.keys()) {
      if (this.#memory.size <= this.#most.entries && this.#chars <= this.#most.chars) return
      this.#forget(oldest)
    }
  }

  #forget(name: string): void {
    const entry = this.#memory.get(name)
    if (!entry) return
    this.#memory.delete(name)
    this.#chars -= charsOf(name, entry)
  }

  #sweep(): void {
    const now = this.#clock.now()
    for (const [name, { expiresAt }] of this.#memory) {
      if (expiresAt !== undefined && expiresAt <= now) this.#forget(name)
    }
    // Before it, what is still to be written must be: an expired row may just be about to get a new value.
    this.#flush()
    this.#opened?.statements.expire.run(now, sweepRows)
  }

  /** @throws FanfareError `unavailable` before the start and after the end */
  #running(): Opened {
    if (!this.#opened) throw new FanfareError('unavailable', 'The cache is not running.')
    return this.#opened
  }
}

const charsOf = (name: string, { value }: Entry): number => name.length + (value?.length ?? 0)

const load = (find: ReturnType<typeof prepare>['find'], tenant: string, key: string): Entry => {
  try {
    const row = find.get(tenant, key) as { value: string; expires_at: number | null } | undefined
    return { tenant, key, value: row?.value, expiresAt: row?.expires_at ?? undefined }
  } catch (cause) {
    throw new FanfareError('unavailable', 'The cache could not be read from disk.', { cause })
  }
}

const numberIn = ({ key, value }: Entry): number => {
  const number: unknown = value === undefined ? 0 : JSON.parse(value)
  if (typeof number === 'number') return number
  throw notANumber(key)
}
