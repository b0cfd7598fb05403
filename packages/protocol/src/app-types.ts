/**
 * What a client knows, at compile time only, of an application: its rooms, events and commands. The server's `defineApp`
 * makes a value of type `Described<…>`; a client is typed by `createClient<typeof app>()` and no code is generated.
 */
import type { RoomEvent } from './event.ts'
import type { Json } from './json.ts'

/** Data as a sender gives it and as a receiver gets it, after the application's schema has read it. */
export type PayloadTypes = { readonly input: unknown; readonly output: unknown }

/** Room pattern → event type → data, and command name → input and answer. */
export type AppTypes = {
  readonly rooms: { readonly [pattern: string]: { readonly [event: string]: PayloadTypes } }
  readonly commands: { readonly [name: string]: PayloadTypes }
}

/** Carries an application's types; there is no such member at run time. */
export type Described<Types extends AppTypes = AppTypes> = { readonly '~types'?: Types }

/** The application of a client that was told of none: any room, any event, any JSON. */
export type AnyApp = Described<{
  readonly rooms: { readonly [pattern: string]: { readonly [event: string]: { input: Json; output: Json } } }
  readonly commands: { readonly [name: string]: { input: Json; output: Json } }
}>

export type TypesOf<App extends Described> = NonNullable<App['~types']>

type Rooms<App extends Described> = TypesOf<App>['rooms']
type Commands<App extends Described> = TypesOf<App>['commands']

/** Every name that a pattern covers, as a template literal: `patient:{id}` is `patient:${string}`. Loose, for editors to suggest. */
export type RoomName<App extends Described> = NameOf<keyof Rooms<App> & string>
type NameOf<Pattern extends string> = Pattern extends `${infer Before}{${string}}${infer After}`
  ? `${Before}${string}${NameOf<After>}`
  : Pattern

/** The one pattern that a room name falls under, or never. Understands `patient:${id}:vitals` where `id` is a string. */
export type PatternOf<App extends Described, Name extends string> = string extends keyof Rooms<App>
  ? string
  : MostSpecific<Covering<keyof Rooms<App> & string, Name>>

/**
 * For `room<const Name extends string>(name: KnownRoom<App, Name>)`: `Name` where the application has such a room, else
 * the names that it does have. `patient:42:x` fits `patient:${string}` letter by letter, so that loose list cannot refuse it.
 */
export type KnownRoom<App extends Described, Name extends string> = [PatternOf<App, Name>] extends [never]
  ? Name extends RoomName<App>
    ? never
    : RoomName<App>
  : Name

/** Event type → data as it arrives, of the room of this name. */
export type RoomEvents<App extends Described, Name extends string> = {
  readonly [Type in keyof Rooms<App>[PatternOf<App, Name>] & string]: Rooms<App>[PatternOf<App, Name>][Type]['output']
}

/** Event type → data as a publisher may give it, of the room of this name. */
export type RoomInputs<App extends Described, Name extends string> = {
  readonly [Type in keyof Rooms<App>[PatternOf<App, Name>] & string]: Rooms<App>[PatternOf<App, Name>][Type]['input']
}

/** The events of the room of this name, told apart by `type`. */
export type EventOf<App extends Described, Name extends string> = {
  [Type in keyof RoomEvents<App, Name> & string]: RoomEvent<Type, RoomEvents<App, Name>[Type]>
}[keyof RoomEvents<App, Name> & string]

export type CommandName<App extends Described> = keyof Commands<App> & string
export type CommandInput<App extends Described, Name extends CommandName<App>> = Commands<App>[Name]['input']
export type CommandOutput<App extends Described, Name extends CommandName<App>> = Commands<App>[Name]['output']

/** Those of the patterns that cover the name, segment by segment. */
type Covering<Patterns extends string, Name extends string> = Patterns extends Patterns
  ? Covers<Patterns, Name> extends true
    ? Patterns
    : never
  : never

type Covers<Pattern extends string, Name extends string> = Name extends `${infer NameHead}:${infer NameRest}`
  ? Pattern extends `${infer Head}:${infer Rest}`
    ? SegmentFits<Head, NameHead> extends true
      ? Covers<Rest, NameRest>
      : false
    : false
  : Pattern extends `${string}:${string}`
    ? false
    : SegmentFits<Pattern, Name>

type SegmentFits<Segment extends string, Text extends string> = Text extends ''
  ? false
  : Segment extends `{${string}}`
    ? true
    : Text extends Segment
      ? true
      : false

/** Of overlapping patterns, the one that every other covers: a literal segment beats a parameter. */
type MostSpecific<Patterns extends string, All extends string = Patterns> = Patterns extends Patterns
  ? [All] extends [Covering<All, Patterns>]
    ? Patterns
    : never
  : never
