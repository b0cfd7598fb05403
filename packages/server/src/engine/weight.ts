/**
 * About how many bytes of memory an event takes, by walking it: nothing is made on the way. Its size as JSON would not do,
 * because `[[],[],[]]` takes ten times as much in memory as it does on the wire.
 */
import type { Json, JsonObject, RoomEvent } from '@fanfare/protocol'

/** Measured as what the heap holds: the event itself, its place in a ring, its id and its timestamp. */
const eventWeight = 600
/** A value in a list or an object, and what an object or list takes before it holds anything. */
const slotWeight = 8
const cellWeight = 64
/** A string's head. Its text takes a byte or two a character, never more than in UTF-8 where that is two. */
const stringWeight = 40

export const weightOf = (event: Pick<RoomEvent, 'data'>): number => eventWeight + weightOfJson(event.data)

const weightOfJson = (value: Json): number => {
  if (typeof value === 'string') return stringWeight + Buffer.byteLength(value)
  if (typeof value !== 'object' || value === null) return slotWeight
  let weight = cellWeight
  if (Array.isArray(value)) for (const item of value) weight += slotWeight + weightOfJson(item)
  else
    for (const name of Object.keys(value))
      weight += slotWeight + name.length + weightOfJson((value as JsonObject)[name]!)
  return weight
}
