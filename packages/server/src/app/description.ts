/** The shapes of what a user writes into `defineApp`, and the types that follow from it. No behaviour; defaults are named here and filled in beside. */
import type { Described, Json, RoomEvent } from '@fanfare/protocol'
import type { StandardSchemaV1 } from '@standard-schema/spec'
import type { AccessRule, App, AppContext, CommandContext, EndpointWords, RouteContext } from './app.ts'
import type { Duration } from './duration.ts'
import type { FeatureCommands, FeatureOptions, FeatureRooms } from './features.ts'
import type { LifecycleHandlers } from './lifecycle.ts'
import type { MetricDescriptions } from './metrics.ts'
import type { ParamsOf } from './pattern.ts'
import type { ServerRouteDescription } from './server-route.ts'
import type { SocketIoDescription } from './socketio-description.ts'

export type EventSchemas = { readonly [event: string]: StandardSchemaV1 }
export type RoomSchemas = { readonly [pattern: string]: EventSchemas }

export type LogDescription = {
  /** How many events. @default 100 */
  readonly keep?: number
  /** How long. @default '5m' */
  readonly for?: Duration
  /** On disk, acknowledged after the commit; else in memory, gone with the process. @default false */
  readonly durable?: boolean
  /**
   * What an acknowledgement waits for where rooms are in Redis: `broker` for the master, `replicas` for a replica of it too, so
   * that the event outlives the master. Slower, and while no replica answers a publish fails with `unavailable`: try again with
   * the same key. One node without Redis has no replicas, and states what it has. @default 'broker'
   */
  readonly acks?: 'broker' | 'replicas'
  /**
   * Kept in the store for so long, whatever `keep` and `for` say, which then only bound what is at hand: who was away gets all
   * of it, from the same position. Acknowledged once it is committed. @default not
   */
  readonly archive?: Duration | 'forever'
}

export type PresenceDescription = {
  /** How long a user whose connection broke off is still shown. @default '15s' */
  readonly grace?: Duration
  /** What a member may say about itself. @default any JSON */
  readonly state?: StandardSchemaV1
}

export type RoomDescription<Pattern extends string = string, Events extends EventSchemas = EventSchemas> = {
  /** Event type → schema of its data. */
  readonly events: Events
  /** What a client that was away can still get. @default { keep: 100, for: '5m', durable: false, acks: 'broker' } */
  readonly log?: LogDescription | 'none'
  /** Who may subscribe and read history: a rule, or every user of the tenant. There is no default: somebody must have thought of it. */
  readonly access: AccessRule<ParamsOf<Pattern>> | 'tenant'
  /** Which users may publish; the application and servers with a key always may. @default 'server', which is none */
  readonly publish?: AccessRule<ParamsOf<Pattern>> | 'tenant' | 'server'
  /** Whether members are shown. @default not */
  readonly presence?: true | PresenceDescription
  /** What becomes of a reader that is too slow: it resumes from where it was, or gets only the newest event of each key. @default 'resume' */
  readonly slow?: 'resume' | { readonly conflate: (event: EventIn<Events>) => string }
}

/** An input schema and what is done with it; made by `command`. */
export type CommandDescription<Schema extends StandardSchemaV1 = StandardSchemaV1, Output = unknown> = {
  readonly input: Schema
  readonly handle: (context: CommandContext, input: StandardSchemaV1.InferOutput<Schema>) => Output | Promise<Output>
}
/** Any command: `never` because each takes another input. */
export type AnyCommand = {
  readonly input: StandardSchemaV1
  readonly handle: (context: CommandContext, input: never) => unknown
}
export type Commands = { readonly [name: string]: AnyCommand }

export type EndpointDescription = {
  /** Room names, with the path's parameters in braces. @default [] */
  readonly subscribe?: readonly string[]
  /** Takes `?token=` too: tokens in addresses end up in logs and histories. @default false */
  readonly tokenInQuery?: boolean
  readonly words?: EndpointWords
}

export type RouteHandler = (context: RouteContext) => unknown
export type RouteDescription =
  | RouteHandler
  | { readonly auth: 'user' | 'none'; readonly handle: RouteHandler }
  | ServerRouteDescription

/** Event type → what follows from it: runs at least once for each event, on the node that took the publish. */
export type OwnReactions<Rooms extends RoomSchemas> = {
  readonly [Type in EventTypeOf<Rooms>]?: (
    context: AppContext,
    event: RoomEvent<Type, DataOf<Rooms, Type>>,
  ) => void | Promise<void>
}

/** The same, for events of features too; a feature's own reactions run besides. */
export type Reactions<Rooms extends RoomSchemas> = OwnReactions<Rooms> & {
  readonly [Type in Exclude<FeatureEventType, EventTypeOf<Rooms>>]?: (
    context: AppContext,
    event: RoomEvent<Type, FeatureData<Type>>,
  ) => void | Promise<void>
}

