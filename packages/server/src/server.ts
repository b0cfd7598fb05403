/**
 * Composition root: with `backing.ts`, which picks engine and stores, the only file that names concrete things. What is opened
 * is closed in reverse, also when a later step fails.
 */
import type { Server as HttpServer } from 'node:http'
import process from 'node:process'
import type { App, AppContext } from './app/app.ts'
import { causeOf } from './app/lifecycle.ts'
import { trustProxies } from './auth/client-address.ts'
import { createQuotas } from './auth/quotas.ts'
import type { Secret } from './auth/secret.ts'
import { type Backing, openBacking } from './backing.ts'
import { findClientBundle } from './client-bundle.ts'
import { type Config, readConfig } from './config.ts'
import { features as known } from './features.ts'
import { Canary } from './flows/canary.ts'
import { resume } from './flows/catch-up.ts'
import { contextOf } from './flows/context.ts'
import { drain } from './flows/drain.ts'
import { Greeter, type GreeterOptions } from './flows/greeter.ts'
import { Interest } from './flows/interest.ts'
import { Keepalive } from './flows/keepalive.ts'
import { Lifecycle } from './flows/lifecycle.ts'
import { OpenFeatures } from './flows/open-features.ts'
import { Reactor } from './flows/react.ts'
import { receive } from './flows/receive.ts'
import type { Services } from './flows/services.ts'
import { localSessions } from './flows/sessions.ts'
import type { EngineSockets } from './flows/socketio/engine-sockets.ts'
import { createSocketIo } from './flows/socketio/socketio.ts'
import { createHttp, type Http } from './http/http.ts'
import { createMetrics, type ServedMetrics } from './http/metrics.ts'
import { Flusher } from './hub/flusher.ts'
import { Hub } from './hub/hub.ts'
import { type Clock, systemClock } from './lib/clock.ts'
import { Closing } from './lib/closing.ts'
import { uuidv7 } from './lib/ids.ts'
import type { Log } from './lib/log.ts'
import { within } from './lib/within.ts'
import type { Attached, Door } from './listen/listener.ts'
import { NativeDoor } from './listen/native-door.ts'
import { SocketIoDoor } from './listen/socketio-door.ts'
import { createLog } from './log.ts'
import { noAudit } from './model/audit.ts'
import { type Mint, openTrust, type Trust } from './trust.ts'
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
  /** Other processes of this machine listen on the same port, each a node of its own. @default false */
  readonly sharedPort?: boolean
}

export type RunningServer = {
  readonly url: string
  /** Where the signing secret came from; `undefined` when tokens are verified by other keys alone. */
  readonly secret: Secret | undefined
  /** Signs a token that this server takes. @throws FanfareError without a secret */
  readonly mint: Mint
  readonly services: Services
  /** Graceful: clients are told when to come back, what was accepted is committed. */
  stop(): Promise<void>
}

/** A node that listens by itself, on Bun. */
export const startServer = (options: StartOptions): Promise<RunningServer> =>
  opened(options, async (parts, closing) => {
    const { listenOnBun } = await import('./listen/bun.ts')
    const node = await openNode(parts, closing)
    const { host, port } = parts.config
    const sharedPort = options.sharedPort ?? false
    const listener = listenOnBun({ ...node, host, port, sharedPort, fetch: node.http.fetch })
    keepAlive(node, [listener], closing)
    // The others on the port take what comes from now on: nobody need be told that this node stops.
    if (sharedPort) closing.push(async () => listener.pause())
    await startApplication({ ...parts, ...node }, closing)
    announce(node, { ...parts, url: listener.url })
    const { services, trust } = node
    return { url: listener.url, secret: trust.secret, mint: trust.mint, services, stop: () => closing.close() }
  })

export type FanfareOptions = Omit<StartOptions, 'config' | 'sharedPort'> & {
  /** `host` and `port` mean nothing here. @default what the environment says: `FANFARE_SECRET` and so on */
  readonly config?: Config
}

export type AttachedOptions = {
  /** Whether `/health`, `/ready`, `/metrics`, `/openapi.json` and `/docs` are answered too. @default false: the host has its own */
  readonly operations?: boolean
}

