/**
 * A node but for its sockets: what it stands on, whom it believes, its verbs, its features, its HTTP handlers. Part of the
 * composition; what is opened is closed in reverse, also when a later step fails.
 */
import type { App } from './app/app.ts'
import { trustProxies } from './auth/client-address.ts'
import { type Backing, openBacking } from './backing.ts'
import { chooseFeatures } from './chosen-features.ts'
import type { Config } from './config.ts'
import { contextOf } from './flows/context.ts'
import { drain } from './flows/drain.ts'
import { Keepalive } from './flows/keepalive.ts'
import type { Services } from './flows/services.ts'
import type { EngineSockets } from './flows/socketio/engine-sockets.ts'
import { createSocketIo } from './flows/socketio/socketio.ts'
import { createHttp, type Http } from './http/http.ts'
import { createMetrics } from './http/metrics.ts'
import { type Clock, systemClock } from './lib/clock.ts'
import { Closing } from './lib/closing.ts'
import type { Log } from './lib/log.ts'
import { within } from './lib/within.ts'
import type { Attached, Door } from './listen/listener.ts'
import { NativeDoor } from './listen/native-door.ts'
import { SocketIoDoor } from './listen/socketio-door.ts'
import { createLog } from './log.ts'
import { openServices } from './node-services.ts'
import { openTrust, type Trust } from './trust.ts'
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

export type Given = Omit<StartOptions, 'clientBundle'> & { readonly clientBundle?: (() => Promise<string>) | undefined }
export type Parts = Given & { readonly log: Log; readonly clock: Clock }

/** What was opened is closed when a later step fails. */
export const opened = async <T>(options: Given, open: (parts: Parts, closing: Closing) => Promise<T>): Promise<T> => {
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
export type Node = {
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

export const openNode = async (parts: Parts, closing: Closing): Promise<Node> => {
  const { app, clientBundle, config, log } = parts
  const metrics = createMetrics()
  const backing = await openBacking({ ...parts, metrics }, closing)
  const trust = await openTrust({ ...parts, place: backing.trust })
  const choices = chooseFeatures({ app, config, log, secret: trust.secret?.bytes })
  const services = await openServices({ ...parts, backing, choices, metrics, trust }, closing)
  metrics.serve(app.metrics, () => ({ sessions: services.hub.sessions.size, rooms: services.hub.roomCount }), log)
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
  const quietMs = pingIntervalMs + pingTimeoutMs
  return { backing, trust, services, http, doors, engines, messageBytes: maxPayload, quietMs }
}

const openSocketIo = async (services: Services, closing: Closing): Promise<readonly EngineSockets[]> => {
  const rule = services.app.socketio
  if (!rule) return []
  const { engines, start } = createSocketIo(services, rule)
  closing.push(await start())
  return engines
}

export const announce = ({ backing }: Node, { config, log, url }: Parts & { readonly url?: string }): void => {
  const { engine, where } = backing
  const { mode } = config
  log.info(
    { ...(url === undefined ? {} : { url }), engine: engine.name, node: engine.node, ...where, mode },
    'fanfare is up',
  )
}

/** From here on sockets are looked after; at the end they are drained. `listeners` may grow until then. */
export const keepAlive = ({ engines, services }: Node, listeners: readonly Attached[], closing: Closing): void => {
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

export const startApplication = async (
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
  services.starting = false
  if (!stop) return
  closing.push(async () => {
    const ended = await within(services.clock, config.limits.shutdownMs / 10, (async () => stop())())
    if (!ended) services.log.warn({}, 'the application did not stop in time')
  })
}
