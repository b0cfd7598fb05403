/** How large a value is as JSON in UTF-8, without writing it where a look is enough. */
import type { Json, JsonObject } from '@fanfare/protocol'

/** A UTF-16 unit has at most three bytes in UTF-8, and six where JSON escapes it. */
const unitBytes = 6
const quotes = 2
/** `-0.0000012345678901234567`, and no other number, true, false or null is longer. */
const scalarBytes = 25
/** A comma or a colon; one too many for each list or object, whose brackets are two. */
const markBytes = 1
const bracketBytes = 2

export const isLargerAsJson = (value: Json, most: number): boolean => mostBytes(value) > most && jsonBytes(value) > most

export const jsonBytes = (value: Json): number => Buffer.byteLength(JSON.stringify(value))

/** Never fewer than it has. */
const mostBytes = (value: Json): number => {
  if (typeof value === 'string') return quotes + value.length * unitBytes
  if (typeof value !== 'object' || value === null) return scalarBytes
  let bytes = bracketBytes
  if (Array.isArray(value)) for (const item of value) bytes += markBytes + mostBytes(item)
  else
    for (const name of Object.keys(value))
      bytes += quotes + name.length * unitBytes + 2 * markBytes + mostBytes((value as JsonObject)[name]!)
  return bytes
}
