/**
 * Socket.IO packets made from a seed: good ones, and good ones that were damaged. `verdictOn` says what a server must do
 * with each, from the grammar alone: it shares no code with any parser.
 */
import type { Json } from '@fanfare/protocol'

/** What is sent as one: text, then the binary that belongs to it. Text begins with the Engine.IO type. */
export type Sent = readonly (string | Uint8Array<ArrayBuffer>)[]

/** `either`: the grammar allows it, and a limit of the server may not. */
export type Expected =
  | { readonly kind: 'answered'; readonly replies: Sent }
  | { readonly kind: 'ignored' }
  | { readonly kind: 'closed' }
  | { readonly kind: 'either' }

/** Numbers from a seed, 0 ≤ n < 1 (mulberry32). */
export const seeded = (seed: number): (() => number) => {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}

export class Dice {
  readonly #random: () => number

  constructor(seed: number) {
    this.#random = seeded(seed)
  }

  /** A whole number from 0 to `below` - 1. */
  below(below: number): number {
    return Math.floor(this.#random() * below)
  }

  chance(share: number): boolean {
    return this.#random() < share
  }

  of<Item>(items: readonly Item[]): Item {
    return items[this.below(items.length)]!
  }

  bytes(length: number): Uint8Array<ArrayBuffer> {
    const bytes = new Uint8Array(length)
    for (let index = 0; index < length; index++) bytes[index] = this.below(256)
    return bytes
  }
}

const texts = [
  '',
  'a',
  '"',
  '\\',
  '\u0000',
  '\u001e',
  '🐎',
  '\u2028',
  '[',
  '}',
  'x'.repeat(300),
  '_placeholder',
  '2',
  '-',
]
const keys = ['a', 'b', '_placeholder', 'num', 'length', 'toString', '', '0', 'é']

const scalar = (dice: Dice): Json =>
  dice.of<() => Json>([
    () => dice.below(1_000_000) - 500_000,
    () => dice.below(1_000) / 7,
    () => dice.of(texts),
    () => dice.chance(0.5),
    () => null,
  ])()

const tree = (dice: Dice, depth: number): Json => {
  if (depth === 0 || dice.chance(0.5)) return scalar(dice)
  const length = dice.below(4)
  if (dice.chance(0.5)) return Array.from({ length }, () => tree(dice, depth - 1))
  return Object.fromEntries(Array.from({ length }, () => [dice.of(keys), tree(dice, depth - 1)]))
}

/** Looks like binary to a parser that is off its guard. */
const isLikePlaceholder = (value: Json): boolean => JSON.stringify(value).includes('"_placeholder":true')

export type Packet = { readonly sent: Sent; readonly expected: Expected }

/** A packet that the conformance application answers. */
const goodPacket = (dice: Dice): Packet => {
  const isAsked = dice.chance(0.5)
  const name = isAsked ? 'message-with-ack' : 'message'
  const id = isAsked ? String(dice.below(dice.chance(0.9) ? 1_000 : 1_000_000_000)) : ''
  const args: Json[] = Array.from({ length: dice.below(4) }, () => tree(dice, 3))
  const attachments = dice.chance(0.3)
    ? Array.from({ length: 1 + dice.below(3) }, () => dice.bytes(dice.below(40)))
    : []
  const places = attachments.map((_, num) => ({ _placeholder: true, num }))
  const all = [...args, ...places]
  const count = attachments.length === 0 ? '' : `${attachments.length}-`
  const types = attachments.length === 0 ? ['2', '3'] : ['5', '6']
  const body = JSON.stringify(all).slice(1)
  const reply = isAsked
    ? `4${types[1]}${count}${id}${JSON.stringify(all)}`
    : `4${types[0]}${count}["message-back"${all.length === 0 ? ']' : `,${body}`}`
  const text = `4${types[0]}${count}${id}["${name}"${all.length === 0 ? ']' : `,${body}`}`
  const isTricky = attachments.length > 0 && args.some(isLikePlaceholder)
  return {
    sent: [text, ...attachments],
    expected: isTricky ? { kind: 'either' } : { kind: 'answered', replies: [reply, ...attachments] },
  }
}

const digits = ['0', '1', '-1', '10', '11', '1000000', '9'.repeat(30), '9'.repeat(400), '1e9', '0x1', '٣', ' 1', '']
const places = [
  '{"_placeholder":true,"num":-1}',
  '{"_placeholder":true,"num":"0"}',
  '{"_placeholder":true,"num":"splice"}',
  '{"_placeholder":true,"num":1e9}',
  '{"_placeholder":true}',
  '{"_placeholder":true,"num":{"toString":1}}',
]
const names = ['connect', 'connect_error', 'disconnect', 'disconnecting', 'newListener', 'removeListener']
const eventNames = [
  'null',
  'true',
  '{}',
  '[]',
  '{"toString":"foo"}',
  '{"length":1}',
  ...names.map((name) => `"${name}"`),
]

const crafted: readonly ((dice: Dice) => Packet)[] = [
  (dice) => ({
    sent: [`4${dice.of('789abz'.split(''))}${dice.of(['', '["message"]', '{}'])}`],
    expected: { kind: 'closed' },
  }),
  (dice) => ({ sent: [`42[${dice.of(eventNames)},1]`], expected: { kind: 'closed' } }),
  (dice) => ({
    sent: [`42${dice.of(['', '{}', '"x"', '1', 'null', '[', '["message"', '[]', '["message"]]'])}`],
    expected: { kind: 'closed' },
  }),
  (dice) => ({
    sent: [`43${dice.below(100)}${dice.of(['', '{}', '"x"', 'null', '['])}`],
    expected: { kind: 'closed' },
  }),
  (dice) => ({
    sent: [`45${dice.of(['11', '1000000', '9'.repeat(30), '-1', 'x', '1e9', '', '0x1'])}-["message"]`],
    expected: { kind: 'closed' },
  }),
  (dice) => ({ sent: [`451-["message",${dice.of(places)}]`, dice.bytes(4)], expected: { kind: 'closed' } }),
  (dice) => ({ sent: [dice.bytes(dice.below(50))], expected: { kind: 'closed' } }),
  () => ({ sent: ['451-["message",{"_placeholder":true,"num":0}]', '42["message"]'], expected: { kind: 'closed' } }),
  (dice) => ({ sent: [`42${dice.of(digits)}["message",1]`], expected: { kind: 'either' } }),
  (dice) => ({ sent: [`42/${dice.of(texts)},["message",1]`], expected: { kind: 'either' } }),
  (dice) => ({
    sent: [`42["message",{"${dice.of(['__proto__', 'constructor', 'prototype'])}":{"polluted":1}}]`],
    expected: { kind: 'either' },
  }),
  (dice) => ({ sent: [`42["message",${'['.repeat(dice.below(3_000))}`], expected: { kind: 'closed' } }),
  (dice) => ({
    sent: [`42["message",${dice.of(['NaN', 'Infinity', 'undefined', '01', "'x'", '1,', '"\u0001"'])}]`],
    expected: { kind: 'closed' },
  }),
  (dice) => ({
    sent: [`42["${dice.of(['error', 'toString', '__proto__', 'constructor', 'no such event'])}",1]`],
    expected: { kind: 'either' },
  }),
  (dice) => ({
    sent: [`4${dice.of(['0{}', '0', '1', '4{}', '4"x"', '3999["late"]', '6'])}`],
    expected: { kind: 'either' },
  }),
  (dice) => ({
    sent: [dice.of(['', '2', '3', '5', '6', '0{"sid":"x"}', '2probe', '3probe', '7', 'x', '٤2["message"]'])],
    expected: { kind: 'either' },
  }),
]

const damage = (dice: Dice, text: string): string => {
  const at = dice.below(text.length + 1)
  return dice.of<() => string>([
    () => text.slice(0, at) + String.fromCharCode(dice.below(dice.chance(0.8) ? 128 : 65_536)) + text.slice(at + 1),
    () => text.slice(0, at),
    () => text.slice(at),
    () => text.slice(0, at) + text.slice(dice.below(text.length + 1)),
    () => text.slice(0, at) + dice.of([...digits, ...places, ...texts]) + text.slice(at),
  ])()
}

/** A server may do with it what it likes, but fall. */
const damaged = (dice: Dice): Packet => {
  const { sent } = goodPacket(dice)
  return {
    sent: sent.map((part) => (typeof part === 'string' ? damage(dice, part) : dice.chance(0.9) ? part : dice.bytes(5))),
    expected: { kind: 'either' },
  }
}

/** The packet of this number: the same for the same seed. */
export const packetOf = (dice: Dice): Packet => {
  if (dice.chance(0.6)) return goodPacket(dice)
  return dice.chance(0.5) ? dice.of(crafted)(dice) : damaged(dice)
}

const separator = '\u001e'
const junk = ['', '9', 'b', 'b====', 'b!!!!', 'bAQID', '4', 'b'.repeat(500), '4\u0000', '2', '5', '6', '0']

/** A polling body: packets, some of them damaged, between separators that may be doubled or missing. */
export const payloadOf = (dice: Dice): string => {
  const parts = Array.from({ length: 1 + dice.below(4) }, () => {
    if (dice.chance(0.2)) return dice.of(junk)
    return packetOf(dice)
      .sent.map((part) => (typeof part === 'string' ? part : `b${Buffer.from(part).toString('base64')}`))
      .join(separator)
  })
  const body = parts.join(dice.chance(0.9) ? separator : dice.of(['', separator + separator, '\n']))
  return dice.chance(0.3) ? damage(dice, body) : body
}
