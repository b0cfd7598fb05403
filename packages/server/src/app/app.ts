/**
 * What `defineApp` makes of a description: the answers that the flows ask for. Owns no state; knows no session.
 * The description itself, with its types, is in `define-app.ts`.
 */
import type { Json, RoomEvent } from '@fanfare/protocol'
import type { StandardSchemaV1 } from '@standard-schema/spec'
import type { Log } from '../lib/log.ts'
import type { User } from '../model/identity.ts'
import type { LogRoom } from '../model/room.ts'
import type { AppContext, CommandContext, Params, RouteContext } from './context.ts'
import type { LifecycleRules, Owner } from './lifecycle.ts'
import type { MetricRule } from './metrics.ts'
import type { RouteInput } from './server-route.ts'
import type { SocketIoRule } from './socketio.ts'

export type {
  AppContext,
  CommandContext,
  FeatureContext,
  Params,
  RouteContext,
  TenantStats,
} from './context.ts'

/** What an access or publish rule is asked. */
export type AccessContext<P = Params> = {
  readonly user: User
  readonly params: P
  readonly room: string
  readonly action: 'subscribe' | 'history' | 'presence' | 'publish'
  /** The event's type, when the action is `publish`. */
  readonly event?: string
  /** The verbs of the user's tenant, for rules that must look something up. */
  readonly context: AppContext
}
export type AccessRule<P = Params> = (context: AccessContext<P>) => boolean | Promise<boolean>

/** What a slow reader of the room gets: everything, after it resumes; or only the newest event of each key. */
export type SlowPolicy = 'resume' | { readonly conflate: (event: RoomEvent) => string }

export type PresenceRule = { readonly graceMs: number; readonly state: StandardSchemaV1 | undefined }

/** A room pattern's rules, with every default filled in. */
export type RoomRule = {
  readonly pattern: string
  readonly events: ReadonlyMap<string, StandardSchemaV1>
  readonly access: AccessRule
  /** Whether a user may publish; servers and the application always may. */
  readonly publish: AccessRule
  readonly presence: PresenceRule | undefined
  readonly slow: SlowPolicy
}

/** One room of one tenant, with the rule that it falls under. */
export type Room = LogRoom & {
  readonly tenantId: string
  readonly name: string
  readonly params: Params
  readonly rule: RoomRule
}

export type CommandRule = {
  readonly name: string
  readonly input: StandardSchemaV1
  readonly handle: (context: CommandContext, input: unknown) => unknown
}

/** A reaction reads one event and publishes others. It runs at least once, on the node that took the publish. */
export type Reaction = (context: AppContext, event: RoomEvent) => void | Promise<void>

export type OwnedReaction = { readonly owner: Owner; readonly react: Reaction }

/** How an endpoint says things where an application's clients expect other words than the native dialect's. */
export type EndpointWords = {
  /** The frame for an event; JSON. For event streams: the `data` of the event. */
  readonly event?: (event: RoomEvent) => Json
  /** Members added to the `connected` frame. */
  readonly connected?: (session: { readonly tenantId: string; readonly userId: string }) => {
    readonly [name: string]: Json
  }
}

/** A path where links open: a WebSocket, or an event stream when there is no upgrade. */
export type EndpointRule = {
  readonly path: string
  /** Room name templates, filled from the path's parameters: subscribed as the link opens. */
  readonly subscribe: readonly string[]
  /** Takes `?token=` too: tokens in addresses end up in logs and histories. @default false */
  readonly tokenInQuery: boolean
  readonly words: EndpointWords
}
export type Endpoint = { readonly rule: EndpointRule; readonly params: Params; readonly rooms: readonly string[] }

type Routed = {
  readonly owner: Owner
  readonly method: string
  /** Hono's syntax: `/beds/:bedId`. */
  readonly path: string
  /** What is not a Response is sent as JSON. */
  readonly handle: (context: RouteContext, input: RouteInput) => unknown
}

export type RouteRule =
  | (Routed & { readonly auth: 'user' | 'none' })
  | (Routed & {
      readonly auth: 'server'
      readonly scope: 'publish' | 'read' | 'admin'
      /** Which room the scope must be good for; undefined: for every room. */
      readonly roomOf: ((params: Params) => string) | undefined
      readonly summary: string | undefined
      readonly body: StandardSchemaV1 | undefined
      readonly query: StandardSchemaV1 | undefined
      readonly answer: StandardSchemaV1 | undefined
    })

/** What an application says of a feature that is on. `configured`: it was named in the description, and is missed where it cannot be on. */
export type FeatureChoice = { readonly options: object; readonly configured: boolean }

export type App = {
  /** @throws FanfareError `bad_name`, `unknown_room` */
  room(tenantId: string, name: string): Room
  /** @throws FanfareError `unknown_event`, `invalid_payload`, with the path of what is wrong */
  checkEvent(room: Room, type: string, data: unknown): Json | Promise<Json>
  /** @throws FanfareError `unknown_command` */
  command(name: string): CommandRule
  /** The application's first. */
  reactions(type: string): readonly OwnedReaction[]
  endpoint(path: string): Endpoint | undefined
  readonly routes: readonly RouteRule[]
  readonly patterns: readonly RoomRule[]
  /** Absent: no Socket.IO client is served. */
  readonly socketio: SocketIoRule | undefined
  readonly lifecycle: LifecycleRules
  readonly metrics: readonly MetricRule[]
  /** Patterns of the application's own rooms that are kept in the store. */
  readonly archived: readonly string[]
  /** Those that are on, by name. */
  readonly features: ReadonlyMap<string, FeatureChoice>
  /** Run once the node is up, on every node: what it makes must be there once however often it is made. The result is called before it stops. */
  readonly onStart:
    | ((server: {
        of(tenantId: string): AppContext
        readonly log: Log
        /** What only a developer's own machine may do, such as tokens without a sign-in, asks this. */
        readonly mode: 'development' | 'production'
        mint(claims: MintClaims): Promise<string>
      }) => (() => void) | void | Promise<(() => void) | void>)
    | undefined
}

/** A token that the application makes for a user whom it has signed in itself. */
export type MintClaims = {
  readonly tenantId: string
  readonly userId: string
  readonly roles?: readonly string[]
  readonly grants?: readonly string[]
  readonly ttlSeconds?: number
  readonly claims?: { readonly [name: string]: Json }
}
