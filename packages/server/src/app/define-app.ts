/**
 * `defineApp`: from a description to an application that the server can run and a client can be typed by. Everything that
 * can be wrong with a description is found here, before anything listens.
 */
import { FanfareError } from '@fanfare/protocol'
import type { StandardSchemaV1 } from '@standard-schema/spec'
import type { App, CommandContext, Reaction } from './app.ts'
import type { AppDescription, CommandDescription, Commands, DefinedApp, RoomSchemas } from './description.ts'
import { createEndpointTable, readEndpoints } from './endpoints.ts'
import { readLifecycle } from './lifecycle.ts'
import { createProblems } from './problems.ts'
import { readSocketIo } from './read-socketio.ts'
import { checkEvent, createRoomTable } from './room-table.ts'
import { readRooms } from './rooms.ts'
import { readCommands, readReactions, readRoutes } from './verbs.ts'

/** A command: `input` is checked before `handle` runs; what it returns is the answer, as JSON. */
export const command = <Schema extends StandardSchemaV1, Output>(
  input: Schema,
  handle: (context: CommandContext, input: StandardSchemaV1.InferOutput<Schema>) => Output | Promise<Output>,
): CommandDescription<Schema, Output> => ({ input, handle })

/** Nothing is started and nothing is opened: the result only answers questions. @throws Error that lists every mistake */
export const defineApp = <const Rooms extends RoomSchemas, const Names extends Commands = Record<never, never>>(
  description: AppDescription<Rooms, Names>,
): DefinedApp<Rooms, Names> => {
  // From here on parameters and events are known by their patterns at run time, not by their types.
  const { rooms, commands, on, endpoints, routes, socketio, lifecycle, onStart } =
    description as unknown as AppDescription
  const problems = createProblems()
  const roomEntries = readRooms(rooms ?? {}, problems)
  // Socket.IO clients can be emitted to without any.
  if (Object.keys(rooms ?? {}).length === 0 && socketio === undefined)
    problems.add('rooms', 'describe at least one room.')
  const eventTypes = new Set(roomEntries.flatMap(({ rule }) => [...rule.events.keys()]))
  const commandRules = readCommands(commands ?? {}, problems)
  const reactions = readReactions((on ?? {}) as { readonly [type: string]: Reaction }, eventTypes, problems)
  const endpointEntries = readEndpoints(
    endpoints ?? {},
    roomEntries.map(({ pattern }) => pattern),
    problems,
  )
  const routeRules = readRoutes(routes ?? {}, problems)
  const socketIoRule = readSocketIo(socketio, {
    rooms: roomEntries.map(({ pattern }) => pattern),
    eventTypes,
    commands: new Set(commandRules.keys()),
    problems,
  })
  const lifecycleHandlers = readLifecycle(lifecycle, problems)
  problems.throwIfAny()
  const app: App = {
    room: createRoomTable(roomEntries),
    checkEvent,
    command(name) {
      const rule = commandRules.get(name)
      if (rule) return rule
      throw new FanfareError('unknown_command', `The application has no command "${name.slice(0, 40)}".`)
    },
    reactions: (type) => reactions.get(type) ?? none,
    endpoint: createEndpointTable(endpointEntries),
    routes: routeRules,
    patterns: roomEntries.map(({ rule }) => rule),
    socketio: socketIoRule,
    lifecycle: lifecycleHandlers,
    onStart,
  }
  return Object.freeze(app)
}

const none: readonly Reaction[] = Object.freeze([])