/** A node inside a program that has a server of its own. */
export type Fanfare = {
  /**
   * Takes what is Fanfare's on that server: the paths of the API and of the application, and WebSockets at its doors. All
   * else stays with the host's own listeners. Before or after `listen`; as many servers as there are.
   */
  attach(server: HttpServer, options?: AttachedOptions): void
  /** As the application itself, so that no user's right is asked. Resolves once it is as durable as the room says. */
  publish(...of: [tenantId: string, ...Parameters<AppContext['publish']>]): ReturnType<AppContext['publish']>
  /** The other verbs of the application's own code, inside one tenant. */
  of(tenantId: string): AppContext
  /** Signs a token for a user whom the host has signed in. @throws FanfareError without a secret */
  readonly mint: Mint
  /** Graceful, as `stop` of a server of its own. The host's server stays open and has its paths back. */
  close(): Promise<void>
}

/** A node that listens nowhere until it is attached, on Node 22 or later. @throws Error when the configuration is not valid */
export const createFanfare = async (options: FanfareOptions): Promise<Fanfare> => {
  const config = options.config ?? configOfEnvironment()
  return opened({ clientBundle: findClientBundle(), ...options, config }, async (parts, closing) => {
    const { attachToNode } = await import('./listen/node.ts')
    const node = await openNode(parts, closing)
    const attached: Attached[] = []
    keepAlive(node, attached, closing)
    await startApplication({ ...parts, ...node }, closing)
    announce(node, parts)
    const of = (tenantId: string) => contextOf(node.services, { tenantId })
    return {
      attach(server, { operations = false } = {}) {
        if (!node.services.accepting) throw new Error('This Fanfare is closed; create another to attach it.')
        attached.push(attachToNode(server, { ...node, fetch: node.http.fetch, owns: node.http.owns({ operations }) }))
      },
      publish: (tenantId, ...rest) => of(tenantId).publish(...rest),
      of,
      mint: node.trust.mint,
      close: () => closing.close(),
    }
  })
}

const configOfEnvironment = (): Config => {
  const read = readConfig({ environment: process.env })
  if (read.ok) return read.config
  throw new Error(read.problems.join('\n'))
}

type Given = Omit<StartOptions, 'clientBundle'> & { readonly clientBundle?: (() => Promise<string>) | undefined }
type Parts = Given & { readonly log: Log; readonly clock: Clock }

/** What was opened is closed when a later step fails. */
const opened = async <T>(options: Given, open: (parts: Parts, closing: Closing) => Promise<T>): Promise<T> => {
  const log = options.log ?? createLog(options.config)
  const closing = new Closing(log)
  try {
    return await open({ ...options, log, clock: options.clock ?? systemClock }, closing)
  } catch (error) {
    await closing.close()
    throw error
  }
}

/** A node but for its sockets. */
type Node = {
  readonly backing: Backing
  readonly trust: Trust
  readonly services: Services
  readonly http: Http
  readonly doors: readonly Door[]
  /** One for each path at which Engine.IO is spoken. */
  readonly engines: readonly EngineSockets[]
  readonly messageBytes: number
  readonly quietMs: number
}

const openNode = async (parts: Parts, closing: Closing): Promise<Node> => {
  const { clientBundle, config } = parts
  const metrics = createMetrics()
  const backing = await openBacking({ ...parts, metrics }, closing)
  const trust = await openTrust({ ...parts, place: backing.trust })
  const services = await openServices({ ...parts, backing, trust, metrics }, closing)
  const policy = {
    allowedOrigins: config.allowedOrigins.length === 0 ? ('same-origin' as const) : config.allowedOrigins,
    trustedProxies: trustProxies(config.trustedProxies),
  }
  const settings = { ...policy, mode: config.mode, metricsToken: config.metricsToken, version, clientBundle }
  const engines = await openSocketIo(services, closing)
  const http = createHttp({ services, metrics, settings, engines })
  const doors = [
    ...engines.map((engine) => new SocketIoDoor(services, policy, engine)),
    new NativeDoor(services, policy),
  ]
  const { maxPayload = 0, pingIntervalMs = 0, pingTimeoutMs = 0 } = engines[0]?.settings ?? {}
  return {
    backing,
    trust,
    services,
    http,
    doors,
    engines,
    messageBytes: maxPayload,
    quietMs: pingIntervalMs + pingTimeoutMs,
  }
}

