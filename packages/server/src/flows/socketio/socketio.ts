/** Socket.IO on this node, put together: what an Engine.IO session is handed to, and what runs beside all of them. */
import type { PlainRule, SocketIoRule } from '../../app/socketio.ts'
import { socketIoDialect } from '../../wire/socketio/dialect.ts'
import type { Services } from '../services.ts'
import { SocketIoConnection } from './connection.ts'
import { engineId } from './engine-id.ts'
import type { EngineLink, EngineSettings, OpenEngine } from './engine-port.ts'
import { EngineSockets } from './engine-sockets.ts'
import { IdleClients } from './idle.ts'
import type { ConnectionLimits, SocketIoNode } from './node.ts'
import { OtherNodes } from './other-nodes.ts'
import { PlainConnection } from './plain-connection.ts'
import { Recovery } from './recovery.ts'

/** What is spoken at one path of Engine.IO. */
export type Spoken = { readonly settings: EngineSettings; readonly open: OpenEngine }

export type SocketIo = {
  /** Socket.IO first. */
  readonly spoken: readonly Spoken[]
  /** The sessions of each, in the same order. */
  readonly engines: readonly EngineSockets[]
  /** Resolves with what stops it, after the last connection has ended. */
  start(): Promise<() => Promise<void>>
}

/** What a client held back while it was away comes at once; more than this is a flood. */
const heldPackets = 1_000

export const createSocketIo = (services: Services, rule: SocketIoRule): SocketIo => {
  const { clock, engine } = services
  const others = new OtherNodes(services, rule.maxPayload)
  const recovery = rule.recovery && new Recovery(services, rule.recovery.forMs, others)
  const idle = rule.idleTimeoutMs === undefined ? undefined : new IdleClients(clock, rule.idleTimeoutMs)
  const dialects = [...rule.namespaces.values()].map(({ name, events, words }) => {
    const dialect = socketIoDialect({ namespace: name, events, words, recovery: recovery !== undefined })
    return [name, dialect] as const
  })
  const { jsonDepth: depth, jsonKeys: keys, inboxMessages, inboxBytes } = services.limits
  const limits: ConnectionLimits = {
    depth,
    keys,
    inboxMessages: Math.max(inboxMessages, heldPackets),
    attachedBytes: rule.maxPayload,
    // One message as large as is allowed, with its attachments, must fit.
    inboxBytes: Math.max(inboxBytes, 2 * rule.maxPayload),
  }
  const node: SocketIoNode = { services, limits, rule, dialects: new Map(dialects), recovery, idle }
  const spoken: readonly Spoken[] = [
    { settings: rule, open: (link) => new SocketIoConnection(node, link) },
    ...(rule.plain ? [spokenPlain(services, rule, rule.plain)] : []),
  ]
  const ids = () => engineId(engine.node)
  const engines = spoken.map((one) => new EngineSockets({ ...one, clock, ids, others }))
  return {
    spoken,
    engines,
    async start() {
      const stopOthers = await others.start({ engines, yields: (life) => recovery?.yield(life) })
      const stopRecovery = await recovery?.start()
      const stopIdle = idle?.start()
      return async () => {
        stopIdle?.()
        await stopRecovery?.()
        await stopOthers()
      }
    },
  }
}

const spokenPlain = (services: Services, rule: SocketIoRule, plain: PlainRule): Spoken => ({
  settings: { ...rule, path: plain.path, serveClient: false },
  open: (link: EngineLink) => new PlainConnection(services, plain, link),
})
