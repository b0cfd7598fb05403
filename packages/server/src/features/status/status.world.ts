/** Nodes with the status feature on one store, as far as it knows: who is connected where is the test's to say. */
import type { UserStatus } from '@fanfare/protocol'
import type { AppContext, FeatureContext, TenantStats } from '../../app/context.ts'
import type { Clock } from '../../lib/clock.ts'
import { type Log, silentLog } from '../../lib/log.ts'
import type { CommittedEvents, Store } from '../../store/store.ts'
import { openTestStore, type TestStore } from '../../store/store.world.ts'
import type { FeatureServices } from '../feature.ts'
import { status } from './status.ts'
import type { StatusApi, StatusOptions } from './status-api.ts'
import { statusSchema } from './tables.ts'

export const tenantId = 'clinic'

/** What one node sees of who is connected. */
export type Directory = { online(): Iterable<string> }

export type StatusNode = {
  readonly api: StatusApi & { came(userId: string): void; went(userId: string, since: string): Promise<void> }
  stop(): Promise<void>
}

export type NodeParts = {
  readonly clock: Clock
  readonly store: Store
  readonly directory: Directory
  readonly options?: StatusOptions
  readonly log?: Log
}

export const openNode = async ({ clock, store, directory, options = {}, log = silentLog }: NodeParts) => {
  const stats = async () =>
    ({ sessionsByUser: Object.fromEntries([...directory.online()].map((userId) => [userId, 1])) }) as TenantStats
  const services = {
    store,
    clock,
    log,
    of: (tenant: string) => ({ tenantId: tenant, stats }) as unknown as AppContext,
    isOnline: async (_tenant: string, userId: string) => [...directory.online()].includes(userId),
  } as unknown as FeatureServices
  const { api, stop } = await status.open(services, options)
  const node: StatusNode = { api: api({ tenantId } as FeatureContext) as StatusNode['api'], stop }
  return node
}

export const openStatusStore = (clock: Clock): Promise<TestStore> => openTestStore({ schemas: [statusSchema], clock })

/** What is told of each user, in order. */
export const hearStatuses = (store: Store): UserStatus[] => {
  const heard: UserStatus[] = []
  store.onCommitted(({ events }: CommittedEvents) => {
    for (const event of events) heard.push(event.data as unknown as UserStatus)
  })
  return heard
}

/** Lets what was begun come to its end: SQLite's and the batches' turns, not time. */
export const settled = async (turns = 20): Promise<void> => {
  for (let turn = 0; turn < turns; turn++) await new Promise<void>((resolve) => setImmediate(resolve))
}
