/** What the HTTP handlers are made with, and what they know of a request besides the request itself. */

import type { TrustedProxies } from '../auth/client-address.ts'
import type { AllowedOrigins } from '../auth/origin.ts'
import type { Services } from '../flows/services.ts'
import type { EngineSockets } from '../flows/socketio/engine-sockets.ts'
import type { Caller } from '../model/caller.ts'
import type { Identity } from '../model/identity.ts'
import type { MetricsText } from './metrics.ts'

/** Of the configuration, what HTTP needs. */
export type HttpSettings = {
  readonly version: string
  readonly mode: 'development' | 'production'
  readonly allowedOrigins: AllowedOrigins
  readonly trustedProxies: TrustedProxies
  /** Asked of whoever reads `/metrics`. Absent: this machine alone may. */
  readonly metricsToken: string | undefined
  /** Gives the browser's client as one ES module; asked once, when somebody first wants it. */
  readonly clientBundle: (() => Promise<string>) | undefined
}

/** The other end of the socket; a proxy, where there is one. */
export type Remote = { readonly address: string }

/** What every handler of this folder is given. */
export type HttpContext = {
  readonly services: Services
  readonly settings: HttpSettings
  readonly metrics: MetricsText
  /** One for each path at which Engine.IO is spoken; none where the application has no Socket.IO. */
  readonly engines?: readonly EngineSockets[]
}

/** Of Hono: what comes in beside the request, and what one handler leaves for the next. */
export type HttpEnv = {
  Bindings: { readonly remote: Remote }
  Variables: {
    /** Set once `identify` has let the request pass. */
    caller: Caller
    /** Set where the caller is a user. */
    identity: Identity | undefined
    /** What the log calls the route, where Hono does not know it. */
    pattern: string | undefined
  }
}
