/** The Engine.IO sessions of this node by id. Those of other nodes are reached through `others`. */
import type { Link, LinkReader } from '../../hub/link.ts'
import type { Clock } from '../../lib/clock.ts'
import { openPacket } from '../../wire/socketio/engine-packets.ts'
import { Heartbeat } from './engine-heartbeat.ts'
import { Polling } from './engine-polling.ts'
import type { EngineSettings, EngineTransport, Handshake, OpenEngine } from './engine-port.ts'
import { EngineSocket } from './engine-socket.ts'
import type { OtherNodes } from './other-nodes.ts'

export type EngineSocketsOptions = {
  readonly clock: Clock
  readonly settings: EngineSettings
  readonly open: OpenEngine
  readonly ids: () => string
  readonly others: OtherNodes
}

export class EngineSockets {
  readonly clock: Clock
  readonly settings: EngineSettings
  readonly heartbeat: Heartbeat
  readonly others: OtherNodes
  readonly #open: OpenEngine
  readonly #ids: () => string
  readonly #sockets = new Map<string, EngineSocket>()

  constructor({ clock, settings, open, ids, others }: EngineSocketsOptions) {
    this.clock = clock
    this.settings = settings
    this.heartbeat = new Heartbeat({ clock, ...settings })
    this.#open = open
    this.#ids = ids
    this.others = others
  }

  get size(): number {
    return this.#sockets.size
  }

  all(): readonly EngineSocket[] {
    return [...this.#sockets.values()]
  }

  /** Undefined where the session is unknown here or has ended. */
  find(id: string): EngineSocket | undefined {
    const socket = this.#sockets.get(id)
    if (!socket || !this.heartbeat.isLate(socket)) return socket
    socket.lapse()
    return undefined
  }

  /** @returns the payload that answers the GET which opened the session */
  openPolling(handshake: Handshake): string {
    const socket: EngineSocket = this.#add(handshake, new Polling(() => socket.drained()))
    socket.open(this.#open)
    return this.#greeting(socket.id, 'polling')
  }

  openLink(handshake: Handshake, link: Link): LinkReader {
    const socket = this.#add(handshake, link)
    link.write([this.#greeting(socket.id, 'websocket')])
    socket.open(this.#open)
    return socket
  }

  forget(socket: EngineSocket): void {
    this.heartbeat.forget(socket)
    this.#sockets.delete(socket.id)
  }

  /** Ends every session that is left; each reader hears `server shutting down`. */
  stop(): void {
    for (const socket of this.all()) socket.end('server shutting down')
    this.heartbeat.stop()
  }

  #add(handshake: Handshake, carrier: Polling | Link): EngineSocket {
    const socket = new EngineSocket({ id: this.#ids(), handshake, home: this, carrier })
    this.#sockets.set(socket.id, socket)
    this.heartbeat.rest(socket)
    return socket
  }

  #greeting(sid: string, transport: EngineTransport): string {
    const { pingIntervalMs, pingTimeoutMs, maxPayload, transports } = this.settings
    return openPacket({
      sid,
      upgrades: transport === 'polling' && transports.includes('websocket') ? ['websocket'] : [],
      pingInterval: pingIntervalMs,
      pingTimeout: pingTimeoutMs,
      maxPayload,
    })
  }
}
