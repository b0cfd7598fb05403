/**
 * Looks over untrusted JSON text before it is parsed: how deep, how many keys, and no key that could change a prototype.
 * Says nothing about whether the text is JSON at all; that is JSON.parse's answer, in `parseJson`.
 */
import { FanfareError } from './error.ts'
import type { Json } from './json.ts'
import { defaultLimits } from './limits.ts'

export type ScanLimits = {
  /** Objects and arrays inside one another. @default 32 */
  readonly depth: number
  /** Member names in the whole text. @default 1000 */
  readonly keys: number
}

const defaults: ScanLimits = { depth: defaultLimits.jsonDepth, keys: defaultLimits.jsonKeys }

const unsafeKeys: ReadonlySet<string> = new Set(['__proto__', 'constructor', 'prototype'])
/** `constructor` with every letter written as \uXXXX. A longer key cannot be an unsafe one. */
const longestUnsafeKey = 'constructor'.length * 6

const quote = 0x22
const backslash = 0x5c
const colon = 0x3a
const openBracket = 0x5b
const closeBracket = 0x5d
const openBrace = 0x7b
const closeBrace = 0x7d

/**
 * Reads each character at most twice and never recurses, so no text can make it slow.
 *
 * @throws FanfareError `unsafe_json`
 */
export const scanJson = (text: string, limits: ScanLimits = defaults): void => {
  const length = text.length
  let depth = 0
  let keys = 0
  let stringStart = 0
  let stringEnd = 0
  for (let index = 0; index < length; index++) {
    const code = text.charCodeAt(index)
    if (code === quote) {
      stringStart = index + 1
      stringEnd = index = endOfString(text, stringStart)
    } else if (code === colon) {
      // Outside a string a colon only ever follows a key, whatever white space lies between.
      if (++keys > limits.keys) throw new FanfareError('unsafe_json', `The JSON has more than ${limits.keys} keys.`)
      checkKey(text, stringStart, stringEnd)
    } else if (code === openBrace || code === openBracket) {
      if (++depth > limits.depth) {
        throw new FanfareError('unsafe_json', `The JSON is more than ${limits.depth} levels deep.`)
      }
    } else if (code === closeBrace || code === closeBracket) {
      depth--
    }
  }
}

/** Most names and ids are shorter than this; what is longer is looked through faster by the runtime than character by character. */
const shortString = 24

/** The index of the closing quote, or the text's length when there is none. */
const endOfString = (text: string, start: number): number => {
  const nearby = Math.min(start + shortString, text.length)
  let index = start
  for (; index < nearby; index++) {
    const code = text.charCodeAt(index)
    if (code === quote) return index
    if (code === backslash) index++
  }
  if (index >= text.length) return text.length
  const found = text.indexOf('"', index)
  if (found < 0) return text.length
  // After anything but a backslash it can only be the end; after one, it must be known which escapes which.
  return text.charCodeAt(found - 1) === backslash ? endByCharacter(text, index) : found
}

const endByCharacter = (text: string, start: number): number => {
  for (let index = start; index < text.length; index++) {
    const code = text.charCodeAt(index)
    if (code === quote) return index
    if (code === backslash) index++
  }
  return text.length
}

const checkKey = (text: string, start: number, end: number): void => {
  const length = end - start
  if (length < '__proto__'.length || length > longestUnsafeKey) return
  const raw = text.slice(start, end)
  if (unsafeKeys.has(raw.includes('\\') ? unescaped(raw) : raw)) {
    throw new FanfareError('unsafe_json', `The JSON has a key that is not allowed: ${unescaped(raw)}.`)
  }
}

/** Only \uXXXX matters: no other escape can stand for a letter or an underscore. */
const unescaped = (raw: string): string =>
  raw.replace(/\\u([0-9a-fA-F]{4})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 16)))

/**
 * Text from outside to a value: scanned first, then parsed.
 *
 * @throws FanfareError `unsafe_json` or `bad_frame`
 */
export const parseJson = (text: string, limits: ScanLimits = defaults): Json => {
  scanJson(text, limits)
  try {
    return JSON.parse(text) as Json
  } catch (cause) {
    throw new FanfareError('bad_frame', 'The text is not valid JSON.', { cause })
  }
}
