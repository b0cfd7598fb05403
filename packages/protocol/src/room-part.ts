/** An id as a part of a room's name. Ids come from sign-in services and databases, which use characters that names do without. */

/** As in a room's name, but for the colon between parts and the percent sign, with which others are written. */
const plain = /^[\p{L}\p{N}\p{M}._\-@/+=,~!#&]$/u

const escaped = (text: string): string =>
  Array.from(new TextEncoder().encode(text), (byte) => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`).join('')

/**
 * The id as one part of a room's name, between colons: as it is where a name may hold it, else with the bytes of what it may not
 * hold as `%7C`. No two ids have the same part. `client.room(`inbox:${roomPart(userId)}`)`
 */
export const roomPart = (id: string): string => {
  // What has other forms in Unicode would be another id in another form.
  const composed = id.normalize('NFC') === id
  const part = Array.from(id, (character) =>
    plain.test(character) && (composed || character < '\u0080') ? character : escaped(character),
  ).join('')
  // Names of the server's own, and what means something in a path.
  return /^(?:__|\.\.?$)/.test(part) ? `${escaped(part[0]!)}${part.slice(1)}` : part
}

/** The id of which this is the part, or undefined where it is none's. */
export const idOfRoomPart = (part: string): string | undefined => {
  try {
    const id = decodeURIComponent(part)
    return roomPart(id) === part ? id : undefined
  } catch {
    return undefined
  }
}
