/** Reads the `commands`, `on` and `routes` of a description. Runs once, at definition. */
import type { CommandRule, Reaction, RouteRule } from './app.ts'
import type { Commands, RouteDescription } from './description.ts'
import { checkPath } from './endpoints.ts'
import { parsePattern } from './pattern.ts'
import { checkVerbName, type Problems } from './problems.ts'
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

export const readReactions = (
  reactions: { readonly [type: string]: Reaction | undefined },
  known: ReadonlySet<string>,
  problems: Problems,
): ReadonlyMap<string, readonly Reaction[]> => {
  const read = new Map<string, readonly Reaction[]>()
  for (const [type, reaction] of Object.entries(reactions)) {
    if (reaction === undefined) continue
    problems.at(`on['${type}']`, () => {
      if (!known.has(type)) throw new Error('no room has an event of this type; it would never run.')
      if (typeof reaction !== 'function') throw new Error('give a function (context, event) => ….')
      read.set(type, Object.freeze([reaction]))
    })
  }
  return read
}

const methods: ReadonlySet<string> = new Set(['GET', 'POST', 'PUT', 'PATCH', 'DELETE'])

export const readRoutes = (
  routes: { readonly [route: string]: RouteDescription },
  problems: Problems,
): readonly RouteRule[] => {
  const rules: RouteRule[] = []
  for (const [route, description] of Object.entries(routes)) {
    const rule = problems.at(`routes['${route}']`, () => readRoute(route, description))
    if (!rule) continue
    const twin = rules.find(({ method, path }) => method === rule.method && shapeOf(path) === shapeOf(rule.path))
    if (twin) problems.add(`routes['${route}']`, `'${twin.method} ${twin.path}' answers the same requests.`)
    rules.push(rule)
  }
  return rules
}

const readRoute = (route: string, description: RouteDescription): RouteRule => {
  const [method = '', path = '', ...rest] = route.split(' ')
  if (!methods.has(method) || rest.length > 0) {
    throw new Error(`write a method (${[...methods].join(', ')}), one space and a path: 'GET /beds/{bedId}'.`)
  }
  checkPath(path)
  const { auth, handle } =
    typeof description === 'function' ? ({ auth: 'user', handle: description } as const) : description
  if (typeof handle !== 'function' || (auth !== 'user' && auth !== 'none')) {
    throw new Error(`give a handler, or { auth: 'none', handle }.`)
  }
  return Object.freeze({ method, path: routerPath(path), auth, handle })
}

/** `/beds/{bedId}` as the router writes it, `/beds/:bedId`; what is written that way already stays. */
const routerPath = (path: string): string =>
  parsePattern(path, '/')
    .segments.map(({ kind, text }) => (kind === 'literal' ? text : `:${text}`))
    .join('/')

const shapeOf = (path: string): string => path.replace(/\/:[^/]+/g, '/:')