export type AppDescription<Rooms extends RoomSchemas = RoomSchemas, Names extends Commands = Commands> = {
  /** Name pattern → rules. A parameter in braces fills a whole part between colons. */
  readonly rooms?: { readonly [Pattern in keyof Rooms]: RoomDescription<Pattern & string, Rooms[Pattern]> }
  /** What users may ask for by name. */
  readonly commands?: Names
  readonly on?: Reactions<Rooms>
  /** Path → an address where links open with subscriptions of its own, besides the standard ones. */
  readonly endpoints?: { readonly [path: string]: EndpointDescription }
  /** `'GET /beds/{bedId}'` → handler. */
  readonly routes?: { readonly [route: string]: RouteDescription }
  /** What Socket.IO clients find. @default they are not served */
  readonly socketio?: SocketIoDescription
  /** Chat, inbox and so on: configured, or switched off with `false`. @default all on */
  readonly features?: FeatureOptions
  /** Numbers of its own at `/metrics`, read whenever somebody looks. */
  readonly metrics?: MetricDescriptions
  /** What follows when a user or a room is left by everybody, once over all nodes. */
  readonly lifecycle?: LifecycleHandlers
  /**
   * Run once the node is up, on every node: what it makes must be there once however often it is made (publish with a
   * key). What it returns is called before the node stops.
   */
  readonly onStart?: NonNullable<App['onStart']>
}

/** What a client may know of rooms. */
export type RoomsSeen<Rooms extends RoomSchemas> = {
  readonly [Pattern in keyof Rooms & string]: {
    readonly [Type in keyof Rooms[Pattern] & string]: {
      readonly input: StandardSchemaV1.InferInput<Rooms[Pattern][Type]>
      readonly output: JsonOf<StandardSchemaV1.InferOutput<Rooms[Pattern][Type]>>
    }
  }
}

/** What a client may know of commands. */
export type CommandsSeen<Names extends Commands> = {
  readonly [Name in keyof Names & string]: {
    readonly input: StandardSchemaV1.InferInput<Names[Name]['input']>
    readonly output: JsonOf<Awaited<ReturnType<Names[Name]['handle']>>>
  }
}

/** An application: what the server runs, and (as types only) what a client may know of it. */
export type DefinedApp<Rooms extends RoomSchemas, Names extends Commands> = App &
  Described<{
    readonly rooms: RoomsSeen<Rooms> & Flat<FeatureRooms>
    readonly commands: CommandsSeen<Names> & Flat<Omit<FeatureCommands, keyof Names>>
  }>

/** As an anonymous type, which may be taken for a record where an interface may not. */
type Flat<Merged> = { readonly [Name in keyof Merged]: Merged[Name] }

/** A value as it is after it has been JSON: members that may be undefined are absent instead, and nothing that JSON cannot say is left. */
export type JsonOf<Value> = unknown extends Value
  ? Json
  : Value extends Json
    ? Value
    : Value extends undefined | void
      ? null
      : Value extends bigint | symbol | ((...rest: never) => unknown) | { toJSON(): unknown }
        ? never
        : Value extends readonly unknown[]
          ? { readonly [Index in keyof Value]: JsonOf<Value[Index]> }
          : { readonly [Member in keyof Value]: JsonOf<Exclude<Value[Member], undefined>> }

type OutputOf<Schema extends StandardSchemaV1> = JsonOf<StandardSchemaV1.InferOutput<Schema>>

/** The events of one room, told apart by `type`. */
export type EventIn<Events extends EventSchemas> = {
  [Type in keyof Events & string]: RoomEvent<Type, OutputOf<Events[Type]>>
}[keyof Events & string]

type EventTypeOf<Rooms extends RoomSchemas> = { [Pattern in keyof Rooms]: keyof Rooms[Pattern] & string }[keyof Rooms]

/** An event type may be in several rooms; its data is what any of them says. */
type DataOf<Rooms extends RoomSchemas, Type extends string> = {
  [Pattern in keyof Rooms]: Rooms[Pattern] extends { readonly [Name in Type]: infer Schema extends StandardSchemaV1 }
    ? OutputOf<Schema>
    : never
}[keyof Rooms]

type FeatureEventType = { [Pattern in keyof FeatureRooms]: keyof FeatureRooms[Pattern] & string }[keyof FeatureRooms]

type FeatureData<Type extends string> = {
  [Pattern in keyof FeatureRooms]: FeatureRooms[Pattern] extends {
    readonly [Name in Type]: { readonly output: infer Data }
  }
    ? Data
    : never
}[keyof FeatureRooms]
