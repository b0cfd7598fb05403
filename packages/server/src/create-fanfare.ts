/** A node inside a program that has a server of its own. Part of the composition. */
import type { Server as HttpServer } from 'node:http'
import process from 'node:process'
import type { AppContext } from './app/app.ts'
import { findClientBundle } from './client-bundle.ts'
import { type Config, readConfig } from './config.ts'
import { contextOf } from './flows/context.ts'
import type { Attached } from './listen/listener.ts'
import { announce, keepAlive, opened, openNode, type StartOptions, startApplication } from './node.ts'
import type { Mint } from './trust.ts'

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
