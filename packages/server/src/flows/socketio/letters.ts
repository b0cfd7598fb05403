/**
 * What nodes write to each other about Engine.IO sessions, and how it is read: a letter of another version, or one that says
 * what no letter says, is none. Pure. Nodes that do not understand each other lose a session, never more.
 */
import { codes, type ErrorCode } from '@fanfare/protocol'
import type { Frame } from '../../wire/dialect.ts'
import { nodeOfEngineId } from './engine-id.ts'

const version = 1

/** Which session is meant: ids are looked up at their own path alone. */
export type SessionAddress = { readonly path: string; readonly sid: string }

/** `unknown`: there is no such session, or nobody to say so. `refused`: the session does not take that, as by its state. */
export type Answer =
  | { readonly kind: 'payload'; readonly payload: string }
  | { readonly kind: 'there' | 'taken' | 'refused' | 'unknown' | 'yielded' }

/** The name that the node where the client is gave to a link, and how many letters were sent about it. */
export type Count = readonly [link: string, sent: number]

export type LinkEnd = ErrorCode | 'normal' | 'terminate'

export type Letter =
  // From where the client is to where its session is.
  /** Whether there is such a session, and it polls: asked before anything is carried for it. */
  | ({ readonly type: 'seek'; readonly id: string } & SessionAddress)
  | ({ readonly type: 'poll'; readonly id: string } & SessionAddress)
  | ({ readonly type: 'post'; readonly id: string; readonly body: string } & SessionAddress)
  /** `lost`: what a poll was answered with did not reach its client. `refuse`: what the client sent is not taken. */
  | ({ readonly type: 'lost' | 'refuse' } & SessionAddress)
  | ({ readonly type: 'open'; readonly link: string } & SessionAddress)
  | { readonly type: 'up'; readonly link: string; readonly n: number; readonly message: Frame }
  /** What came up to letter `n` was written; `waiting` bytes of it are not yet with the operating system. */
  | { readonly type: 'took'; readonly link: string; readonly n: number; readonly waiting: number }
  | { readonly type: 'gone'; readonly link: string; readonly clean: boolean }
  // From where the session is to where the client is.
  | { readonly type: 'answer'; readonly id: string; readonly answer: Answer }
  | { readonly type: 'down'; readonly link: string; readonly n: number; readonly frames: readonly Frame[] }
  | { readonly type: 'close'; readonly link: string; readonly how: LinkEnd; readonly reason: string }
  // Either way.
  | { readonly type: 'beat'; readonly up: readonly Count[]; readonly down: readonly Count[] }
  /** To a beat of a node of which nothing is expected here, so that it is not written to otherwise. Not answered. */
  | { readonly type: 'here' }
  | { readonly type: 'yield'; readonly id: string; readonly life: string }
  /** Of a letter that is too large to be sent as one. */
  | { readonly type: 'part'; readonly index: number; readonly of: number; readonly text: string }

export const encodeLetter = (letter: Letter): string => {
  switch (letter.type) {
    case 'up':
      return JSON.stringify({ v: version, ...letter, message: inText(letter.message) })
    case 'down':
      return JSON.stringify({ v: version, ...letter, frames: letter.frames.map(inText) })
    default:
      return JSON.stringify({ v: version, ...letter })
  }
}

/** Undefined when it is no letter. Never throws. */
export const decodeLetter = (text: string): Letter | undefined => {
  try {
    const raw = record(JSON.parse(text))
    const read = raw.v === version && typeof raw.type === 'string' ? readers.get(raw.type) : undefined
    return read?.(raw)
  } catch {
    // Whatever is wrong with it, there is nothing in it to act upon.
    return undefined
  }
}

type Raw = { readonly [name: string]: unknown }

const address = ({ path, sid }: Raw): SessionAddress => ({ path: short(path), sid: engineIdText(sid) })

