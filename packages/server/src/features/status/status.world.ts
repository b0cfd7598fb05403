/** Nodes with the status feature on one store, as far as it knows: who is connected where is the test's to say. */
import type { UserStatus } from '@fanfare/protocol'
import type { AppContext, FeatureContext, TenantStats } from '../../app/context.ts'
import type { Clock } from '../../lib/clock.ts'
import { type Log, silentLog } from '../../lib/log.ts'
import type { Identity } from '../../model/identity.ts'
import type { CommittedEvents, Store } from '../../store/store.ts'
import { openTestStore, type TestStore } from '../../store/store.world.ts'
import type { FeatureServices } from '../feature.ts'
import { status } from './status.ts'
import type { StatusApi, StatusOptions } from './status-api.ts'
import { statusSchema } from './tables.ts'

export const tenantId = 'clinic'

/** What one node sees of who is connected. */
export type Directory = {
  online(): Iterable<string>
  /** @default of whoever is online, since the clock began */
  heldSince?(users: readonly string[]): Promise<ReadonlyMap<string, number>>
  /** @default whoever came is held */
  untilHeld?(): Promise<void>
  /** @default nobody is on this node */
  hereSince?(userId: string): number | undefined
}

export type StatusNode = {
  readonly api: StatusApi & {
    came(userId: string): void
    went(userId: string, since: string): Promise<void>
    watched(userId: string): Promise<void>
  }
  stop(): Promise<void>
}

export type NodeParts = {
  readonly clock: Clock
  readonly store: Store
  readonly directory: Directory
  readonly options?: StatusOptions
  /** Whether all that happens is written and told, or only what somebody wants to know. @default 'everything' */
  readonly told?: 'everything' | 'what is watched'
  readonly log?: Log
}

const ready = Promise.resolve()

export const openNode = async (parts: NodeParts) => {
  const { clock, store, directory, options = {}, told = 'everything', log = silentLog } = parts
  const began = clock.now()
  const heldSince = async (users: readonly string[]) => {
    const there = new Set(directory.online())
    return new Map(users.filter((userId) => there.has(userId)).map((userId) => [userId, began]))
  }
  const stats = async () =>
    ({ sessionsByUser: Object.fromEntries([...directory.online()].map((userId) => [userId, 1])) }) as TenantStats
  const services = {
    store,
    clock,
    log,
    of: (tenant: string) => ({ tenantId: tenant, stats }) as unknown as AppContext,
    heldSince: (_tenant: string, users: readonly string[]) => (directory.heldSince ?? heldSince)(users),
    hereSince: (_tenant: string, userId: string) => directory.hereSince?.(userId),
    // The same promise for all who wait for the same, as on a node.
    untilHeld: () => directory.untilHeld?.() ?? ready,
    isReactedTo: () => told === 'everything',
    isOnline: async (_tenant: string, userId: string) => [...directory.online()].includes(userId),
  } as unknown as FeatureServices
  const { api, connected, stop } = await status.open(services, options)
  const came = (userId: string) => void connected?.({ id: `of ${userId}`, identity: { tenantId, userId } as Identity })
  const node: StatusNode = { api: { ...(api({ tenantId } as FeatureContext) as StatusNode['api']), came }, stop }
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
