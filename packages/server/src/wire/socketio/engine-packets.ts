/** Packets and polling payloads of Engine.IO v4. Pure; bounds everything before it splits or decodes anything. */
import type { Frame } from '../dialect.ts'

export type EnginePacket =
  | { readonly kind: 'open' | 'close' | 'ping' | 'pong' | 'upgrade' | 'noop'; readonly data: string }
  | { readonly kind: 'message'; readonly data: string | Uint8Array }

export const packet = {
  close: '1',
  ping: '2',
  probe: '2probe',
  probed: '3probe',
  upgrade: '5',
  noop: '6',
} as const

const separator = '\x1e'

/** So many packets may one payload have: more than any client queues, few enough to be handled in one go. */
const mostPackets = 10_000

const message = '4'
const base64 = 'b'

const kinds: ReadonlyMap<string, Exclude<EnginePacket['kind'], 'message'>> = new Map([
  ['0', 'open'],
  ['1', 'close'],
  ['2', 'ping'],
  ['3', 'pong'],
  ['5', 'upgrade'],
  ['6', 'noop'],
])

/** Undefined when it is no packet. Binary messages of a WebSocket are messages as they are. */
export const decodePacket = (text: string): EnginePacket | undefined => {
  const type = text.charAt(0)
  if (type === message) return { kind: 'message', data: text.slice(1) }
  if (type === base64) return decodeBytes(text.slice(1))
  const kind = kinds.get(type)
  return kind && { kind, data: text.slice(1) }
}

// Node's decoder skips what is no base64, and so would give bytes that nobody sent.
const base64Text = /^[A-Za-z0-9+/]*={0,2}$/

const decodeBytes = (text: string): EnginePacket | undefined =>
  base64Text.test(text) ? { kind: 'message', data: Buffer.from(text, 'base64') } : undefined

/** Every packet of a payload, or undefined when one of them is none or they are too many. */
export const decodePayload = (payload: string): readonly EnginePacket[] | undefined => {
  const packets: EnginePacket[] = []
  for (let start = 0; start <= payload.length; ) {
    if (packets.length === mostPackets) return undefined
    const next = payload.indexOf(separator, start)
    const end = next === -1 ? payload.length : next
    const decoded = decodePacket(payload.slice(start, end))
    if (!decoded) return undefined
    packets.push(decoded)
    start = end + 1
  }
  return packets
}

/** Frames are encoded packets, or the bytes of a binary message. */
export const encodePayload = (frames: readonly Frame[]): string => frames.map(inText).join(separator)

const inText = (frame: Frame): string =>
  typeof frame === 'string'
    ? frame
    : base64 + Buffer.from(frame.buffer, frame.byteOffset, frame.byteLength).toString('base64')

/** What a session is told when it opens. Durations in ms. */
export type OpenData = {
  readonly sid: string
  readonly upgrades: readonly string[]
  readonly pingInterval: number
  readonly pingTimeout: number
  readonly maxPayload: number
}

export const openPacket = (data: OpenData): string => `0${JSON.stringify(data)}`
