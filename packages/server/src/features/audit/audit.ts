/**
 * The audit: who did what, in a chain for each tenant, of which nothing can be changed or taken without a trace. Hears of it
 * from the verbs and from other features, and asks none of them anything.
 */
import { parseDuration } from '../../app/duration.ts'
import { describeFeature } from '../../app/feature-description.ts'
import type { AuditAction } from '../../model/audit.ts'
import type { Rows, Store } from '../../store/store.ts'
import type { Feature, FeatureServices, Offers } from '../feature.ts'
import { type Appended, type Appending, append } from './append.ts'
import type { AuditApi, AuditOptions } from './audit-api.ts'
import type { KeptEntry } from './chain.ts'
import { Checkpoints } from './checkpoints.ts'
import { checkEntry, cleanEntry } from './clean.ts'
import { Keeper } from './keeper.ts'
import { readAudit } from './read.ts'
import { Recorder } from './recorder.ts'
import { signerOf } from './signing.ts'
import { auditSchema } from './tables.ts'

const defaults = { reads: true, checkpoint: '1h', checkpointEntries: 10_000 } as const satisfies Required<AuditOptions>

type Settled = { readonly reads: boolean; readonly everyMs: number; readonly everyEntries: number }

/** @throws Error that says which option is wrong */
const settle = (options: AuditOptions): Settled => {
  const { reads, checkpoint, checkpointEntries } = { ...defaults, ...options }
  if (typeof reads !== 'boolean') throw new Error('reads is true or false.')
  const everyMs = parseDuration(checkpoint)
  if (everyMs === undefined || everyMs < 1_000) {
    throw new Error('checkpoint is a second or more, such as 1h.')
  }
  if (!Number.isInteger(checkpointEntries) || checkpointEntries < 1) {
    throw new Error('checkpointEntries is a whole number from 1.')
  }
  return { reads, everyMs, everyEntries: checkpointEntries }
}

export const auditFeature: Feature<'audit'> = {
  name: 'audit',
  schema: auditSchema,
  signs: true,
  describe(options) {
    settle(options)
    return describeFeature({ rooms: {} })
  },
  open: async (services, options) => {
    const { clock, log, metrics, store } = services
    const settled = settle(options)
    const checkpoints = new Checkpoints({
      clock,
      log,
      store,
      signer: signerOf(services.settings.auditKey),
      file: services.settings.auditCheckpoints,
      everyMs: settled.everyMs,
    })
    const keeping = { services, settled, checkpoints }
    const recorder = new Recorder({ clock, log, metrics, keep: keepingIn(keeping) })
    const keeper = new Keeper({ clock, recorder, reads: settled.reads })
    services.offer('audit', {
      record: (entry, urgency) => keeper.record(entry, urgency),
      in: keepingInChanges(keeping),
    })
    keeper.start()
    checkpoints.start()
    return {
      api: ({ tenantId }) => apiOf(store, keeper, tenantId),
      async stop() {
        keeper.stop()
        await recorder.stop()
        await checkpoints.stop()
      },
    }
  },
}

type Keeping = {
  readonly services: FeatureServices
  readonly settled: Settled
  readonly checkpoints: Checkpoints
}

const keepingIn =
  ({ services: { clock, store }, settled, checkpoints }: Keeping) =>
  async (tenantId: string, entries: readonly KeptEntry[]): Promise<void> => {
    const dueAt = clock.now() + settled.everyMs
    const { unsigned } = await store.of(tenantId).change(async ({ rows }) => {
      return appendAndSign(rows, settled, { tenantId, entries, dueAt })
    })
    if (unsigned >= settled.everyEntries) void checkpoints.sign()
  }

/** Its end is due at once when there are many that are not signed. */
const appendAndSign = async (rows: Rows, { everyEntries }: Settled, entries: Appending): Promise<Appended> => {
  const appended = await append(rows, entries)
  if (appended.unsigned >= everyEntries) await rows.updateTable('audit_head').set({ due_at: 0 }).execute()
  return appended
}

/** What the change tells of and the entries are kept together, or neither is. Signed with what comes after. */
const keepingInChanges =
  ({ services: { clock }, settled }: Keeping): Offers['audit']['in'] =>
  async ({ rows }, entries) => {
    const [first] = entries
    if (!first) return
    const now = clock.now()
    const kept = entries.map((entry) => cleanEntry(entry, now))
    await appendAndSign(rows, settled, { tenantId: first.tenantId, entries: kept, dueAt: now + settled.everyMs })
  }

const apiOf = (store: Store, keeper: Keeper, tenantId: string): AuditApi => ({
  async record(entry) {
    checkEntry(entry)
    const { action, ...rest } = entry
    // The chain takes any action that is one; ours are named for those who write them.
    await keeper.record({ ...rest, tenantId, action: action as AuditAction })
  },
  list: (page) => readAudit(store, tenantId, page),
})
