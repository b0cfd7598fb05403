/** Keeps what an operator does at the command line in the audit of the tenant that it is done to. Where there is no audit, nothing is kept. */
import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'
import type { Config } from '../config.ts'
import { append } from '../features/audit/append.ts'
import { cleanEntry } from '../features/audit/clean.ts'
import { auditSchema } from '../features/audit/tables.ts'
import { systemClock } from '../lib/clock.ts'
import type { AuditEntry } from '../model/audit.ts'
import { withStoreToChange } from './store-to-change.ts'
import type { Terminal } from './terminal.ts'

/** By when a node signs it. */
const signedWithinMs = 3_600_000

export type AuditPlace = { readonly terminal: Terminal; readonly config: Config }

/** @throws FanfareError `unavailable` when there is an audit that cannot be written */
export const keepInAudit = async ({ terminal, config }: AuditPlace, entry: AuditEntry): Promise<void> => {
  if (!hasStore(terminal, config)) return
  await withStoreToChange(
    { terminal, config: withoutKeys(config), schemas: [auditSchema] },
    async ({ store, schemas }) => {
      if (!schemas.includes(auditSchema)) return
      const now = systemClock.now()
      const { tenantId } = entry
      const entries = [cleanEntry(entry, now)]
      await store.of(tenantId).change(({ rows }) => append(rows, { tenantId, entries, dueAt: now + signedWithinMs }))
    },
  )
}

/** The audit seals nothing; and a tenant that was erased is not to be given a key again. */
export const withoutKeys = (config: Config): Config => ({ ...config, encryptionKeys: [] })

export const hasStore = (terminal: Terminal, { databaseUrl, dataFolder, redisUrl }: Config): boolean =>
  databaseUrl !== undefined ||
  (redisUrl === undefined && existsSync(join(resolve(terminal.folder, dataFolder), 'store.sqlite')))
