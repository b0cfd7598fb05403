/**
 * Stands before the listeners of an existing `http.Server`, those that come later among them: what is taken here they
 * never see, everything else they see as if nobody stood there. Decides nothing itself.
 */
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'

export type Takers = {
  /** Whether the request is taken; then it will be answered. */
  request(incoming: IncomingMessage, response: ServerResponse): boolean
  /** Whether `upgrade` will take it. May be asked more than once. */
  upgrades(incoming: IncomingMessage): boolean
  upgrade(incoming: IncomingMessage, socket: Duplex, head: Buffer): void
}

/** Node asks it, from 22.21 and 24.9 on, whether a request that offers an upgrade is one or is a request like others. */
type Upgrading = { shouldUpgradeCallback?: (incoming: IncomingMessage) => boolean }

/** Node gives an upgrade to nobody unless somebody listens. */
const present = (): void => {}

/** @returns lets go of the server again */
export const standBefore = (server: Server, takers: Takers): (() => void) => {
  const emit = server.emit
  let active = true
  const hooked = (name: string, ...given: unknown[]): boolean =>
    (active && take(server, takers, { name, given })) || Reflect.apply(emit, server, [name, ...given])
  server.emit = hooked as typeof server.emit
  server.on('upgrade', present)
  const release = decideUpgrades(server, takers)
  return () => {
    active = false
    server.off('upgrade', present)
    release()
    // Somebody may stand before us by now; then what is left here lets everything pass.
    if (server.emit === (hooked as typeof server.emit)) server.emit = emit
  }
}

type Emitted = { readonly name: string; readonly given: readonly unknown[] }

const take = (server: Server, takers: Takers, { name, given }: Emitted): boolean => {
  const incoming = given[0] as IncomingMessage
  switch (name) {
    case 'request':
      return takers.request(incoming, given[1] as ServerResponse)
    case 'checkContinue': {
      // The host may have a say on when bodies are sent; on those for us it has none.
      const response = given[1] as ServerResponse
      if (!takers.request(incoming, response)) return false
      response.writeContinue()
      return true
    }
    case 'upgrade': {
      const [, socket, head] = given as [IncomingMessage, Duplex, Buffer]
      if (takers.upgrades(incoming)) takers.upgrade(incoming, socket, head)
      else if (hostListens(server)) return false
      // Only where Node cannot be told beforehand; it has parsed no further, so there is no request to hand on.
      else socket.on('error', present).end('HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n')
      return true
    }
    default:
      return false
  }
}

const hostListens = (server: Server): boolean => server.listeners('upgrade').some((listener) => listener !== present)

/** A request that merely offers an upgrade (to HTTP/2, say), to a host that knows none, stays the request that it was. */
const decideUpgrades = (server: Server & Upgrading, { upgrades }: Takers): (() => void) => {
  const before = server.shouldUpgradeCallback
  if (before === undefined) return () => {}
  const decide = (incoming: IncomingMessage): boolean =>
    upgrades(incoming) || (hostListens(server) && before.call(server, incoming))
  server.shouldUpgradeCallback = decide
  return () => {
    if (server.shouldUpgradeCallback === decide) server.shouldUpgradeCallback = before
  }
}
