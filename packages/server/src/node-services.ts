/** Makes the verbs' services and starts what they stand on: the engine first, then the features. Part of the composition. */
import type { App } from './app/app.ts'
import { causeOf } from './app/lifecycle.ts'
import { createQuotas } from './auth/quotas.ts'
import { type Backing, openNodeStore } from './backing.ts'
import type { Choices } from './chosen-features.ts'
import type { Config } from './config.ts'
import type { Engine } from './engine/engine.ts'
import { createOffers } from './features/open.ts'
import { features as known } from './features.ts'
import { Canary } from './flows/canary.ts'
import { resume } from './flows/catch-up.ts'
import { contextOf } from './flows/context.ts'
import { createForwarder } from './flows/forward.ts'
import { createOutboxRelay } from './flows/forward-outbox.ts'
import { Greeter } from './flows/greeter.ts'
import { Interest } from './flows/interest.ts'
import { Lifecycle } from './flows/lifecycle.ts'
import { OpenFeatures } from './flows/open-features.ts'
import { Reactor } from './flows/react.ts'
import { receive } from './flows/receive.ts'
import { Replays } from './flows/replays.ts'
import type { Services } from './flows/services.ts'
import { localSessions } from './flows/sessions.ts'
import { StoreCheck } from './flows/store-check.ts'
import type { ServedMetrics } from './http/metrics.ts'
import { Flusher } from './hub/flusher.ts'
import { Hub } from './hub/hub.ts'
import type { Clock } from './lib/clock.ts'
import type { Closing } from './lib/closing.ts'
import { uuidv7 } from './lib/ids.ts'
import type { Log } from './lib/log.ts'
import type { Audit } from './model/audit.ts'
import { openNodeFeatures } from './node-features.ts'
import { createJournaledLog } from './store/journaled-log.ts'
import type { Trust } from './trust.ts'

export type ServiceParts = {
  readonly app: App
  readonly backing: Backing
  readonly choices: Choices
  readonly clock: Clock
  readonly config: Config
  readonly log: Log
  readonly metrics: ServedMetrics
  readonly trust: Trust
}

export const openServices = async (parts: ServiceParts, closing: Closing): Promise<Services> => {
  const { app, backing, choices, clock, config, log, metrics, trust } = parts
  const store = await openNodeStore({ ...parts, place: backing.storePlace }, closing)
  const carries = config.redisUrl === undefined ? 'heard' : 'all'
  const journaled = store && createJournaledLog({ inner: backing.engine.log, store, clock, log, metrics, carries })
  const engine: Engine = { ...backing.engine, ...(journaled && { log: journaled }) }
  const offers = createOffers()
  const storeCheck = store && new StoreCheck({ store, clock, log, metrics })
  const services = makeServices({ ...parts, engine, audit: offers.audit, storeCheck })
  closing.push(await backing.cache.start())
  closing.push(await engine.log.start(receive.events(services)))
  closing.push(await engine.presence.start(receive.presence(services)))
  closing.push(await engine.bus.start(receive.messages(services)))
  closing.push(await engine.directory.start(localSessions(services)))
  closing.push(await engine.leases.start())
  if (store && journaled) {
    const { reactor } = services
    const forwarder = createForwarder({ store, journaled, app, reactor, clock, log, metrics })
    closing.push(forwarder.start())
    const secret = trust.secret?.bytes
    await openNodeFeatures(services, { choices, config, metrics: metrics.own, offers, secret, store }, closing)
    // Reactions to what was left may need any of the features.
    await forwarder.takeOver()
    const { limits } = config
    closing.push(createOutboxRelay({ store, app, limits, clock, log, metrics }).start())
  }
  closing.push(await services.lifecycle.start())
  await services.canary.start()
  return services
}

type MakingParts = ServiceParts & {
  readonly engine: Engine
  readonly audit: Audit
  readonly storeCheck: StoreCheck | undefined
}

/** Nothing of it is started. */
const makeServices = (parts: MakingParts): Services & { readonly lifecycle: Lifecycle } => {
  const { app, audit, backing, choices, clock, config, engine, log, metrics, storeCheck, trust } = parts
  const { cache, commands } = backing
  const { limits } = config
  const hub = new Hub({
    metrics,
    heldEvents: limits.heldEvents,
    resync: (subscription) => resume(services, subscription),
  })
  const names = known.map(({ name }) => name)
  const lifecycle = new Lifecycle({
    app,
    clock,
    leases: engine.leases,
    hub,
    log,
    metrics,
    context: (tenantId, cause) => contextOf(services, { tenantId, cause }),
  })
  const features = new OpenFeatures(names, choices.reasons)
  const services: Services & { readonly lifecycle: Lifecycle } = {
    accepting: true,
    starting: true,
    app,
    audit,
    auth: trust.auth,
    cache,
    canary: new Canary({ engine, clock, log, metrics }),
    clock,
    commands,
    contextOf: (options) => contextOf(services, options),
    engine,
    features,
    flusher: new Flusher(),
    greeter: new Greeter({ features, clock, log }),
    hub,
    ids: uuidv7,
    interest: new Interest(engine.log, clock, log),
    lifecycle,
    limits,
    log,
    metrics,
    ...(storeCheck && { storeCheck }),
    quotas: createQuotas({ clock, limits }),
    replays: new Replays({ clock }),
    reactor: new Reactor({
      app,
      clock,
      unreacted: engine.unreacted,
      metrics,
      log,
      context: ({ id, tenantId }, { owner, depth }) =>
        contextOf(services, { tenantId, cause: causeOf(`reaction|${id}`, owner), depth }),
    }),
  }
  return services
}
