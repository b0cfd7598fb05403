/** States of sessions in SQLite, on disk or (without one) in memory; what a tick writes is one commit. Reads no clock but the one it is given. */
import type { DatabaseSync } from 'node:sqlite'
import { FanfareError, type Json } from '@fanfare/protocol'
import type { Clock } from '../../lib/clock.ts'
import {
  claimMs,
  type SessionChange,
  type SessionState,
  type SessionStates,
  type StateRoom,
} from '../session-states.ts'
import type { EngineDisk } from './disk.ts'
import { type GroupedDatabase, openGrouped } from './grouped-database.ts'

export type EmbeddedSessionStatesOptions = { readonly clock: Clock; readonly disk: EngineDisk | 'none' }

const migrations: readonly string[] = [
  `
  -- until: when the state is over, ms since 1970. claimed: until when whoever took it may deal with it; 0 while nobody did.
  CREATE TABLE session (
    id TEXT PRIMARY KEY,
    secret TEXT NOT NULL,
    tenant TEXT NOT NULL,
    user TEXT NOT NULL,
    namespace TEXT NOT NULL,
    rooms TEXT NOT NULL,
    data TEXT NOT NULL,
    until INTEGER NOT NULL,
    claimed INTEGER NOT NULL DEFAULT 0
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX session_until ON session (until);
  `,
  `ALTER TABLE session ADD COLUMN node TEXT NOT NULL DEFAULT ''`,
]

const prepare = (database: DatabaseSync) => ({
  create: database.prepare(
    'INSERT INTO session (id, secret, tenant, user, namespace, node, rooms, data, until) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)',
  ),
  update: database.prepare('UPDATE session SET rooms = ?, data = ? WHERE id = ? AND until > ? AND claimed = 0'),
  find: database.prepare('SELECT * FROM session WHERE id = ? AND until > ? AND claimed = 0'),
  take: database.prepare('UPDATE session SET node = ? WHERE id = ?'),
  renew: database.prepare('UPDATE session SET until = ? WHERE id = ? AND until > ? AND claimed = 0'),
  forget: database.prepare('DELETE FROM session WHERE id = ?'),
  over: database.prepare('SELECT * FROM session WHERE until <= ? AND claimed <= ? ORDER BY until LIMIT ?'),
  claim: database.prepare('UPDATE session SET claimed = ? WHERE id = ?'),
})

type Row = {
  readonly id: string
  readonly secret: string
  readonly tenant: string
  readonly user: string
  readonly namespace: string
  readonly node: string
  readonly rooms: string
  readonly data: string
}

const stateOfRow = (row: Row): SessionState => ({
  session: row.id,
  secret: row.secret,
  tenantId: row.tenant,
  userId: row.user,
  namespace: row.namespace,
  node: row.node,
  rooms: JSON.parse(row.rooms) as readonly StateRoom[],
  data: JSON.parse(row.data) as Json,
})

type Opened = GroupedDatabase<ReturnType<typeof prepare>>

export class EmbeddedSessionStates implements SessionStates {
  readonly #options: EmbeddedSessionStatesOptions
  #opened: Opened | undefined

  constructor(options: EmbeddedSessionStatesOptions) {
    this.#options = options
  }

  async start(): Promise<() => Promise<void>> {
    const opened = openGrouped(this.#options.disk, { name: 'sessions', migrations, prepare })
    this.#opened = opened
    return async () => {
      if (this.#opened !== opened) return
      this.#opened = undefined
      opened.group.flush()
      opened.database.close()
    }
  }

  async create(state: SessionState, forMs: number): Promise<void> {
    const { sql, group } = this.#running()
    const { session, secret, tenantId, userId, namespace, node, rooms, data } = state
    const until = this.#now() + forMs
    const [inRooms, kept] = [JSON.stringify(rooms), JSON.stringify(data)]
    await group.write(() => sql.create.run(session, secret, tenantId, userId, namespace, node, inRooms, kept, until))
  }

  async update(session: string, { rooms, data }: SessionChange): Promise<boolean> {
    const { sql, group } = this.#running()
    const written = await group.write(() =>
      sql.update.run(JSON.stringify(rooms), JSON.stringify(data), session, this.#now()),
    )
    return written.changes > 0
  }

  async find(session: string): Promise<SessionState | undefined> {
    const { sql } = this.#running()
    try {
      const row = sql.find.get(session, this.#now()) as unknown as Row | undefined
      return row && stateOfRow(row)
    } catch (cause) {
      throw new FanfareError('unavailable', 'The disk could not be read.', { cause })
    }
  }

  async take(session: string, node: string): Promise<SessionState | undefined> {
    const { sql, group } = this.#running()
    return group.write(() => {
      const row = sql.find.get(session, this.#now()) as unknown as Row | undefined
      if (row) sql.take.run(node, session)
      return row && stateOfRow(row)
    })
  }

  async renew(sessions: readonly string[], forMs: number): Promise<ReadonlySet<string>> {
    const { sql, group } = this.#running()
    if (sessions.length === 0) return new Set()
    const now = this.#now()
    return group.write(() => new Set(sessions.filter((id) => sql.renew.run(now + forMs, id, now).changes > 0)))
  }

  async forget(session: string): Promise<void> {
    const { sql, group } = this.#running()
    await group.write(() => sql.forget.run(session))
  }

  async expire(limit: number): Promise<readonly SessionState[]> {
    const { sql, group } = this.#running()
    const now = this.#now()
    return group.write(() => {
      const rows = sql.over.all(now, now, limit) as unknown as Row[]
      for (const { id } of rows) sql.claim.run(now + claimMs, id)
      return rows.map(stateOfRow)
    })
  }

  #now(): number {
    return this.#options.clock.now()
  }

  /** @throws FanfareError `unavailable` before the start and after the end */
  #running(): Opened {
    if (!this.#opened) throw new FanfareError('unavailable', 'The engine is not running.')
    return this.#opened
  }
}
