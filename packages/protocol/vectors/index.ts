/** Loads the conformance vectors with types, and plays the dialogues against anything that can open a link. For tests; no client bundles it. */
import type { ClientFrame, ErrorCode, Json, JsonObject, ServerFrame, Subprotocol } from '../src/index.ts'
import clientFramesJson from './client-frames.json' with { type: 'json' }
import messagesJson from './messages.json' with { type: 'json' }
import serverFramesJson from './server-frames.json' with { type: 'json' }
import sessionsJson from './sessions.json' with { type: 'json' }

type Part = string | { readonly repeat: string; readonly times: number }
type Case = { readonly name: string; readonly text: string | readonly Part[] }
type Refused = { readonly code: ErrorCode; readonly names?: string }

export type ClientFrameVector = { readonly name: string; readonly text: string } & (
  | { readonly frame: ClientFrame }
  | Refused
)
export type ServerFrameVector = { readonly name: string; readonly text: string } & (
  | { readonly frame: ServerFrame }
  | Refused
  | { readonly ignored: true }
)

export type MessageVector = {
  readonly name: string
  readonly subprotocol: Subprotocol
  readonly message: string
  readonly frames: readonly string[]
}

export type Step = { readonly as: string } & (
  | { readonly open: true }
  | { readonly arrive: true }
  | { readonly send: JsonObject }
  | { readonly say: string }
  | { readonly hears: JsonObject; readonly and?: JsonObject }
  | { readonly closed: number }
)
export type Dialogue = { readonly name: string; readonly steps: readonly Step[] }

const wholeText = <Vector extends Case>(vector: Vector): Vector & { readonly text: string } => ({
  ...vector,
  text: [vector.text]
    .flat()
    .map((part: Part) => (typeof part === 'string' ? part : part.repeat.repeat(part.times)))
    .join(''),
})

// TypeScript reads JSON literals as wide types; the test of this package holds each vector to its shape.
export const clientFrameVectors = (clientFramesJson as unknown as readonly Case[]).map(
  wholeText,
) as unknown as readonly ClientFrameVector[]
export const serverFrameVectors = (serverFramesJson as unknown as readonly Case[]).map(
  wholeText,
) as unknown as readonly ServerFrameVector[]
export const messageVectors = messagesJson as unknown as readonly MessageVector[]
export const dialogues = sessionsJson as unknown as readonly Dialogue[]

/** What `{{name}}` stands for so far. */
export type Bindings = Map<string, Json>

const placeholder = /\{\{([^}]+)\}\}/g

/** The value with every placeholder replaced. @throws Error for one that stands for nothing yet */
export const fill = (value: Json, bindings: Bindings): Json => {
  if (typeof value === 'string') {
    const whole = /^\{\{([^}]+)\}\}$/.exec(value)?.[1]
    if (whole !== undefined) return meaningOf(whole, bindings)
    return value.replace(placeholder, (_, name: string) => String(meaningOf(name, bindings)))
  }
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map((inner: Json) => fill(inner, bindings))
  return Object.fromEntries(Object.entries(value).map(([member, inner]) => [member, fill(inner, bindings)]))
}

const meaningOf = (name: string, bindings: Bindings): Json => {
  const value = bindings.get(name)
  if (value === undefined) throw new Error(`{{${name}}} stands for nothing yet.`)
  return value
}

/** Why the value does not fit the pattern, or undefined when it does. Binds placeholders that it meets for the first time. */
export const mismatch = (
  pattern: Json,
  value: Json | undefined,
  bindings: Bindings,
  path = 'frame',
): string | undefined => {
  if (value === undefined) return `${path} is absent`
  if (pattern === '{{*}}') return undefined
  const name = typeof pattern === 'string' ? /^\{\{([^}]+)\}\}$/.exec(pattern)?.[1] : undefined
  if (name !== undefined && !bindings.has(name)) {
    bindings.set(name, value)
    return undefined
  }
  const expected = typeof pattern === 'string' ? fill(pattern, bindings) : pattern
  if (typeof expected !== 'object' || expected === null) {
    return expected === value ? undefined : `${path} is ${JSON.stringify(value)}, not ${JSON.stringify(expected)}`
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value) !== Array.isArray(expected)) {
    return `${path} is ${JSON.stringify(value)}`
  }
  if (Array.isArray(value) && value.length !== (expected as readonly Json[]).length) {
    return `${path} has ${value.length} elements`
  }
  for (const [member, inner] of Object.entries(expected)) {
    const problem = mismatch(inner, (value as JsonObject)[member], bindings, `${path}.${member}`)
    if (problem !== undefined) return problem
  }
  return undefined
}

/** A link as a dialogue needs it. `hear` waits for the next frame; `closed` for the close code. */
export type StageLink = {
  send(text: string): void
  hear(): Promise<string>
  closed(): Promise<number>
}
export type Stage = {
  /** New for each dialogue: letters and digits. */
  readonly run: string
  token(user: string): string
  open(): Promise<StageLink>
}

const users = ['ann', 'bob'] as const

/** Plays one dialogue from its first step to its last. @throws Error that names the step and what did not fit */
export const play = async (dialogue: Dialogue, stage: Stage): Promise<void> => {
  const bindings: Bindings = new Map([['run', stage.run]])
  const links = new Map<string, StageLink>()
  for (const user of users) bindings.set(`token.${user}`, stage.token(user))
  for (const [index, step] of dialogue.steps.entries()) {
    const problem = await playStep(step, { stage, bindings, links })
    if (problem !== undefined) throw new Error(`${dialogue.name}, step ${index + 1} (${step.as}): ${problem}`)
  }
}

type Scene = { readonly stage: Stage; readonly bindings: Bindings; readonly links: Map<string, StageLink> }

const playStep = async (step: Step, scene: Scene): Promise<string | undefined> => {
  const { stage, bindings, links } = scene
  if ('open' in step || 'arrive' in step) {
    const link = await stage.open()
    links.set(step.as, link)
    if ('open' in step) return undefined
    link.send(JSON.stringify({ type: 'auth', token: stage.token(step.as) }))
    return mismatch({ type: 'connected' }, JSON.parse(await link.hear()), bindings)
  }
  const link = links.get(step.as)
  if (!link) return 'has no link yet'
  if ('send' in step || 'say' in step) {
    link.send('say' in step ? step.say : JSON.stringify(fill(step.send, bindings)))
    return undefined
  }
  if ('closed' in step) return mismatch(step.closed, await link.closed(), bindings, 'close code')
  const first: Json = JSON.parse(await link.hear())
  if (step.and === undefined) return mismatch(step.hears, first, bindings)
  const second: Json = JSON.parse(await link.hear())
  const inOrder = new Map(bindings)
  if (fits(step.hears, first, inOrder) && fits(step.and, second, inOrder)) return take(inOrder, bindings)
  return mismatch(step.hears, second, bindings) ?? mismatch(step.and, first, bindings)
}

const fits = (pattern: Json, value: Json, bindings: Bindings): boolean =>
  mismatch(pattern, value, bindings) === undefined

const take = (from: Bindings, into: Bindings): undefined => {
  for (const [name, value] of from) into.set(name, value)
  return undefined
}
