/** Socket.IO on this node, put together: what an Engine.IO session is handed to, and what runs beside all of them. */
import type { SocketIoRule } from '../../app/socketio.ts'
import { socketIoDialect } from '../../wire/socketio/dialect.ts'
import type { Services } from '../services.ts'
import { type ConnectionLimits, SocketIoConnection } from './connection.ts'
import type { EngineLink, EngineSettings, OpenEngine } from './engine-port.ts'
import type { SocketIoNode } from './node.ts'
import { PlainConnection } from './plain-connection.ts'
import { Recovery } from './recovery.ts'

/** What is spoken at one path of Engine.IO. */
export type Spoken = { readonly settings: EngineSettings; readonly open: OpenEngine }

export type SocketIo = {
  /** Socket.IO first. */
  readonly spoken: readonly Spoken[]
  /** Resolves with what stops it, after the last connection has ended. */
  start(): Promise<() => Promise<void>>
}

/** What a client held back while it was away comes at once; more than this is a flood. */
const heldPackets = 1_000

export const createSocketIo = (services: Services, rule: SocketIoRule): SocketIo => {
  const recovery = rule.recovery && new Recovery(services, rule.recovery.forMs)
  const dialects = [...rule.namespaces.values()].map(({ name, events }) => {
    const dialect = socketIoDialect({ namespace: name, events, recovery: recovery !== undefined })
    return [name, dialect] as const
  })
  const node: SocketIoNode = { services, rule, dialects: new Map(dialects), recovery }
  const { jsonDepth: depth, jsonKeys: keys, inboxMessages, inboxBytes } = services.limits
  const limits: ConnectionLimits = {
    depth,
    keys,
    inboxMessages: Math.max(inboxMessages, heldPackets),
    attachedBytes: rule.maxPayload,
    // One message as large as is allowed, with its attachments, must fit.
    inboxBytes: Math.max(inboxBytes, 2 * rule.maxPayload),
  }
  const { plain } = rule
  return {
    spoken: [
      { settings: rule, open: (link) => new SocketIoConnection(node, link, limits) },
      ...(plain
        ? [
            {
              settings: { ...rule, path: plain.path, serveClient: false },
              open: (link: EngineLink) => new PlainConnection(services, plain, link),
            },
          ]
        : []),
    ],
    async start() {
      if (!recovery) return async () => {}
      const stop = await services.engine.sessions.start()
      recovery.start()
      return async () => {
        recovery.stop()
        await stop()
      }
    },
  }
}
