/** One transaction of PostgreSQL from its beginning to its end: whose it is, how long it may last, and what an error leaves behind. */
import { FanfareError } from '@fanfare/protocol'
import type { DatabaseConnection } from 'kysely'
import { escapeLiteral, type PoolClient } from 'pg'
import type { Asked } from '../backend.ts'
import { Watched } from '../watched.ts'
import { PostgresConnection } from './connection.ts'
import { isBroken, isConflict, toStoreError } from './errors.ts'
import type { PostgresTimes } from './pool.ts'

/** What row-level security asks: one tenant, or, for the store's own upkeep, all of them. */
export const tenantSetting = 'fanfare.tenant'
export const everywhereSetting = 'fanfare.everywhere'

/**
 * Every query of a tenant's rows has an index that begins with the tenant. Where PostgreSQL has not yet counted a table's rows,
 * as for a minute after many came, it guesses, and reads the whole table or compiles the query: 200 ms instead of 2.
 */
const planning = { enable_seqscan: 'off', jit: 'off' }

/** All that a transaction is told before its first query, in one message. It holds until its end, whoever the connection serves next. */
export const beginning = ({ kind, whose }: Asked, times: PostgresTimes): string => {
  const settings = {
    statement_timeout: String(times.statementMs),
    lock_timeout: String(times.lockMs),
    idle_in_transaction_session_timeout: String(times.idleMs),
    ...planning,
    ...(whose === 'everywhere' ? { [everywhereSetting]: 'on' } : { [tenantSetting]: whose.tenantId }),
  }
  const calls = Object.entries(settings).map(([name, value]) => `set_config('${name}', ${escapeLiteral(value)}, true)`)
  const mode = kind === 'read' ? ' ISOLATION LEVEL REPEATABLE READ READ ONLY' : ''
  return `BEGIN${mode}; SELECT ${calls.join(', ')}`
}

export type Outcome<T> =
  | { readonly kind: 'done'; readonly result: T }
  /** Nothing was done. */
  | { readonly kind: 'failed'; readonly error: unknown; readonly again: 'conflict' | 'not begun' | 'no' }

const atOnceMs = 250

/** On a connection of the pool, to which it goes back, unless it cannot be used again. Never throws. */
export const runTransaction = async <T>(
  client: PoolClient,
  { begin, beginMs, where }: { readonly begin: string; readonly beginMs: number; readonly where: string },
  work: (connection: DatabaseConnection) => Promise<T>,
): Promise<Outcome<T>> => {
  const began = performance.now()
  try {
    // Nothing is quicker for a server that lives: one that stands still is found out here, before anybody waits longer.
    await client.query({ text: begin, query_timeout: beginMs } as { text: string })
  } catch (error) {
    await giveBack(client, error)
    // One that ended while it stood idle says so at once. Of those of a server that stands still each would take as long.
    const isOver = isBroken(error) && performance.now() - began < atOnceMs
    return { kind: 'failed', error: toStoreError(error, where), again: isOver ? 'not begun' : 'no' }
  }
  const connection = new PostgresConnection(client, where)
  const own = new Watched(connection)
  try {
    const result = await work(own)
    own.end()
    await commit(client, connection, where)
    client.release()
    return { kind: 'done', result }
  } catch (error) {
    own.close()
    // What the work throws by itself is its own affair: the connection is as good as before.
    await giveBack(client, connection.failure)
    return { kind: 'failed', error, again: isConflict(connection.failure) ? 'conflict' : 'no' }
  }
}

const commit = async (client: PoolClient, connection: PostgresConnection, where: string): Promise<void> => {
  try {
    await client.query('COMMIT')
  } catch (error) {
    connection.failure = error
    throw isBroken(error) ? unknownCommit(error) : toStoreError(error, where)
  }
}

/** The one case in which nobody here knows whether a change was kept. */
const unknownCommit = (cause: unknown): FanfareError =>
  new FanfareError(
    'unavailable',
    'The connection to PostgreSQL ended while a change was being committed, so it may have been kept. Ask again, with the same key.',
    { cause, retryAfterMs: 1_000 },
  )

/** @param failure what PostgreSQL or the way to it said, if anything did */
const giveBack = async (client: PoolClient, failure: unknown): Promise<void> => {
  if (failure !== undefined && isBroken(failure)) return client.release(true)
  try {
    await client.query('ROLLBACK')
    client.release()
  } catch {
    // It ends with its connection.
    client.release(true)
  }
}
