/** What `fanfare doctor` finds out about the store in PostgreSQL, by opening it as a node does. Changes nothing. */
import type { Config } from '../config.ts'
import { features } from '../features.ts'
import { silentLog } from '../lib/log.ts'
import { noMetrics } from '../lib/metrics.ts'
import { allSchemas } from '../store/open-store.ts'
import { describeDatabase } from '../store/postgres/address.ts'
import { type PostgresBackend, postgresBackend } from '../store/postgres/backend.ts'
import { type PostgresReport, risksOf } from '../store/postgres/inspect.ts'
import type { Finding } from './findings.ts'

const about = 'postgres'
const connectMs = 3_000

export const postgresFindings = async (config: Config): Promise<readonly Finding[]> => [
  ...(await placeFindings(config)),
  ...sealing(config),
]

const placeFindings = async ({ databaseUrl: url, mode, redisUrl }: Config): Promise<readonly Finding[]> => {
  if (url === undefined) {
    const off = 'none that nodes share (DATABASE_URL): chat, inbox, status and audit are off'
    return redisUrl === undefined ? [] : [{ state: 'note', about, detail: off }]
  }
  const backend = postgresBackend({ url, connections: 2, times: { connectMs }, log: silentLog, metrics: noMetrics })
  try {
    const report = await backend.inspect()
    return [answering(report, url), ...(await behind(backend, mode)), ...risks(report, url)]
  } catch (error) {
    return [{ state: 'failed', about, detail: error instanceof Error ? error.message : String(error) }]
  } finally {
    await backend.close()
  }
}

const answering = ({ version, role }: PostgresReport, url: string): Finding => ({
  state: 'ok',
  about,
  detail: `${describeDatabase(url)} answers: PostgreSQL ${version}, as ${role}`,
})

/** In development a node migrates by itself. */
const behind = async (backend: PostgresBackend, mode: Config['mode']): Promise<readonly Finding[]> => {
  const pending = await backend.pending(allSchemas(features.map(({ schema }) => schema)))
  if (pending.length === 0) return []
  const detail = `lacks ${pending.length} migrations (${pending.join(', ')}): fanfare migrate`
  return [{ state: mode === 'production' ? 'failed' : 'note', about, detail }]
}

const isLoopback = (host: string): boolean => ['', 'localhost', '[::1]'].includes(host) || host.startsWith('127.')

const risks = (report: PostgresReport, url: string): readonly Finding[] => {
  const open = !report.encrypted && !isLoopback(new URL(url).hostname)
  const details = [
    ...risksOf(report),
    ...(open ? ['The connection to PostgreSQL is not encrypted: add ?sslmode=verify-full to its address.'] : []),
  ]
  return details.map((detail) => ({ state: 'unsafe', about, detail }))
}

const sealing = ({ encryptionKeys }: Config): readonly Finding[] => {
  const detail =
    encryptionKeys.length === 0
      ? 'texts are kept as they are; to encrypt them at rest set FANFARE_ENCRYPTION_KEYS'
      : 'texts are encrypted at rest'
  return [{ state: encryptionKeys.length === 0 ? 'note' : 'ok', about: 'sealing', detail }]
}
