/** Random names: UUIDv7 for events, 128-bit tokens for sessions and tickets, short ones for epochs and nodes. */
import { randomBytes } from 'node:crypto'

/** Makes an event id from the time in ms. Injected where tests need the same ids again. */
export type Ids = (now: number) => string

const hex = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'))

let pool = Buffer.alloc(0)
let used = 0
const random = (count: number): Buffer => {
  if (used + count > pool.length) {
    pool = randomBytes(4096)
    used = 0
  }
  used += count
  return pool.subarray(used - count, used)
}

let lastMs = 0
let sequence = 0

/** UUIDv7 (RFC 9562, method 1): ids of one process rise even within a millisecond, by a 12-bit counter. */
export const uuidv7: Ids = (now) => {
  if (now > lastMs) {
    lastMs = now
    sequence = 0
  } else if (++sequence > 0xfff) {
    lastMs++
    sequence = 0
  }
  const bytes = random(8)
  const time = lastMs.toString(16).padStart(12, '0')
  const high = (0x7000 | sequence).toString(16)
  const variant = (0x8000 | (((bytes[0]! & 0x3f) << 8) | bytes[1]!)).toString(16)
  let rest = ''
  for (let index = 2; index < 8; index++) rest += hex[bytes[index]!]
  return `${time.slice(0, 8)}-${time.slice(8)}-${high}-${variant}-${rest}`
}

/** An unguessable name: 128 bits, URL-safe. */
export const secretId = (): string => randomBytes(16).toString('base64url')

/** A short name that is unlikely ever to come again: 48 bits, URL-safe. */
export const shortId = (): string => randomBytes(6).toString('base64url')

/** Characters of a {@link nodeId}. */
export const nodeIdLength = 8

/** The name of a node: letters and digits only, 47 bits, so that it can stand in front of other names without a mark between. */
export const nodeId = (): string => randomBytes(24).toString('base64url').replaceAll(/[-_]/g, '').slice(0, nodeIdLength)