const openSocketIo = async (services: Services, closing: Closing): Promise<readonly EngineSockets[]> => {
  const rule = services.app.socketio
  if (!rule) return []
  const { engines, start } = createSocketIo(services, rule)
  closing.push(await start())
  return engines
}

const announce = ({ backing }: Node, { config, log, url }: Parts & { readonly url?: string }): void => {
  const { engine, where } = backing
  const { mode } = config
  log.info(
    { ...(url === undefined ? {} : { url }), engine: engine.name, node: engine.node, ...where, mode },
    'fanfare is up',
  )
}

type ServiceParts = Parts & { readonly backing: Backing; readonly trust: Trust; readonly metrics: ServedMetrics }

const openServices = async (parts: ServiceParts, closing: Closing): Promise<Services> => {
  const { app, backing, clock, config, log, metrics, trust } = parts
  const { cache, commands, engine } = backing
  const { limits } = config
  const hub = new Hub({
    metrics,
    heldEvents: limits.heldEvents,
    resync: (subscription) => resume(services, subscription),
  })
  const features = new OpenFeatures(known.map(({ name }) => name))
  const lifecycle = new Lifecycle({
    app,
    clock,
    leases: engine.leases,
    hub,
    log,
    metrics,
    context: (tenantId, cause) => contextOf(services, { tenantId, cause }),
  })
  const connectedContext: GreeterOptions['context'] = ({ id, identity, tenantId, userId }, owner) => {
    const cause = causeOf(`connected|${id}`, owner)
    return contextOf(services, { tenantId, userId, cause }, { userId, session: id, roles: identity.roles })
  }
  const services: Services = {
    accepting: true,
    app,
    audit: noAudit,
    auth: trust.auth,
    cache,
    canary: new Canary({ engine, clock, log, metrics }),
    clock,
    commands,
    contextOf: (options) => contextOf(services, options),
    engine,
    features,
    flusher: new Flusher(),
    greeter: new Greeter({ app, clock, log, context: connectedContext }),
    hub,
    ids: uuidv7,
    interest: new Interest(engine.log, clock, log),
    lifecycle,
    limits,
    log,
    metrics,
    quotas: createQuotas({ clock, limits }),
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
  closing.push(await cache.start())
  closing.push(await engine.log.start(receive.events(services)))
  closing.push(await engine.presence.start(receive.presence(services)))
  closing.push(await engine.bus.start(receive.messages(services)))
  closing.push(await engine.directory.start(localSessions(services)))
  closing.push(await engine.leases.start())
  closing.push(await lifecycle.start())
  await services.canary.start()
  return services
}

/** From here on sockets are looked after; at the end they are drained. `listeners` may grow until then. */
const keepAlive = ({ engines, services }: Node, listeners: readonly Attached[], closing: Closing): void => {
  const keepalive = new Keepalive(services)
  keepalive.start()
  closing.push(async () => {
    // Those of Socket.IO, which come first, carry sessions.
    const plain = engines.slice(1).flatMap((engine) => engine.all())
    const relays = engines[0]?.others.relays() ?? []
    await drain(services, {
      others: [
        ...plain.map((socket) => ({ close: () => socket.close('server shutting down') })),
        // Their sessions are on other nodes, and stay there.
        ...relays.map((relay) => ({ close: () => relay.leave() })),
      ],
      shut: () => {
        for (const engine of engines) engine.stop()
        for (const listener of listeners) listener.pause()
      },
    })
    keepalive.stop()
    await Promise.all(listeners.map((listener) => listener.close()))
  })
}

const startApplication = async (
  { app, config, services, trust }: Parts & { readonly services: Services; readonly trust: Trust },
  closing: Closing,
): Promise<void> => {
  const stopReacting = await services.reactor.start()
  closing.push(async () => stopReacting())
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
