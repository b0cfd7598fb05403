/**
 * Leases of one machine. The disk knows what is held and since when; until when, only memory: after a restart everything
 * that was held is held as long again, so that nobody is over because the server was away. Reads no clock but the one given.
 */
import type { DatabaseSync } from 'node:sqlite'
import { FanfareError } from '@fanfare/protocol'
import type { Clock } from '../../lib/clock.ts'
import { type Ended, type Held, type Leases, settleMs } from '../leases.ts'
import type { EngineDisk } from './disk.ts'
import { type GroupedDatabase, openGrouped } from './grouped-database.ts'

export type EmbeddedLeasesOptions = { readonly clock: Clock; readonly disk: EngineDisk | 'none' }

const migrations: readonly string[] = [
  `
  -- since: ms since 1970. for_ms: how long it lasts without being held again.
  CREATE TABLE held (
    kind TEXT NOT NULL,
    tenant TEXT NOT NULL,
    name TEXT NOT NULL,
    since INTEGER NOT NULL,
    for_ms INTEGER NOT NULL,
    PRIMARY KEY (kind, tenant, name)
  ) STRICT, WITHOUT ROWID;
  -- What was given out and is not settled. again: when it is given out again, ms since 1970.
  CREATE TABLE taken (
    kind TEXT NOT NULL,
    tenant TEXT NOT NULL,
    name TEXT NOT NULL,
    since INTEGER NOT NULL,
    again INTEGER NOT NULL,
    PRIMARY KEY (kind, tenant, name, since)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX taken_again ON taken (again);
  `,
]

const prepare = (database: DatabaseSync) => ({
  begin: database.prepare('INSERT OR IGNORE INTO held (kind, tenant, name, since, for_ms) VALUES (?, ?, ?, ?, ?)'),
  held: database.prepare('SELECT kind, tenant, name, since, for_ms FROM held ORDER BY since'),
  end: database.prepare('DELETE FROM held WHERE kind = ? AND tenant = ? AND name = ?'),
  take: database.prepare('INSERT OR REPLACE INTO taken (kind, tenant, name, since, again) VALUES (?, ?, ?, ?, ?)'),
  unsettled: database.prepare(
    'SELECT kind, tenant, name, since FROM taken WHERE again <= ? ORDER BY again, since LIMIT ?',
  ),
  settle: database.prepare('DELETE FROM taken WHERE kind = ? AND tenant = ? AND name = ? AND since = ?'),
})

type Row = {
  readonly kind: Held['kind']
  readonly tenant: string
  readonly name: string
  readonly since: number
  readonly for_ms: number
}
type Lease = { readonly since: number; until: number }
type Over = { readonly thing: Held; readonly lease: Lease }
type Opened = GroupedDatabase<ReturnType<typeof prepare>>

/** Kind → tenant → name: every idle user has one, so none has a key made of all three. */
type Leased = { readonly [Kind in Held['kind']]: Map<string, Map<string, Lease>> }

export class EmbeddedLeases implements Leases {
  readonly #options: EmbeddedLeasesOptions
  readonly #held: Leased = { user: new Map(), room: new Map() }
  /** Nothing is over before. */
  #earliest = Number.POSITIVE_INFINITY
  #opened: Opened | undefined

  constructor(options: EmbeddedLeasesOptions) {
    this.#options = options
  }

  async start(): Promise<() => Promise<void>> {
    const opened = openGrouped(this.#options.disk, { name: 'leases', migrations, prepare })
    this.#opened = opened
    const now = this.#options.clock.now()
    for (const { kind, tenant, name, since, for_ms } of opened.sql.held.all() as unknown as Row[]) {
      this.#keep({ thing: { kind, tenantId: tenant, name }, lease: { since, until: now + for_ms } })
    }
    return async () => {
      if (this.#opened !== opened) return
      this.#opened = undefined
      opened.group.flush()
      opened.database.close()
      for (const tenants of Object.values(this.#held)) tenants.clear()
    }
  }

  async hold(things: readonly Held[], forMs: number): Promise<void> {
    const { group, sql } = this.#running()
    const now = this.#options.clock.now()
    const fresh = things.filter((thing) => {
      const lease = this.#find(thing)
      if (lease) lease.until = Math.max(lease.until, now + forMs)
      return !lease
    })
    if (fresh.length === 0) return
    const begun = await group.write(() =>
      fresh.map((thing) => {
        sql.begin.run(thing.kind, thing.tenantId, thing.name, now, forMs)
        return { thing, lease: { since: now, until: now + forMs } }
      }),
    )
    for (const one of begun) if (!this.#find(one.thing)) this.#keep(one)
  }

  async expire(limit: number): Promise<readonly Ended[]> {
    const { group, sql } = this.#running()
    const now = this.#options.clock.now()
    const over: Over[] = []
    try {
      return await group.write(() => {
        const again = (sql.unsettled.all(now, limit) as unknown as Row[]).map(endedOfRow)
        over.push(...this.#takeOver(now, limit - again.length))
        for (const { thing } of over) sql.end.run(thing.kind, thing.tenantId, thing.name)
        const ended = [...again, ...over.map(({ thing, lease }) => ({ ...thing, since: lease.since }))]
        for (const { kind, tenantId, name, since } of ended) sql.take.run(kind, tenantId, name, since, now + settleMs)
        return ended
      })
    } catch (error) {
      for (const one of over) this.#keep(one)
      throw error
    }
  }

  async settle({ kind, tenantId, name, since }: Ended): Promise<void> {
    const { group, sql } = this.#running()
    await group.write(() => sql.settle.run(kind, tenantId, name, since))
  }

  async heldSince(things: readonly Held[]): Promise<readonly (number | undefined)[]> {
    this.#running()
    return things.map((thing) => this.#find(thing)?.since)
  }

  #find({ kind, tenantId, name }: Held): Lease | undefined {
    return this.#held[kind].get(tenantId)?.get(name)
  }

  #keep({ thing: { kind, tenantId, name }, lease }: Over): void {
    const names = this.#held[kind].get(tenantId)
    if (names) names.set(name, lease)
    else this.#held[kind].set(tenantId, new Map([[name, lease]]))
    this.#earliest = Math.min(this.#earliest, lease.until)
  }

  /** Oldest first. */
  #takeOver(now: number, limit: number): readonly Over[] {
    if (now < this.#earliest) return []
    const over = [...this.#all()].filter(({ lease }) => lease.until <= now)
    over.sort((a, b) => a.lease.until - b.lease.until || a.lease.since - b.lease.since)
    const taken = over.slice(0, limit)
    for (const { thing } of taken) this.#letGo(thing)
    this.#earliest = Number.POSITIVE_INFINITY
    for (const { lease } of this.#all()) this.#earliest = Math.min(this.#earliest, lease.until)
    return taken
  }

  #letGo({ kind, tenantId, name }: Held): void {
    const names = this.#held[kind].get(tenantId)
    names?.delete(name)
    if (names?.size === 0) this.#held[kind].delete(tenantId)
  }

  *#all(): Generator<Over> {
    for (const kind of ['user', 'room'] as const) {
      for (const [tenantId, names] of this.#held[kind]) {
        for (const [name, lease] of names) yield { thing: { kind, tenantId, name }, lease }
      }
    }
  }

  /** @throws FanfareError `unavailable` before the start and after the end */
  #running(): Opened {
    if (!this.#opened) throw new FanfareError('unavailable', 'The engine is not running.')
    return this.#opened
  }
}

const endedOfRow = ({ kind, tenant, name, since }: Row): Ended => ({ kind, tenantId: tenant, name, since })
