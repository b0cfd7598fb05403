/** Random names: UUIDv7 for events, 128-bit tokens for sessions and tickets, short ones for epochs and nodes. */
import { randomBytes, randomUUID } from 'node:crypto'

/** Makes an event id from the time in ms. Injected where tests need the same ids again. */
export type Ids = (now: number) => string

/** A 12-bit counter in hexadecimal. */
const counter = Array.from({ length: 0x1000 }, (_, count) => count.toString(16).padStart(3, '0'))

let lastMs = 0
let sequence = 0
/** The time of `lastMs` and the version: what all ids of a millisecond begin with. */
let front = ''

const moveTo = (ms: number): void => {
  lastMs = ms
  sequence = 0
  const time = ms.toString(16).padStart(12, '0')
  front = `${time.slice(0, 8)}-${time.slice(8)}-7`
}

/** In a UUIDv4 the variant and 62 random bits come last, as in a UUIDv7: what is before them, with its hyphen, is left out. */
const randomFrom = 'xxxxxxxx-xxxx-4xxx'.length

/** UUIDv7 (RFC 9562, method 1): ids of one process rise even within a millisecond, by a 12-bit counter. */
export const uuidv7: Ids = (now) => {
  if (now > lastMs) moveTo(now)
  else if (++sequence >= counter.length) moveTo(lastMs + 1)
  return front + counter[sequence] + randomUUID().slice(randomFrom)
}

/** An unguessable name: 128 bits, URL-safe. */
export const secretId = (): string => randomBytes(16).toString('base64url')

/** A short name that is unlikely ever to come again: 48 bits, URL-safe. */
export const shortId = (): string => randomBytes(6).toString('base64url')

/** Characters of a {@link nodeId}. */
export const nodeIdLength = 8

/** The name of a node: letters and digits only, 47 bits, so that it can stand in front of other names without a mark between. */
export const nodeId = (): string => randomBytes(24).toString('base64url').replaceAll(/[-_]/g, '').slice(0, nodeIdLength)
