/** Reads the `endpoints` of a description, and finds the one that a path falls under with the rooms that it opens. */
import type { Endpoint, EndpointRule } from './app.ts'
import type { EndpointDescription } from './description.ts'
import { ambiguous, bySpecificity, covers, fillPattern, matchPattern, type Pattern, parsePattern } from './pattern.ts'
import type { Problems } from './problems.ts'

export type EndpointEntry = {
  readonly pattern: Pattern
  readonly rule: EndpointRule
  readonly rooms: readonly Pattern[]
}

const ownPaths = /^\/(v1|health|ready|metrics|openapi\.json|docs)(\/|$)/

/** @throws Error when the path is one of the server's own, or no path */
export const checkPath = (path: string): void => {
  if (!path.startsWith('/') || /[\s?#]/.test(path)) throw new Error('a path begins with / and has no space, ? or #.')
  if (ownPaths.test(path)) throw new Error('the server answers at this path itself; choose another.')
}

export const readEndpoints = (
  endpoints: { readonly [path: string]: EndpointDescription },
  rooms: readonly Pattern[],
  problems: Problems,
): readonly EndpointEntry[] => {
  const entries: EndpointEntry[] = []
  for (const [path, description] of Object.entries(endpoints)) {
    const place = `endpoints['${path}']`
    const entry = problems.at(place, () => readEndpoint(path, description, { rooms, problems }))
    if (!entry) continue
    const twin = entries.find((other) => ambiguous(other.pattern, entry.pattern))
    if (twin) problems.add(place, `a path can be this and '${twin.rule.path}', and neither is more specific.`)
    entries.push(entry)
  }
  return entries
}

type Surroundings = { readonly rooms: readonly Pattern[]; readonly problems: Problems }

const readEndpoint = (path: string, description: EndpointDescription, around: Surroundings): EndpointEntry => {
  checkPath(path)
  const pattern = parsePattern(path, '/')
  const subscribe = [...(description.subscribe ?? [])]
  const rooms = subscribe.flatMap((template) => {
    const read = around.problems.at(`endpoints['${path}'].subscribe`, () =>
      readTemplate(template, pattern, around.rooms),
    )
    return read ? [read] : []
  })
  const { tokenInQuery = false, words = {} } = description
  return { pattern, rule: Object.freeze({ path, subscribe, tokenInQuery, words }), rooms }
}

const readTemplate = (template: string, path: Pattern, rooms: readonly Pattern[]): Pattern => {
  const read = parsePattern(template, ':')
  const unknown = read.parameters.find((name) => !path.parameters.includes(name))
  if (unknown !== undefined) throw new Error(`'${template}' has {${unknown}}, but the path has no such parameter.`)
  if (rooms.some((room) => covers(room, read))) return read
  throw new Error(`'${template}' falls under no room of this application.`)
}

/** A value from a path goes into room names, so it may neither be empty nor bring a colon of its own. */
const readPathPart = (part: string): string | undefined => {
  try {
    const value = decodeURIComponent(part)
    return /[:/]/.test(value) ? undefined : value
  } catch {
    return undefined
  }
}

/** @returns a finder for the path of a request, without its query; undefined where no endpoint is */
export const createEndpointTable = (entries: readonly EndpointEntry[]): ((path: string) => Endpoint | undefined) => {
  const byLength = bySpecificity(entries)
  return (path) => {
    const raw = path.split('/')
    const candidates = byLength.get(raw.length)
    if (!candidates) return undefined
    const parts: string[] = []
    for (const one of raw) {
      const part = readPathPart(one)
      if (part === undefined) return undefined
      parts.push(part)
    }
    for (const { pattern, rule, rooms } of candidates) {
      const params = matchPattern(pattern, parts)
      if (params) return { rule, params, rooms: rooms.map((room) => fillPattern(room, params)) }
    }
    return undefined
  }
}
