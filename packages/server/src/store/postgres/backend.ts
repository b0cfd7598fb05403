/** The store's rows in PostgreSQL, which nodes share. Owns its connections. */
import { FanfareError } from '@fanfare/protocol'
import type { PoolClient } from 'pg'
import { systemClock } from '../../lib/clock.ts'
import type { Log } from '../../lib/log.ts'
import type { Metrics } from '../../lib/metrics.ts'
import type { Asked, Backend } from '../backend.ts'
import { describeDatabase } from './address.ts'
import { StorePostgresDialect } from './compiler.ts'
import { isRefusal, toStoreError } from './errors.ts'
import { inspectPostgres, leastVersion, type PostgresReport } from './inspect.ts'
import { Listener } from './listener.ts'
import { migrate, pending } from './migrate.ts'
import { defaultTimes, openPool, type PostgresTimes } from './pool.ts'
import { Statistics } from './statistics.ts'
import { beginning, type Outcome, runTransaction } from './transaction.ts'

export type PostgresBackendOptions = {
  readonly url: string
  readonly connections: number
  readonly log: Log
  readonly metrics: Metrics
  readonly times?: Partial<PostgresTimes>
}

export type PostgresBackend = Backend & {
  /** @throws FanfareError `unavailable`, also of a server that is too old */
  inspect(): Promise<PostgresReport>
}

/** Runs of one change, when others are in its way or a connection that stood idle turns out to have ended. */
const mostRuns = 12
/** Longest wait before one of them, ms. */
const longestPauseMs = 400

export const postgresBackend = (options: PostgresBackendOptions): PostgresBackend => {
  const { url, log, metrics } = options
  const times = { ...defaultTimes, ...options.times }
  const where = describeDatabase(url)
  const pool = openPool({ ...options, times })
  // Connections live in real time, whatever clock the store goes by.
  const listener = new Listener({ url, connectMs: times.connectMs, clock: systemClock, log })
  metrics.gauge('fanfare_store_connections', () => pool.open)
  metrics.gauge('fanfare_store_waiting', () => pool.waiting)

  let closed = false

  const onConnection = async <T>(work: (client: PoolClient) => Promise<T>): Promise<T> => {
    const client = await pool.take()
    try {
      const result = await work(client)
      client.release()
      return result
    } catch (error) {
      client.release(true)
      throw isRefusal(error) ? notAllowed(where, error) : toStoreError(error, where)
    }
  }

  const statistics = new Statistics({ clock: systemClock, log, onConnection })

  return {
    kind: 'postgres',
    dialect: new StorePostgresDialect({ pool: async () => refuseDriver() }),
    async transaction(asked: Asked, work) {
      const begin = beginning(asked, times)
      const beginMs = Math.min(times.connectMs, times.answerMs)
      for (let runs = 1; ; runs++) {
        const outcome = await runTransaction(await pool.take(), { begin, beginMs, where }, work)
        if (outcome.kind === 'done') {
          if (asked.kind === 'change') statistics.soon()
          return outcome.result
        }
        if (outcome.again === 'no' || runs === mostRuns) throw outcome.error
        await pause(outcome, runs)
      }
    },
    migrate: (schemas) => onConnection((client) => migrate(client, { schemas, where: nameOf(where) })),
    pending: (schemas) => onConnection((client) => pending(client, { schemas, where: nameOf(where) })),
    async inspect() {
      const report = await onConnection(inspectPostgres)
      if (report.versionNumber >= leastVersion) return report
      throw new FanfareError('unavailable', `PostgreSQL at ${where} is ${report.version}; Fanfare needs 14 or later.`)
    },
    listen: (name, hear) => listener.listen(name, hear),
    async close() {
      if (closed) return
      closed = true
      await statistics.close()
      await listener.close()
      await pool.close()
    },
  }
}

const notAllowed = (where: string, cause: Error): FanfareError =>
  new FanfareError(
    'unavailable',
    `PostgreSQL at ${where}: ${cause.message}. Give Fanfare a user that owns its database, and let that one user migrate it and run the nodes.`,
    { cause },
  )

const nameOf = (where: string): string => `The database ${where}`

const refuseDriver = (): never => {
  throw new Error('the driver of Kysely is not used')
}

/** Those who were in each other's way come back at different times. */
const pause = async (outcome: Outcome<unknown> & { kind: 'failed' }, runs: number): Promise<void> => {
  if (outcome.again === 'not begun') return
  const ms = Math.random() * Math.min(longestPauseMs, 10 * 2 ** runs)
  await new Promise<void>((resolve) => void systemClock.after(ms, resolve))
}
