/** The one opaque cursor of an event stream: the position of every room of the session, as text that fits an `id:` line. */
import type { Position } from '@fanfare/protocol'

/** A room's name and where the session is in it. */
export type Place = Position & { readonly name: string }

const version = 'c1'

/** FNV-1a, 32 bits: tells the rooms of one session apart. A collision shows as an epoch that does not match, never as silence. */
const nameHash = (name: string): string => {
  let hash = 0x811c9dc5
  for (let index = 0; index < name.length; index++) hash = Math.imul(hash ^ name.charCodeAt(index), 0x01000193)
  return (hash >>> 0).toString(36)
}

export const encodeCursor = (places: Iterable<Place>): string => {
  let text = version
  for (const place of places) text += `~${nameHash(place.name)}.${place.epoch}.${place.offset.toString(36)}`
  return text
}

/** Positions by room for those of `names` that the cursor speaks of. A text that is no cursor speaks of none. */
export const decodeCursor = (text: string, names: Iterable<string>): Map<string, Position> => {
  const [head, ...parts] = text.split('~')
  const found = new Map<string, Position>()
  if (head !== version) return found
  const byHash = new Map<string, Position>()
  for (const part of parts) {
    const [hash, epoch, digits] = part.split('.')
    const offset = Number.parseInt(digits ?? '', 36)
    if (hash && epoch && Number.isSafeInteger(offset) && offset >= 0) byHash.set(hash, { epoch, offset })
  }
  for (const name of names) {
    const position = byHash.get(nameHash(name))
    if (position) found.set(name, position)
  }
  return found
}
