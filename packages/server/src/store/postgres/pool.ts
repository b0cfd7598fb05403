/** Connections to PostgreSQL: opened when needed, bounded, and none whose end is an event that nobody hears. */
import { FanfareError } from '@fanfare/protocol'
import { type Client, Pool, type PoolClient } from 'pg'
import { systemClock } from '../../lib/clock.ts'
import type { Log } from '../../lib/log.ts'
import { within } from '../../lib/within.ts'
import { describeDatabase } from './address.ts'
import { typeParsers } from './connection.ts'
import { toStoreError } from './errors.ts'

export type PostgresTimes = {
  /** Until a connection is there, waiting for others included. @default 5000 */
  readonly connectMs: number
  /** Of one statement, at the server. @default 10000 */
  readonly statementMs: number
  /** For a lock that others hold. @default 8000 */
  readonly lockMs: number
  /** Between the statements of a transaction. @default 20000 */
  readonly idleMs: number
  /** Of one statement, here: a server that stands still says nothing. @default 12000 */
  readonly answerMs: number
  /** For transactions under way to end by themselves when the store closes. @default 5000 */
  readonly closeMs: number
}

export const defaultTimes: PostgresTimes = {
  connectMs: 5_000,
  statementMs: 10_000,
  lockMs: 8_000,
  idleMs: 20_000,
  answerMs: 12_000,
  closeMs: 5_000,
}

export type PoolOptions = {
  readonly url: string
  readonly connections: number
  readonly times: PostgresTimes
  readonly log: Log
}

/** Callers who wait for a connection; more are refused at once, since these have enough to wait for. */
const mostWaiting = 5_000

const endOf = async (client: PoolClient, log: Log): Promise<void> => {
  try {
    // A client of a pool is one like any other.
    await (client as unknown as Client).end()
  } catch (error) {
    log.debug({ error }, 'a connection to PostgreSQL did not end well')
  }
}

export type ConnectionPool = {
  /** @throws FanfareError `unavailable` */
  take(): Promise<PoolClient>
  readonly open: number
  readonly waiting: number
  close(): Promise<void>
}

export const openPool = ({ url, connections, times, log }: PoolOptions): ConnectionPool => {
  const where = describeDatabase(url)
  const pool = new Pool({
    connectionString: url,
    max: connections,
    connectionTimeoutMillis: times.connectMs,
    idleTimeoutMillis: 30_000,
    query_timeout: times.answerMs,
    keepAlive: true,
    keepAliveInitialDelayMillis: 10_000,
    application_name: 'fanfare',
    types: typeParsers,
  })
  // An idle connection that ends is replaced when it is needed; one in use fails its query, which says so.
  pool.on('error', (error) => log.debug({ error, where }, 'an idle connection to PostgreSQL ended'))
  pool.on('connect', (client) => {
    client.on('error', (error) => log.debug({ error, where }, 'a connection to PostgreSQL ended'))
  })
  const taken = new Set<PoolClient>()
  pool.on('release', (_error, client) => taken.delete(client as PoolClient))
  return {
    async take() {
      if (pool.waitingCount >= mostWaiting) {
        throw new FanfareError('unavailable', 'Too many wait for PostgreSQL.', { retryAfterMs: 1_000 })
      }
      try {
        const client = await pool.connect()
        taken.add(client)
        return client
      } catch (error) {
        throw toStoreError(error, where)
      }
    },
    get open() {
      return pool.totalCount
    },
    get waiting() {
      return pool.waitingCount
    },
    async close() {
      const ended = pool.end()
      if (await within(systemClock, times.closeMs, ended)) return
      // Whoever still holds one is told by its next statement.
      for (const client of taken) void endOf(client, log)
    },
  }
}
