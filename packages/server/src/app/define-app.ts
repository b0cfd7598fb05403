/**
 * `defineApp`: from a description to an application that the server can run and a client can be typed by. Everything that
 * can be wrong with a description is found here, before anything listens. Knows no feature but those that it is given.
 */
import { FanfareError } from '@fanfare/protocol'
import type { StandardSchemaV1 } from '@standard-schema/spec'
import type { App, CommandContext, OwnedReaction } from './app.ts'
import type { AppDescription, CommandDescription, Commands, DefinedApp, RoomSchemas } from './description.ts'
import { createEndpointTable, readEndpoints } from './endpoints.ts'
import type { DefinableFeature } from './feature-description.ts'
import { gatherLifecycle, readLifecycle } from './lifecycle.ts'
import { readMetrics } from './metrics.ts'
import { createProblems, type Problems } from './problems.ts'
import { describeFeatures, type ReadFeature } from './read-features.ts'
import { readSocketIo } from './read-socketio.ts'
import { checkEvent, createRoomTable } from './room-table.ts'
import { type RoomEntry, readRooms, readRoomsOfFeatures } from './rooms.ts'
import { type ReactionsOf, readCommands, readReactions, readRoutes } from './verbs.ts'

/** A command: `input` is checked before `handle` runs; what it returns is the answer, as JSON. */
export const command = <Schema extends StandardSchemaV1, Output>(
  input: Schema,
  handle: (context: CommandContext, input: StandardSchemaV1.InferOutput<Schema>) => Output | Promise<Output>,
): CommandDescription<Schema, Output> => ({ input, handle })

/** Without any feature. Nothing is started and nothing is opened: the result only answers questions. @throws Error that lists every mistake */
export const defineApp = <const Rooms extends RoomSchemas, const Names extends Commands = Record<never, never>>(
  description: AppDescription<Rooms, Names>,
): DefinedApp<Rooms, Names> => defineAppWith([], description)

/** With those of the features that the description does not switch off. @throws Error that lists every mistake */
export const defineAppWith = <const Rooms extends RoomSchemas, const Names extends Commands = Record<never, never>>(
  known: readonly DefinableFeature[],
  description: AppDescription<Rooms, Names>,
): DefinedApp<Rooms, Names> => {
  // From here on parameters and events are known by their patterns at run time, not by their types.
  const given = description as unknown as AppDescription
  const problems = createProblems()
  const features = describeFeatures(known, given.features, problems)
  const rooms = readAllRooms(given, features, problems)
  const patterns = rooms.map(({ pattern }) => pattern)
  const eventTypes = new Set(rooms.flatMap(({ rule }) => [...rule.events.keys()]))
  // An application's own command stands in front of a feature's.
  const ofFeatures = features.flatMap((feature) => Object.entries(feature.description.commands ?? {}))
  const commands = readCommands({ ...Object.fromEntries(ofFeatures), ...given.commands }, problems)
  const reactions = readReactions(reactionsOf(given, features), eventTypes, problems)
  const endpoints = readEndpoints(given.endpoints ?? {}, patterns, problems)
  const routes = readRoutes(
    [
      { owner: '', routes: given.routes ?? {} },
      ...features.map(({ name, description: { routes = {} } }) => ({ owner: name, routes })),
    ],
    problems,
  )
  const names = new Set(commands.keys())
  const socketio = readSocketIo(given.socketio, { rooms: patterns, eventTypes, commands: names, problems })
  const lifecycle = readAllLifecycles(given, features, problems)
  const metrics = readMetrics(given.metrics, problems)
  problems.throwIfAny()
  const app: App = {
    room: createRoomTable(rooms),
    checkEvent,
    command(name) {
      const rule = commands.get(name)
      if (rule) return rule
      throw new FanfareError('unknown_command', `The application has no command "${name.slice(0, 40)}".`)
    },
    reactions: (type) => reactions.get(type) ?? none,
    endpoint: createEndpointTable(endpoints),
    routes,
    patterns: rooms.map(({ rule }) => rule),
    socketio,
    lifecycle,
    metrics,
    archived: rooms
      .filter(({ log, pattern }) => log.archive && Object.hasOwn(given.rooms ?? {}, pattern.text))
      .map(({ rule }) => rule.pattern),
    features: new Map(features.map(({ name, options, configured }) => [name, { options, configured }])),
    onStart: given.onStart,
  }
  return Object.freeze(app)
}

const none: readonly OwnedReaction[] = Object.freeze([])

const readAllRooms = (
  { rooms = {}, socketio }: AppDescription,
  features: readonly ReadFeature[],
  problems: Problems,
): readonly RoomEntry[] => {
  const own = readRooms(rooms, problems)
  const all = readRoomsOfFeatures(
    own,
    features.map(({ name, description }) => ({ name, rooms: description.rooms })),
    problems,
  )
  // Socket.IO clients can be emitted to without any.
  if (all.length === 0 && Object.keys(rooms).length === 0 && socketio === undefined) {
    problems.add('rooms', 'describe at least one room.')
  }
  return all
}

const reactionsOf = ({ on }: AppDescription, features: readonly ReadFeature[]): readonly ReactionsOf[] => [
  { owner: '', on: (on ?? {}) as ReactionsOf['on'] },
  ...features.map(({ name, description }) => ({ owner: name, on: (description.on ?? {}) as ReactionsOf['on'] })),
]

const readAllLifecycles = (given: AppDescription, features: readonly ReadFeature[], problems: Problems) =>
  gatherLifecycle([
    { owner: '', handlers: readLifecycle(given.lifecycle, problems) },
    ...features.map(({ name, description }) => ({ owner: name, handlers: description.lifecycle ?? {} })),
  ])
