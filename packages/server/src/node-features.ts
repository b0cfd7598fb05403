/** Opens the features of a node, once its engine runs: what they may ask of the rest is told here. Part of the composition. */
import { type Choices, featureSettings } from './chosen-features.ts'
import type { Config } from './config.ts'
import type { SessionInfo } from './engine/directory.ts'
import type { FeatureServices } from './features/feature.ts'
import { type Offers, openFeatures } from './features/open.ts'
import { contextOf } from './flows/context.ts'
import type { Lifecycle } from './flows/lifecycle.ts'
import type { Services } from './flows/services.ts'
import { announceGrants } from './flows/sessions.ts'
import type { Closing } from './lib/closing.ts'
import type { OwnMetrics } from './lib/metrics.ts'
import type { Store } from './store/store.ts'

export type NodeFeatures = {
  readonly choices: Choices
  readonly config: Config
  readonly metrics: OwnMetrics
  readonly offers: Offers
  /** The signing secret, where there is one. */
  readonly secret: Uint8Array | undefined
  readonly store: Store
}

/** Sessions of one user that are looked at. */
const mostSessions = 100

export const openNodeFeatures = async (
  services: Services & { readonly lifecycle: Lifecycle },
  parts: NodeFeatures,
  closing: Closing,
): Promise<void> => {
  const { choices, config, metrics, offers, secret, store } = parts
  const { app, clock, engine, features: apis, ids, log } = services
  const sessions = (tenantId: string, userId: string, limit: number): Promise<readonly SessionInfo[]> =>
    engine.directory.list(tenantId, { userId, limit })
  const given: Omit<FeatureServices, keyof Offers> = {
    store,
    clock,
    ids,
    log,
    metrics,
    settings: featureSettings(config, secret),
    of: (tenantId) => contextOf(services, { tenantId }),
    isOnline: async (tenantId, userId) => (await sessions(tenantId, userId, 1)).length > 0,
    isIn: async (tenantId, userId, room) =>
      (await sessions(tenantId, userId, mostSessions)).some(({ rooms }) => rooms.includes(room)),
    heldSince: (tenantId, userIds) => services.lifecycle.heldSince(tenantId, userIds),
    hereSince: (tenantId, userId) => {
      const opened = services.hub.sessionsOf(tenantId, userId).map(({ openedAt }) => openedAt)
      return opened.length === 0 ? undefined : Math.max(...opened)
    },
    untilHeld: () => services.lifecycle.settled(),
    isReactedTo: (event) => app.reactions(event).length > 0,
    reweigh: (tenantId, userId) => announceGrants(services, tenantId, userId),
  }
  await openFeatures(choices.chosen, { ...given, apis, offers }, closing)
}
