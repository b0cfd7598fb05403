/** A node in a process of its own, which listens by itself. Part of the composition. */

import type { Secret } from './auth/secret.ts'
import type { Services } from './flows/services.ts'
import { announce, keepAlive, opened, openNode, type StartOptions, startApplication } from './node.ts'
import type { Mint } from './trust.ts'

export type { StartOptions } from './node.ts'

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
