/** Everything that the verbs work with, made once in the composition root and handed to each of them. */
import type { Limits } from '@fanfare/protocol'
import type { App, AppContext } from '../app/app.ts'
import type { Auth } from '../auth/auth.ts'
import type { Quotas } from '../auth/quotas.ts'
import type { Engine } from '../engine/engine.ts'
import type { Flusher } from '../hub/flusher.ts'
import type { Hub } from '../hub/hub.ts'
import type { Clock } from '../lib/clock.ts'
import type { Ids } from '../lib/ids.ts'
import type { Log } from '../lib/log.ts'
import type { Metrics } from '../lib/metrics.ts'
import type { Audit } from '../model/audit.ts'
import type { Cache } from '../model/cache.ts'
import type { Once } from '../model/once.ts'
import type { Canary } from './canary.ts'
import type { Greeter } from './greeter.ts'
import type { Interest } from './interest.ts'
import type { Lifecycle } from './lifecycle.ts'
import type { OpenFeatures } from './open-features.ts'
import type { Reactor } from './react.ts'
import type { Replays } from './replays.ts'
import type { StoreCheck } from './store-check.ts'

export type Services = {
  readonly app: App
  readonly audit: Audit
  readonly auth: Auth
  readonly quotas: Quotas
  readonly cache: Cache
  readonly canary: Canary
  readonly clock: Clock
  readonly commands: Once
  /** A context of the application, for verbs that contexts themselves need; others call `flows/context.ts`. */
  readonly contextOf: (options: { readonly tenantId: string; readonly userId?: string }) => AppContext
  readonly engine: Engine
  readonly features: OpenFeatures
  readonly flusher: Flusher
  readonly greeter: Pick<Greeter, 'greeted'>
  readonly hub: Hub
  readonly ids: Ids
  readonly interest: Interest
  readonly lifecycle: Pick<Lifecycle, 'came' | 'entered'>
  readonly limits: Limits
  readonly log: Log
  readonly metrics: Metrics
  readonly reactor: Reactor
  readonly replays: Replays
  /** Undefined where the node has no store. */
  readonly storeCheck?: Pick<StoreCheck, 'state'>
  /** False once the node is stopping: no new link, no new work. */
  accepting: boolean
  /** True until the application's `onStart` is through: requests are served, and nobody is sent here yet. */
  starting: boolean
}