const readers: ReadonlyMap<string, (raw: Raw) => Letter> = new Map<string, (raw: Raw) => Letter>([
  ['seek', (raw) => ({ type: 'seek', id: name(raw.id), ...address(raw) })],
  ['poll', (raw) => ({ type: 'poll', id: name(raw.id), ...address(raw) })],
  ['post', (raw) => ({ type: 'post', id: name(raw.id), body: string(raw.body), ...address(raw) })],
  ['lost', (raw) => ({ type: 'lost', ...address(raw) })],
  ['refuse', (raw) => ({ type: 'refuse', ...address(raw) })],
  ['open', (raw) => ({ type: 'open', link: name(raw.link), ...address(raw) })],
  ['up', ({ link, n, message }) => ({ type: 'up', link: name(link), n: count(n), message: frame(message) })],
  ['took', ({ link, n, waiting }) => ({ type: 'took', link: name(link), n: count(n), waiting: count(waiting) })],
  ['gone', ({ link, clean }) => ({ type: 'gone', link: name(link), clean: clean === true })],
  ['answer', ({ id, answer }) => ({ type: 'answer', id: name(id), answer: answerOf(record(answer)) })],
  ['down', ({ link, n, frames }) => ({ type: 'down', link: name(link), n: count(n), frames: list(frames).map(frame) })],
  ['close', ({ link, how, reason }) => ({ type: 'close', link: name(link), how: linkEnd(how), reason: short(reason) })],
  ['beat', ({ up, down }) => ({ type: 'beat', up: list(up).map(counted), down: list(down).map(counted) })],
  ['here', () => ({ type: 'here' })],
  ['yield', ({ id, life }) => ({ type: 'yield', id: name(id), life: name(life) })],
  ['part', ({ index, of, text }) => ({ type: 'part', index: count(index), of: count(of), text: string(text) })],
])

const answerOf = ({ kind, payload }: Raw): Answer => {
  switch (kind) {
    case 'payload':
      return { kind, payload: string(payload) }
    case 'there':
    case 'taken':
    case 'refused':
    case 'unknown':
    case 'yielded':
      return { kind }
    default:
      return malformed()
  }
}

// ── frames in text: `t` and the text, or `b` and base64 ────────────────────────────────────────────────────────────

const inText = (given: Frame): string =>
  typeof given === 'string'
    ? `t${given}`
    : `b${Buffer.from(given.buffer, given.byteOffset, given.byteLength).toString('base64')}`

// Node's decoder skips what is no base64, and so would give bytes that nobody sent.
const base64Text = /^[A-Za-z0-9+/]*={0,2}$/

const frame = (value: unknown): Frame => {
  const text = string(value)
  const rest = text.slice(1)
  if (text.startsWith('t')) return rest
  if (text.startsWith('b') && base64Text.test(rest)) return new Uint8Array(Buffer.from(rest, 'base64'))
  return malformed()
}

// ── the rest ────────────────────────────────────────────────────────────────────────────────────────────────────────

const record = (value: unknown): Raw =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Raw) : malformed()

const list = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : malformed())

const string = (value: unknown): string => (typeof value === 'string' ? value : malformed())

const short = (value: unknown): string => (string(value).length <= 1_000 ? string(value) : malformed())

const name = (value: unknown): string => (/^[\w-]{1,64}$/.test(string(value)) ? string(value) : malformed())

const engineIdText = (value: unknown): string => (nodeOfEngineId(string(value)) ? string(value) : malformed())

const count = (value: unknown): number =>
  typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : malformed()

const counted = (value: unknown): Count => {
  const [link, sent] = list(value)
  return [name(link), count(sent)]
}

const linkEnd = (value: unknown): LinkEnd => {
  const given = string(value)
  if (given === 'normal' || given === 'terminate') return given
  return Object.hasOwn(codes, given) ? (given as ErrorCode) : malformed()
}

const malformed = (): never => {
  throw new TypeError('not a letter')
}
