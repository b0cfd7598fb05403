/**
 * Composition root: the only file that names concrete engines, stores and listeners. What is opened is closed in reverse,
 * also when a later step fails.
 */
import { toFanfareError } from '@fanfare/protocol'
import type { App } from './app/app.ts'
import { trustProxies } from './auth/client-address.ts'
import { createAuth } from './auth/create-auth.ts'
import { jwksKeys } from './auth/jwks.ts'
import { fixedKeys, type KeySource, publicAlgorithms, secretKey, type TypedKey } from './auth/keys.ts'
import { keysOfFile } from './auth/keys-file.ts'
import { mintToken } from './auth/mint.ts'
import { createQuotas } from './auth/quotas.ts'
import { resolveSecret, type Secret } from './auth/secret.ts'
import { memoryTickets } from './auth/tickets.ts'
import type { TokenRules } from './auth/tokens.ts'
import type { Config } from './config.ts'
import { createEmbeddedEngine } from './engine/embedded/embedded.ts'
import type { Engine } from './engine/engine.ts'
import { Canary } from './flows/canary.ts'
import { resume } from './flows/catch-up.ts'
import { contextOf } from './flows/context.ts'
import { drain } from './flows/drain.ts'
import { Interest } from './flows/interest.ts'
import { Keepalive } from './flows/keepalive.ts'
import { Once } from './flows/once.ts'
import { Reactor } from './flows/react.ts'
import { receive } from './flows/receive.ts'
import type { Services } from './flows/services.ts'
import { createHttp } from './http/http.ts'
import { createMetrics, type ServedMetrics } from './http/metrics.ts'
import { Flusher } from './hub/flusher.ts'
import { Hub } from './hub/hub.ts'
import { type Clock, systemClock } from './lib/clock.ts'
import { uuidv7 } from './lib/ids.ts'
import type { Log } from './lib/log.ts'
import { within } from './lib/within.ts'
import { listenOnBun } from './listen/bun.ts'
import { createLog } from './log.ts'
import { type DataFolder, openDataFolder } from './store/data-folder.ts'
import { SqliteCache } from './store/sqlite-cache.ts'
import { sqliteTrustStore, trustMigrations } from './store/trust-store-sqlite.ts'
import { version } from './version.ts'

export type StartOptions = {
  readonly app: App
  readonly config: Config
  /** @default pino, to standard error */
  readonly log?: Log
  /** @default the system's */
  readonly clock?: Clock
  /** Gives the browser's client as one ES module, served at `/fanfare/client.js`. @default not served */
  readonly clientBundle?: () => Promise<string>
}

export type RunningServer = {
  readonly url: string
  /** Where the signing secret came from; `undefined` when tokens are verified by other keys alone. */
  readonly secret: Secret | undefined
  /** Signs a token that this server takes. @throws FanfareError `unavailable` without a secret */
  readonly mint: Mint
  readonly services: Services
  /** Graceful: clients are told when to come back, what was accepted is committed. */
  stop(): Promise<void>
}

type Mint = Parameters<NonNullable<App['onStart']>>[0]['mint']

export const startServer = async (options: StartOptions): Promise<RunningServer> => {
  const { config } = options
  const parts: Parts = { ...options, log: options.log ?? createLog(config), clock: options.clock ?? systemClock }
  // What is pushed here is closed in reverse, however far the start came.
  const closing: Closing = []
  try {
    const folder = await openDataFolder(config.dataFolder)
    closing.push(async () => folder.close())
    const trust = await openTrust(parts, folder, closing)
    const metrics = createMetrics()
    const services = await openServices({ ...parts, folder, trust, metrics }, closing)
    const url = await openDoors({ ...parts, services, metrics }, closing)
    await startApplication({ ...parts, services, trust }, closing)
    parts.log.info(
      { url, engine: services.engine.name, dataFolder: config.dataFolder, mode: config.mode },
      'fanfare is up',
    )
    return { url, secret: trust.secret, mint: trust.mint, services, stop: once(() => closeAll(closing, parts.log)) }
  } catch (error) {
    await closeAll(closing, parts.log)
    throw error
  }
}

type Parts = StartOptions & { readonly log: Log; readonly clock: Clock }
type Closing = (() => Promise<void>)[]

const closeAll = async (closing: Closing, log: Log): Promise<void> => {
  for (let close = closing.pop(); close; close = closing.pop()) {
    try {
      await close()
    } catch (error) {
      log.error({ error }, 'a part of the server did not close well')
    }
  }
}

const once = (run: () => Promise<void>): (() => Promise<void>) => {
  let running: Promise<void> | undefined
  return () => {
    running ??= run()
    return running
  }
}

type Trust = { readonly auth: ReturnType<typeof createAuth>; readonly secret: Secret | undefined; readonly mint: Mint }

