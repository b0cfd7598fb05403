/** The store over a backend: tenants, changes with their events, and the few questions over all tenants. Closes the backend with itself. */
import { FanfareError } from '@fanfare/protocol'
import { type Kysely, sql } from 'kysely'
import type { Clock } from '../lib/clock.ts'
import type { Ids } from '../lib/ids.ts'
import type { Log } from '../lib/log.ts'
import type { Metrics } from '../lib/metrics.ts'
import { operatorTenant } from '../model/audit.ts'
import { checkTenant } from '../model/room-key.ts'
import type { Asked, Backend } from './backend.ts'
import { Committed, type Publication } from './committed.ts'
import { appendToJournal } from './journal.ts'
import { redactJournal } from './journal-erase.ts'
import type { MasterKeys } from './master-keys.ts'
import { rowsFactory, type Whose } from './rows.ts'
import { createSealers } from './sealing.ts'
import type { Change, EventDraft, JournalEvent, Rows, Sealer, Store, TenantStore } from './store.ts'
import type { Schema, Tables } from './tables.ts'

/** What those have who open a store, for its own upkeep. A feature is given a `Store` and no more. */
export type OpenedStore = Store & {
  /**
   * One transaction over the rows of all tenants, which its queries must name. Only for `store/` and who looks after it.
   *
   * @throws FanfareError `unavailable`
   */
  everywhere<T>(kind: Asked['kind'], work: (rows: Kysely<Tables>) => Promise<T>): Promise<T>
  /** PostgreSQL's NOTIFY; elsewhere nothing is ever heard. The result ends it. */
  listen(name: string, hear: () => void): () => void
}

export type StoreParts = {
  readonly backend: Backend
  readonly schemas: readonly Schema[]
  /** None: texts stay as they are. */
  readonly masters: MasterKeys
  readonly clock: Clock
  readonly ids: Ids
  readonly log: Log
  readonly metrics: Metrics
}

export const createStore = (parts: StoreParts): OpenedStore => {
  const { backend, clock, log } = parts
  const tables = new Set(parts.schemas.flatMap((schema) => schema.tables))
  const rowsOn = rowsFactory(backend.dialect, tables)
  const committed = new Committed((error) => log.error({ error }, 'a listener to commits threw'))
  const run = measured(parts)

  const withRows = <T>(kind: Asked['kind'], whose: Whose, work: (rows: Kysely<Tables>) => Promise<T>): Promise<T> =>
    run(() => backend.transaction({ kind, whose }, (connection) => work(rowsOn(connection, whose))))

  const everywhere: OpenedStore['everywhere'] = (kind, work) => withRows(kind, 'everywhere', work)
  const sealers = createSealers({
    masters: parts.masters,
    clock,
    withRows: (kind, tenantId, work) => withRows(kind, { tenantId }, work),
  })

  const publisher =
    (rows: Rows, publication: Publication, sealing: { readonly tenantId: string; readonly sealer: Sealer }) =>
    async (drafts: readonly EventDraft[]): Promise<readonly JournalEvent[]> => {
      const now = clock.now()
      const named = drafts.map((draft) => (draft.id === undefined ? { ...draft, id: parts.ids(now) } : draft))
      const events = await appendToJournal(rows, named, { ...sealing, now, ids: parts.ids })
      // A key that was there gives its first event, which has its own id and was told when it was new.
      publication.add(events.filter((event, index) => event.id === named[index]?.id))
      return events
    }

  const change = async <T>(tenantId: string, work: (change: Change) => Promise<T>): Promise<T> => {
    const sealer = await sealers.of(tenantId)
    let publication = committed.begin(tenantId)
    try {
      const result = await withRows('change', { tenantId }, (rows) => {
        // Of a run before this one nothing is left.
        publication.dropped()
        publication = committed.begin(tenantId)
        const sealing = { tenantId, sealer }
        return work({
          rows,
          sealer,
          publish: publisher(rows, publication, sealing),
          async redact(redaction) {
            await redactJournal(rows, redaction, sealing)
            publication.redacted(redaction.room)
          },
        })
      })
      publication.committed()
      return result
    } finally {
      publication.dropped()
    }
  }

  const ofTenant = (tenantId: string): TenantStore => ({
    tenantId,
    read: (work) => withRows('read', { tenantId }, work),
    change: (work) => change(tenantId, work),
    sealer: () => sealers.of(tenantId),
  })

  return {
    kind: backend.kind,
    of: (tenantId) => ofTenant(tenantId === operatorTenant ? tenantId : checkTenant(tenantId)),
    everywhere,
    tenantsDue: ({ table, column, atMost, limit }) => {
      if (!tables.has(table)) throw new FanfareError('internal', `The store has no table ${table}.`)
      return everywhere('read', async (rows) => {
        const { rows: found } = await sql<{ readonly tenant_id: string }>`
          select distinct tenant_id from ${sql.table(table)} where ${sql.ref(column)} <= ${atMost} limit ${limit}
        `.execute(rows)
        return found.map((row) => row.tenant_id)
      })
    },
    onCommitted: (hear) => committed.listen(hear),
    listen: (name, hear) => backend.listen?.(name, hear) ?? (() => {}),
    close: () => backend.close(),
  }
}

/** How long the store took, and how often it could not. What `work` itself throws is no failure of the store. */
const measured =
  ({ metrics }: StoreParts) =>
  async <T>(work: () => Promise<T>): Promise<T> => {
    const began = performance.now()
    try {
      return await work()
    } catch (error) {
      if (error instanceof FanfareError && error.code === 'unavailable') metrics.add('fanfare_store_failures_total')
      throw error
    } finally {
      metrics.observe('fanfare_store_seconds', (performance.now() - began) / 1000)
    }
  }
