/** The shape of the `socketio` part of `defineApp`: what Socket.IO clients find, under the names that they know. */
import type { Json, RoomEvent } from '@fanfare/protocol'
import type { StandardSchemaV1 } from '@standard-schema/spec'
import type { AppContext } from './context.ts'
import type { Duration } from './duration.ts'
import {
  type DisconnectReason,
  type ExpiredSession,
  type PlainSocket,
  SocketAnswer,
  type SocketClaims,
  type SocketContext,
  type SocketHandshake,
  type SocketIoTransport,
} from './socketio.ts'

/** A method, not a function: so that an author may say the types of arguments that nothing checks. */
export type PlainHandler = { handle(socket: SocketContext, ...args: unknown[]): unknown }['handle']

/** A handler whose arguments are checked first; made by `socketHandler`. */
export type CheckedHandler = { readonly args: StandardSchemaV1; readonly handle: PlainHandler }

/** What clients know of an event: its name, and what it says where that is not the event's data. Once for all of them. */
export type SocketWords = { readonly name: string; readonly data: (event: RoomEvent) => Json }

/** Clients' names for ours. What is not named keeps its name. */
export type SocketNames = {
  /** What a client emits → the command that it is. */
  readonly commands?: { readonly [clientName: string]: string }
  /** Our event → what clients listen to. */
  readonly events?: { readonly [event: string]: string | SocketWords }
}

export type NamespaceDescription = SocketNames & {
  /** Finds out who a client is; what it throws refuses the connection. @default a Fanfare token in `auth.token` or the Authorization header, or a ticket in `auth.ticket` or `?ticket=` */
  readonly authenticate?: (handshake: SocketHandshake) => SocketClaims | Promise<SocketClaims>
  /** Rooms that every client is put into, with `{userId}` and `{tenantId}`; access rules hold. @default [] */
  readonly subscribe?: readonly string[]
  /** The event with which a client shows a new token on the live connection, as `socket.emit('auth', token)`. @default none */
  readonly refresh?: string
  /** Once a client is connected, before its first event is handled; also when it came back. */
  readonly connect?: (socket: SocketContext) => unknown
  /** What a client emits → what is done with it. What it returns is acknowledged, where the client asks. Before commands. */
  readonly on?: { readonly [clientName: string]: PlainHandler | CheckedHandler }
  readonly disconnect?: (socket: SocketContext, reason: DisconnectReason) => unknown
  /** Exactly once for each session that could have come back and has not: where what it held is let go. */
  readonly expired?: (context: AppContext, session: ExpiredSession) => unknown
}

/** For clients of `engine.io-client` alone. Whoever comes is let in: `connect` looks at the handshake, and may close. */
export type PlainDescription = {
  /** @example '/engine.io' */
  readonly path: string
  readonly connect?: (socket: PlainSocket) => unknown
  readonly message: (socket: PlainSocket, data: string | Uint8Array) => unknown
  readonly disconnect?: (socket: PlainSocket, reason: DisconnectReason) => unknown
}

export type SocketIoDescription = SocketNames & {
  /** @default '/socket.io' */
  readonly path?: string
  /** @default '25s' */
  readonly pingInterval?: Duration
  /** @default '20s' */
  readonly pingTimeout?: Duration
  /** @default '10s' */
  readonly upgradeTimeout?: Duration
  /** How long a connection may be in no namespace. @default '45s' */
  readonly connectTimeout?: Duration
  /** A client that emits nothing for so long is disconnected, and does not come back by itself. What it hears counts for nothing. @default never */
  readonly idleTimeout?: Duration
  /** Bytes of one message. @default 1000000 */
  readonly maxPayload?: number
  /** @default ['polling', 'websocket'] */
  readonly transports?: readonly SocketIoTransport[]
  /** Whether the browser's client is served under the path. @default true */
  readonly serveClient?: boolean
  /** How long a client can come back and be given what it missed; its events then end with one more argument. @default false */
  readonly recovery?: false | { readonly for: Duration }
  /** @default { '/': {} } */
  readonly namespaces?: { readonly [namespace: string]: NamespaceDescription }
  /** Messages of Engine.IO without Socket.IO, at another path, with the same times and limits. Anybody may connect: `connect` closes whom it does not know. What these functions throw ends that link. @default none */
  readonly plain?: PlainDescription
}

/** A handler whose arguments, as an array, a schema checks: `socketHandler(z.tuple([z.string()]), (socket, text) => …)`. */
export const socketHandler = <Schema extends StandardSchemaV1<unknown, readonly unknown[]>>(
  args: Schema,
  handle: (socket: SocketContext, ...args: [...StandardSchemaV1.InferOutput<Schema>]) => unknown,
): CheckedHandler => ({ args, handle: handle as PlainHandler })

/** For a handler that acknowledges with several arguments: `return answerWith(1, 'two')`. */
export const answerWith = (...args: readonly unknown[]): SocketAnswer => new SocketAnswer(args)
