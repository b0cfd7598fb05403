/** What the `socketio` part of a description becomes, and what its functions are given. Shapes only; the flows do the work. */
import type { Json, JsonObject, RoomEvent } from '@fanfare/protocol'
import type { User } from '../model/identity.ts'
import type { AppContext } from './context.ts'
import type { SocketEmitter } from './emit.ts'

/** What a client showed when it connected to a namespace. */
export type SocketHandshake = {
  readonly namespace: string
  /** `auth` of the client, without what is the server's own: a token or ticket that it verified, and how to come back. Nothing in it is proved. */
  readonly auth: JsonObject
  readonly headers: Headers
  readonly query: URLSearchParams
  /** The client's, not that of a trusted proxy. */
  readonly address: string
  readonly origin: string | undefined
  /** Unix milliseconds. */
  readonly openedAt: number
}

/** Who a client is, where an application finds that out itself. */
export type SocketClaims = {
  readonly tenantId: string
  readonly userId: string
  readonly roles?: readonly string[]
  readonly grants?: readonly string[]
  readonly claims?: { readonly [name: string]: unknown }
  /** Unix milliseconds; the session ends then. @default in 24 hours */
  readonly expiresAt?: number
}

/** Why a session ended, in the words of Socket.IO. */
export type DisconnectReason =
  | 'transport close'
  | 'transport error'
  | 'ping timeout'
  | 'parse error'
  | 'forced close'
  | 'server shutting down'
  | 'client namespace disconnect'
  | 'server namespace disconnect'

/** Acknowledges with several arguments; what a handler returns otherwise is the one argument. */
export class SocketAnswer {
  readonly args: readonly unknown[]

  constructor(args: readonly unknown[]) {
    this.args = args
  }
}

/** What a client answered. @throws FanfareError `unavailable` when it did not in time, or has gone; `overloaded` */
export type SocketAsker = { emitWithAck(name: string | number, ...args: readonly unknown[]): Promise<unknown> }

/** One client in one namespace. Its verbs act for the application, in the tenant of the user. */
export type SocketContext = AppContext &
  SocketEmitter &
  SocketAsker & {
    /** The session. */
    readonly id: string
    readonly namespace: string
    readonly user: User
    readonly handshake: SocketHandshake
    /** It came back within the window, and is given what it missed. */
    readonly recovered: boolean
    /** The application's own, JSON; kept for a session that comes back. */
    readonly data: { [name: string]: Json }
    /** Where the client is subscribed. */
    readonly rooms: readonly string[]
    /** Left out when the client is not keeping up. */
    readonly volatile: SocketEmitter
    timeout(ms: number): SocketAsker
    /** @throws FanfareError `unknown_room`, `forbidden`, `too_many_rooms`, `unavailable` */
    join(room: string): Promise<void>
    leave(room: string): Promise<void>
    /** Shows the user to others in the room, which it must have joined. @throws FanfareError `not_subscribed`, `forbidden`, `invalid_payload` */
    appear(room: string, state?: Json): Promise<void>
    disappear(room: string): Promise<void>
    /** The client is told, and does not come back by itself. */
    disconnect(): void
  }

export type SocketHandler = {
  /** Asked about the arguments before they are given; a handler without it takes what comes. */
  readonly check: ((args: readonly unknown[]) => readonly unknown[] | Promise<readonly unknown[]>) | undefined
  readonly handle: (socket: SocketContext, ...args: readonly unknown[]) => unknown
}

/** A session that could have come back, and has not. */
export type ExpiredSession = {
  readonly id: string
  readonly namespace: string
  readonly userId: string
  readonly rooms: readonly string[]
  readonly data: Json
}

export type NamespaceRule = {
  readonly name: string
  /** Absent: a Fanfare token or ticket. */
  readonly authenticate: ((handshake: SocketHandshake) => SocketClaims | Promise<SocketClaims>) | undefined
  /** Room name templates with `{userId}` and `{tenantId}`. */
  readonly subscribe: readonly string[]
  /** The clients' name → the command. */
  readonly commands: ReadonlyMap<string, string>
  /** Our event → the clients' name. */
  readonly events: ReadonlyMap<string, string>
  /** Our event → what the clients' event says, where that is not its data. */
  readonly words: ReadonlyMap<string, (event: RoomEvent) => Json>
  /** The event with which a client shows a new token. */
  readonly refresh: string | undefined
  readonly handlers: ReadonlyMap<string, SocketHandler>
  readonly connect: ((socket: SocketContext) => unknown) | undefined
  readonly disconnect: ((socket: SocketContext, reason: DisconnectReason) => unknown) | undefined
  readonly expired: ((context: AppContext, session: ExpiredSession) => unknown) | undefined
}

export type SocketIoTransport = 'polling' | 'websocket'

/** One client of plain Engine.IO. Nobody asked who it is. */
export type PlainSocket = {
  readonly id: string
  readonly handshake: Omit<SocketHandshake, 'namespace' | 'auth'>
  /** Text or bytes, as they are. A client that does not keep up is cut off. */
  send(data: string | Uint8Array): void
  close(): void
}

/** Messages without names, namespaces and rooms, at a path of their own. A client's are handled one after another. */
export type PlainRule = {
  readonly path: string
  readonly connect: ((socket: PlainSocket) => unknown) | undefined
  readonly message: (socket: PlainSocket, data: string | Uint8Array) => unknown
  readonly disconnect: ((socket: PlainSocket, reason: DisconnectReason) => unknown) | undefined
}

/** Durations in ms, sizes in bytes. */
export type SocketIoRule = {
  readonly path: string
  readonly pingIntervalMs: number
  readonly pingTimeoutMs: number
  readonly upgradeTimeoutMs: number
  readonly connectTimeoutMs: number
  /** Absent: a client may say nothing for as long as it likes. */
  readonly idleTimeoutMs: number | undefined
  readonly maxPayload: number
  readonly transports: readonly SocketIoTransport[]
  readonly serveClient: boolean
  /** How long a session can come back. Absent: it cannot. */
  readonly recovery: { readonly forMs: number } | undefined
  readonly namespaces: ReadonlyMap<string, NamespaceRule>
  readonly plain: PlainRule | undefined
}