const openTrust = async ({ config, clock, log }: Parts, folder: DataFolder, closing: Closing): Promise<Trust> => {
  const database = folder.database('trust', { migrations: trustMigrations })
  closing.push(async () => database.close())
  const elsewhere = config.jwksUrl !== undefined || config.keysFile !== undefined
  const secret =
    config.secret === undefined && elsewhere && config.mode === 'production'
      ? undefined
      : await resolveSecret({ mode: config.mode, configured: config.secret, folder: folder.path })
  const signing = secret && (await secretKey(secret.bytes))
  const rules: TokenRules = {
    tenantClaims: config.tenantClaims,
    leewayMs: config.leewayMs,
    maxLifetimeMs: config.maxTokenLifetimeMs,
    ...(config.issuer === undefined ? {} : { issuer: config.issuer }),
    ...(config.audience === undefined ? {} : { audience: config.audience }),
  }
  const auth = createAuth({
    clock,
    rules,
    keys: await keySources(config, { signing, clock, log }),
    store: sqliteTrustStore(database),
    tickets: memoryTickets({ clock }),
    ticketMs: config.limits.ticketMs,
  })
  const mint: Mint = async (claims) => {
    if (!signing) throw toFanfareError(new Error('Without FANFARE_SECRET this server signs no tokens.'))
    return mintToken(claims, { key: signing, now: clock.now(), rules })
  }
  return { auth, secret, mint }
}

type KeyOptions = { readonly signing: TypedKey | undefined; readonly clock: Clock; readonly log: Log }

const keySources = async (config: Config, { signing, clock, log }: KeyOptions): Promise<readonly KeySource[]> => {
  const algorithms = publicAlgorithms.filter((name) => config.algorithms.includes(name))
  const fromFile = config.keysFile === undefined ? [] : await keysOfFile(config.keysFile, algorithms)
  const fixed = fixedKeys([...(signing ? [signing] : []), ...fromFile])
  return config.jwksUrl === undefined ? [fixed] : [fixed, jwksKeys({ url: config.jwksUrl, algorithms, clock, log })]
}

type ServiceParts = Parts & { readonly folder: DataFolder; readonly trust: Trust; readonly metrics: ServedMetrics }

const openServices = async (parts: ServiceParts, closing: Closing): Promise<Services> => {
  const { app, clock, config, folder, log, metrics, trust } = parts
  const { limits } = config
  const engine: Engine = createEmbeddedEngine({
    clock,
    disk: folder,
    log,
    idempotencyMs: limits.idempotencyMs,
    memoryBytes: config.memoryBytes,
  })
  const cache = new SqliteCache({ clock, folder })
  const services: Services = {
    accepting: true,
    app,
    auth: trust.auth,
    cache,
    canary: new Canary({ log: engine.log, clock, metrics }),
    clock,
    commands: new Once({ clock, forMs: limits.idempotencyMs, most: 100_000 }),
    engine,
    flusher: new Flusher(),
    hub: new Hub({ metrics, heldEvents: limits.heldEvents, resync: (subscription) => resume(services, subscription) }),
    ids: uuidv7,
    interest: new Interest(engine.log, clock, log),
    limits,
    log,
    metrics,
    quotas: createQuotas({ clock, limits }),
    reactor: new Reactor({
      app,
      unreacted: engine.unreacted,
      metrics,
      log,
      context: (event, depth) =>
        contextOf(services, { tenantId: event.tenantId, cause: `reaction|${event.id}`, depth }),
    }),
  }
  closing.push(await cache.start())
  closing.push(await engine.log.start(receive.events(services)))
  closing.push(await engine.presence.start(receive.presence(services)))
  closing.push(await engine.bus.start(receive.messages(services)))
  await services.canary.start()
  return services
}

type DoorParts = Parts & { readonly services: Services; readonly metrics: ServedMetrics }

const openDoors = async (parts: DoorParts, closing: Closing): Promise<string> => {
  const { clientBundle, config, metrics, services } = parts
  const policy = {
    allowedOrigins: config.allowedOrigins.length === 0 ? ('same-origin' as const) : config.allowedOrigins,
    trustedProxies: trustProxies(config.trustedProxies),
  }
  const http = createHttp({
    services,
    metrics,
    settings: { ...policy, mode: config.mode, metricsToken: config.metricsToken, version, clientBundle },
  })
  const listener = listenOnBun({ services, host: config.host, port: config.port, policy, fetch: http.fetch })
  const keepalive = new Keepalive(services)
  keepalive.start()
  closing.push(async () => {
    await drain(services, () => listener.pause())
    keepalive.stop()
    await listener.close()
  })
  return listener.url
}

const startApplication = async (
  { app, config, services, trust }: Parts & { readonly services: Services; readonly trust: Trust },
  closing: Closing,
): Promise<void> => {
  await services.reactor.makeGood()
  const stop = await app.onStart?.({
    of: (tenantId) => contextOf(services, { tenantId }),
    log: services.log,
    mode: config.mode,
    mint: trust.mint,
  })
  if (!stop) return
  closing.push(async () => {
    const ended = await within(services.clock, config.limits.shutdownMs / 10, (async () => stop())())
    if (!ended) services.log.warn({}, 'the application did not stop in time')
  })
}
