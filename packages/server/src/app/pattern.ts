/**
 * Patterns of names and paths: segments that are literal text or one `{parameter}` each. Reads them, compares them, finds
 * the one that a name falls under. A literal segment beats a parameter, and a parameter is never empty.
 */
import type { Params } from './app.ts'

/** What stands between the segments: `:` in room names, `/` in paths. */
export type Separator = ':' | '/'

type Segment = { readonly kind: 'literal' | 'parameter'; readonly text: string }

export type Pattern = {
  readonly text: string
  readonly separator: Separator
  readonly segments: readonly Segment[]
  readonly parameters: readonly string[]
}

/** `{patientId}` in a pattern gives `params.patientId`. */
export type ParamsOf<Text extends string> = Text extends `${string}{${infer Name}}${infer Rest}`
  ? { readonly [Parameter in Name | keyof ParamsOf<Rest>]: string }
  : { readonly [name in never]: string }

const parameterPattern = /^\{([A-Za-z][A-Za-z0-9_]{0,63})\}$/
const unsafeNames: ReadonlySet<string> = new Set(['constructor', 'prototype'])

/** @throws Error that says what to change */
export const parsePattern = (text: string, separator: Separator): Pattern => {
  const segments = text.split(separator).map((part): Segment => {
    if (!/[{}*]/.test(part)) return { kind: 'literal', text: part }
    const name = parameterPattern.exec(part)?.[1]
    if (name !== undefined && !unsafeNames.has(name)) return { kind: 'parameter', text: name }
    throw new Error(
      `"${part}" is no segment: write literal text, or one {parameter} (a letter, then letters, digits or _) between two "${separator}".`,
    )
  })
  const parameters = segments.filter(({ kind }) => kind === 'parameter').map(({ text: name }) => name)
  const twice = parameters.find((name, index) => parameters.indexOf(name) !== index)
  if (twice !== undefined) throw new Error(`{${twice}} is there twice; give each parameter its own name.`)
  return { text, separator, segments, parameters }
}

/** Whether every name that `inner` covers falls under `outer` too. */
export const covers = (outer: Pattern, inner: Pattern): boolean =>
  outer.segments.length === inner.segments.length &&
  outer.segments.every((segment, index) => {
    if (segment.kind === 'parameter') return true
    const other = inner.segments[index]
    return other?.kind === 'literal' && other.text === segment.text
  })

/** Whether some name falls under both, and neither is the more specific one. */
export const ambiguous = (one: Pattern, other: Pattern): boolean =>
  overlap(one, other) && covers(one, other) === covers(other, one)

const overlap = (one: Pattern, other: Pattern): boolean =>
  one.segments.length === other.segments.length &&
  one.segments.every((segment, index) => {
    const facing = other.segments[index]
    return segment.kind === 'parameter' || facing?.kind === 'parameter' || facing?.text === segment.text
  })

/** The parameters' values when the segments fall under the pattern. */
export const matchPattern = (pattern: Pattern, parts: readonly string[]): Params | undefined => {
  if (parts.length !== pattern.segments.length) return undefined
  const params: { [name: string]: string } = {}
  for (let index = 0; index < parts.length; index++) {
    const segment = pattern.segments[index]!
    const part = parts[index]!
    if (segment.kind === 'parameter') {
      if (part === '') return undefined
      params[segment.text] = part
    } else if (segment.text !== part) return undefined
  }
  return params
}

/** Puts values where the parameters are. Every parameter must have one. */
export const fillPattern = (pattern: Pattern, params: Params): string =>
  pattern.segments.map(({ kind, text }) => (kind === 'literal' ? text : (params[text] ?? ''))).join(pattern.separator)

/** The first to match is the right one: of overlapping patterns, the more specific comes first. */
export const bySpecificity = <Entry extends { readonly pattern: Pattern }>(
  entries: readonly Entry[],
): ReadonlyMap<number, readonly Entry[]> => {
  const sorted = [...entries].sort((a, b) => a.pattern.parameters.length - b.pattern.parameters.length)
  return Map.groupBy(sorted, ({ pattern }) => pattern.segments.length)
}
