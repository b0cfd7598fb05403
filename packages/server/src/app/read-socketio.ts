/** Reads the `socketio` part of a description, every default filled in. Runs once, at definition. */
import { parseDuration } from './duration.ts'
import { checkPath } from './endpoints.ts'
import { covers, type Pattern, parsePattern } from './pattern.ts'
import type { Problems } from './problems.ts'
import type { NamespaceRule, PlainRule, SocketHandler, SocketIoRule } from './socketio.ts'
import type {
  CheckedHandler,
  NamespaceDescription,
  PlainDescription,
  PlainHandler,
  SocketIoDescription,
  SocketNames,
} from './socketio-description.ts'
import { isSchema, validate } from './validate.ts'

export type SocketIoSurroundings = {
  readonly rooms: readonly Pattern[]
  readonly eventTypes: ReadonlySet<string>
  readonly commands: ReadonlySet<string>
  readonly problems: Problems
}

const place = 'socketio'
const defaults = { path: '/socket.io', maxPayload: 1_000_000, transports: ['polling', 'websocket'] } as const

/** Undefined when the description has no such part. */
export const readSocketIo = (
  description: SocketIoDescription | undefined,
  around: SocketIoSurroundings,
): SocketIoRule | undefined => {
  if (description === undefined) return undefined
  const { problems } = around
  const { path = defaults.path, maxPayload = defaults.maxPayload, transports = defaults.transports } = description
  problems.at(`${place}.path`, () => checkOwnPath(path))
  problems.at(`${place}.maxPayload`, () => {
    if (!Number.isSafeInteger(maxPayload) || maxPayload < 1) throw new Error('write a whole number of bytes.')
  })
  problems.at(`${place}.transports`, () => {
    const known = transports.every((name) => name === 'polling' || name === 'websocket')
    if (!known || transports.length === 0) throw new Error("name 'polling', 'websocket' or both.")
  })
  const time = (name: 'pingInterval' | 'pingTimeout' | 'upgradeTimeout' | 'connectTimeout', text: string): number =>
    problems.at(`${place}.${name}`, () => msOf(description[name] ?? text)) ?? 0
  const namespaces = new Map<string, NamespaceRule>()
  for (const [name, namespace] of Object.entries(description.namespaces ?? { '/': {} })) {
    const rule = problems.at(`${place}.namespaces['${name}']`, () =>
      readNamespace(name, { ...namespace, ...namesOf(description, namespace) }, around),
    )
    if (rule) namespaces.set(name, rule)
  }
  return Object.freeze({
    path,
    maxPayload,
    transports,
    namespaces,
    serveClient: description.serveClient ?? true,
    pingIntervalMs: time('pingInterval', '25s'),
    pingTimeoutMs: time('pingTimeout', '20s'),
    upgradeTimeoutMs: time('upgradeTimeout', '10s'),
    connectTimeoutMs: time('connectTimeout', '45s'),
    idleTimeoutMs: problems.at(`${place}.idleTimeout`, () => description.idleTimeout && msOf(description.idleTimeout)),
    recovery: problems.at(`${place}.recovery`, () => readRecovery(description.recovery)),
    plain: problems.at(`${place}.plain`, () => readPlain(description.plain, path)),
  })
}

const checkOwnPath = (path: string): void => {
  checkPath(path)
  if (path === '/' || path.endsWith('/')) throw new Error('a path has a name, and no slash at its end.')
}

const readPlain = (plain: PlainDescription | undefined, taken: string): PlainRule | undefined => {
  if (plain === undefined) return undefined
  const { path, connect, message, disconnect } = plain
  checkOwnPath(path)
  if (path === taken) throw new Error(`'${path}' is the path of Socket.IO; choose another.`)
  if (typeof message !== 'function') throw new Error('message is a function.')
  return Object.freeze({ path, connect, message, disconnect })
}

const msOf = (text: string): number => {
  const ms = parseDuration(text)
  if (ms !== undefined) return ms
  throw new Error(`it is "${text}"; write a whole number and ms, s, m, h or d, such as '25s'.`)
}

const readRecovery = (recovery: SocketIoDescription['recovery']): SocketIoRule['recovery'] =>
  recovery === undefined || recovery === false ? undefined : { forMs: msOf(recovery.for) }

/** Names for all namespaces, and those of the namespace before them. */
const namesOf = (all: SocketNames, own: SocketNames): Required<SocketNames> => ({
  commands: { ...all.commands, ...own.commands },
  events: { ...all.events, ...own.events },
})

const readNamespace = (
  name: string,
  description: NamespaceDescription & Required<SocketNames>,
  around: SocketIoSurroundings,
): NamespaceRule => {
  if (!/^\/[^,?\s"\\]{0,100}$/.test(name)) throw new Error(`a namespace begins with /, such as '/' or '/admin'.`)
  const { authenticate, subscribe = [], refresh, connect, on = {}, disconnect, expired, commands, events } = description
  for (const [client, command] of Object.entries(commands)) {
    if (!around.commands.has(command)) throw new Error(`'${client}' stands for '${command}', which is no command.`)
  }
  for (const [type, words] of Object.entries(events)) {
    const own = type.startsWith('fanfare:')
    if (!around.eventTypes.has(type) && !own) {
      throw new Error(`no room has an event '${type}', to which another name is given.`)
    }
    if (typeof words === 'string') continue
    if (own || typeof words?.name !== 'string' || typeof words.data !== 'function') {
      throw new Error(`events['${type}'] is a name${own ? '' : ', or { name, data: (event) => … }'}.`)
    }
  }
  for (const template of subscribe) checkTemplate(template, around.rooms)
  const handlers = Object.entries(on).map(([event, handler]) => [event, readHandler(event, handler)] as const)
  return Object.freeze({
    name,
    authenticate,
    subscribe: [...subscribe],
    commands: new Map(Object.entries(commands)),
    events: new Map(
      Object.entries(events).map(([type, words]) => [type, typeof words === 'string' ? words : words.name]),
    ),
    words: new Map(
      Object.entries(events).flatMap(([type, words]) => (typeof words === 'string' ? [] : [[type, words.data]])),
    ),
    refresh,
    handlers: new Map(handlers),
    connect,
    disconnect,
    expired,
  })
}

const checkTemplate = (template: string, rooms: readonly Pattern[]): void => {
  const read = parsePattern(template, ':')
  const unknown = read.parameters.find((name) => name !== 'userId' && name !== 'tenantId')
  if (unknown !== undefined) throw new Error(`'${template}' has {${unknown}}; only {userId} and {tenantId} are known.`)
  if (!rooms.some((room) => covers(room, read))) throw new Error(`'${template}' falls under no room.`)
}

const readHandler = (event: string, handler: PlainHandler | CheckedHandler): SocketHandler => {
  if (typeof handler === 'function') return { check: undefined, handle: handler }
  const { args, handle } = handler
  if (!isSchema(args) || typeof handle !== 'function') {
    throw new Error(`on['${event}'] is a function, or socketHandler(schema, function).`)
  }
  const check = (given: readonly unknown[]) => validate(args, given, event)
  return { check: check as NonNullable<SocketHandler['check']>, handle }
}
