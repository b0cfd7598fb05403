/** A host's own server with a listener attached to it, for tests on Node. */
import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Listen } from './listener.world.ts'
import { attachToNode } from './node.ts'

export type HostOptions = {
  /** What the host answers itself. @default 404 */
  readonly answer?: RequestListener
  /** Which paths are ours. @default all */
  readonly owns?: (asked: { readonly method: string; readonly url: string }) => boolean
  /** Given the host's server before it listens. */
  readonly prepare?: (server: Server) => void
}

/** `127.0.0.1` and a free port. */
export const listenAt = async (server: Server): Promise<string> => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

const notHere: RequestListener = (_, response) => void response.writeHead(404).end('the host has nothing here')

export const listenOnHost =
  ({ answer = notHere, owns = () => true, prepare }: HostOptions = {}): Listen =>
  async (behind) => {
    const server = createServer(answer)
    const upgradeless = ({ method, url }: { readonly method: string; readonly url: string }) =>
      new URL(url).pathname !== '/nowhere' && owns({ method, url })
    const attached = attachToNode(server, { ...behind, owns: upgradeless })
    prepare?.(server)
    const url = await listenAt(server)
    const end = async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    }
    return { url, end, pause: () => attached.pause(), close: () => attached.close() }
  }
