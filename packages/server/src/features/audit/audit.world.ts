/** The audit feature over a store in memory, with a clock that tests move. */
import { fakeClock } from '../../lib/fake-clock.ts'
import { uuidv7 } from '../../lib/ids.ts'
import type { Log } from '../../lib/log.ts'
import { noOwnMetrics } from '../../lib/metrics.ts'
import { type AuditAction, type AuditEntry, noAudit } from '../../model/audit.ts'
import type { Store } from '../../store/store.ts'
import { openTestStore } from '../../store/store.world.ts'
import type { FeatureServices, Offers } from '../feature.ts'
import { auditFeature } from './audit.ts'
import type { AuditOptions } from './audit-api.ts'
import { readAudit, readChain, readHead, readSigned } from './read.ts'
import { signerOf } from './signing.ts'
import { auditSchema } from './tables.ts'
import { Walk } from './verify.ts'

export const auditKey = Buffer.from('the audit key of tests')

export const aboutAnn = (action: AuditAction, subject: string): AuditEntry => ({
  tenantId: 'clinic',
  action,
  actor: { kind: 'user', id: 'ann' },
  subject,
})

type Elsewhere = { readonly file?: string }

export const openAudit = async (options: AuditOptions = {}, { file }: Elsewhere = {}) => {
  auditFeature.describe(options)
  const clock = fakeClock()
  const opened = await openTestStore({ schemas: [auditSchema], clock })
  const lines: string[] = []
  const note = (_: unknown, message: string) => void lines.push(message)
  const log: Log = { debug: note, info: note, warn: note, error: note }
  let changes = 0
  const store: Store = {
    ...opened,
    of(tenantId) {
      const tenant = opened.of(tenantId)
      return {
        ...tenant,
        change(work) {
          changes++
          return tenant.change(work)
        },
      }
    },
  }

  const openNode = async () => {
    let offered: Offers['audit'] | undefined
    const services: FeatureServices = {
      store,
      clock,
      ids: uuidv7,
      log,
      metrics: noOwnMetrics,
      settings: { mode: 'development', vapid: undefined, auditKey, auditCheckpoints: file },
      audit: noAudit,
      offer: (_, given) => {
        offered = given as Offers['audit']
      },
      find: () => undefined,
      of: () => {
        throw new Error('The audit publishes nothing.')
      },
      isOnline: async () => false,
      isIn: async () => false,
      heldSince: async () => new Map(),
      hereSince: () => undefined,
      untilHeld: async () => {},
      isReactedTo: () => false,
      reweigh: async () => {},
    }
    const feature = await auditFeature.open(services, options)
    if (!offered) throw new Error('The audit did not offer itself.')
    return {
      audit: offered,
      api: (tenantId: string) =>
        feature.api({
          tenantId,
          log,
          key: (given) => given,
          publish: () => Promise.reject(new Error('The audit publishes nothing.')),
        }),
      [Symbol.asyncDispose]: () => feature.stop(),
    }
  }

  const node = await openNode()
  const entries = (tenantId: string) => readAudit(store, tenantId, { limit: 10_000 })
  return {
    store,
    clock,
    audit: node.audit,
    offered: node.audit,
    api: node.api,
    anotherNode: openNode,
    entries,
    told: async (tenantId: string) =>
      (await entries(tenantId)).map(({ action, subject }) => (subject === undefined ? action : `${action} ${subject}`)),
    /** Changes of the store that were begun. */
    changes: () => changes,
    logged: (message: string) => lines.filter((line) => line === message),
    /** Waits for what the clock set off: it goes to the disk, which has a time of its own. */
    async eventually(is: () => boolean | Promise<boolean>) {
      const until = performance.now() + 2_000
      while (!(await is())) {
        if (performance.now() > until) throw new Error('It did not come about.')
        await new Promise((resolve) => setImmediate(resolve))
      }
    },
    verify: (tenantId: string) =>
      store.of(tenantId).read(async (rows) => {
        const walk = new Walk({
          tenantId,
          statements: await readSigned(rows, tenantId),
          keys: new Set([signerOf(auditKey).key]),
        })
        for (const row of await readChain(rows, { limit: 10_000 })) walk.take(row)
        return walk.finish(await readHead(rows))
      }),
    async [Symbol.asyncDispose]() {
      await node[Symbol.asyncDispose]()
      await opened[Symbol.asyncDispose]()
    },
  }
}
