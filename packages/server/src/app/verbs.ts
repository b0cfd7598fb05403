/** Reads the `commands`, `on` and `routes` of a description. Runs once, at definition. */
import type { CommandRule, OwnedReaction, Reaction, RouteRule } from './app.ts'
import type { Commands, RouteDescription } from './description.ts'
import { checkPath } from './endpoints.ts'
import type { Owner } from './lifecycle.ts'
import { fillPattern, parsePattern } from './pattern.ts'
import { checkVerbName, type Problems } from './problems.ts'
import type { ServerRouteDescription } from './server-route.ts'
import { isSchema } from './validate.ts'

export const readCommands = (commands: Commands, problems: Problems): ReadonlyMap<string, CommandRule> => {
  const rules = new Map<string, CommandRule>()
  for (const [name, { input, handle }] of Object.entries(commands)) {
    problems.at(`commands['${name}']`, () => {
      checkVerbName(name)
      if (!isSchema(input) || typeof handle !== 'function') throw new Error('write command(schema, handler).')
      // The handler's input is whatever the schema gives back, and the schema is always asked first.
      rules.set(name, Object.freeze({ name, input, handle: handle as CommandRule['handle'] }))
    })
  }
  return rules
}

export type ReactionsOf = { readonly owner: Owner; readonly on: { readonly [type: string]: Reaction | undefined } }

/** All of one type run, in the order given. */
export const readReactions = (
  all: readonly ReactionsOf[],
  known: ReadonlySet<string>,
  problems: Problems,
): ReadonlyMap<string, readonly OwnedReaction[]> => {
  const read = new Map<string, OwnedReaction[]>()
  for (const { owner, on } of all) {
    for (const [type, react] of Object.entries(on)) {
      if (react === undefined) continue
      problems.at(`on['${type}']`, () => {
        if (!known.has(type)) throw new Error('no room has an event of this type; it would never run.')
        if (typeof react !== 'function') throw new Error('give a function (context, event) => ….')
        read.set(type, [...(read.get(type) ?? []), Object.freeze({ owner, react })])
      })
    }
  }
  return read
}

const methods: ReadonlySet<string> = new Set(['GET', 'POST', 'PUT', 'PATCH', 'DELETE'])

export type RoutesOf = { readonly owner: Owner; readonly routes: { readonly [route: string]: RouteDescription } }

export const readRoutes = (all: readonly RoutesOf[], problems: Problems): readonly RouteRule[] => {
  const rules: RouteRule[] = []
  for (const { owner, routes } of all) {
    for (const [route, description] of Object.entries(routes)) {
      const rule = problems.at(`routes['${route}']`, () => readRoute(route, description, owner))
      if (!rule) continue
      const twin = rules.find(({ method, path }) => method === rule.method && shapeOf(path) === shapeOf(rule.path))
      if (twin) problems.add(`routes['${route}']`, `'${twin.method} ${twin.path}' answers the same requests.`)
      rules.push(rule)
    }
  }
  return rules
}

const readRoute = (route: string, description: RouteDescription, owner: Owner): RouteRule => {
  const [method = '', path = '', ...rest] = route.split(' ')
  if (!methods.has(method) || rest.length > 0) {
    throw new Error(`write a method (${[...methods].join(', ')}), one space and a path: 'GET /beds/{bedId}'.`)
  }
  // Features are part of the server, and so are their paths.
  if (owner === '') checkPath(path)
  const described = typeof description === 'function' ? ({ auth: 'user', handle: description } as const) : description
  const { auth, handle } = described
  if (typeof handle !== 'function' || (auth !== 'user' && auth !== 'none' && auth !== 'server')) {
    throw new Error(`give a handler, { auth: 'none', handle } or serverRoute({ scope }, handler).`)
  }
  const routed = { owner, method, path: routerPath(path), handle }
  if (described.auth !== 'server') return Object.freeze({ ...routed, auth: described.auth })
  return Object.freeze({ ...routed, ...readServerRoute(path, described) })
}

const scopes: ReadonlySet<string> = new Set(['publish', 'read', 'admin'])

const readServerRoute = (path: string, described: ServerRouteDescription) => {
  const { scope, room, summary, body, query, answer } = described
  if (!scopes.has(scope)) throw new Error(`\`scope\` is "${scope}"; give ${[...scopes].join(', ')}.`)
  for (const [name, schema] of Object.entries({ body, query, answer })) {
    if (schema !== undefined && !isSchema(schema)) throw new Error(`\`${name}\` must be a Standard Schema.`)
  }
  return { auth: 'server' as const, scope, roomOf: readRoom(room, path), summary, body, query, answer }
}

const readRoom = (room: string | undefined, path: string): Extract<RouteRule, { auth: 'server' }>['roomOf'] => {
  if (room === undefined) return undefined
  const pattern = parsePattern(room, ':')
  const given = parsePattern(path, '/').parameters
  const unknown = pattern.parameters.find((name) => !given.includes(name))
  if (unknown !== undefined) throw new Error(`\`room\` has {${unknown}}, but the path has no such parameter.`)
  return (params) => fillPattern(pattern, params)
}

/** `/beds/{bedId}` as the router writes it, `/beds/:bedId`; what is written that way already stays. */
const routerPath = (path: string): string =>
  parsePattern(path, '/')
    .segments.map(({ kind, text }) => (kind === 'literal' ? text : `:${text}`))
    .join('/')

const shapeOf = (path: string): string => path.replace(/\/:[^/]+/g, '/:')
