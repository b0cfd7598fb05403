/** What must be true once nobody comes or goes and nothing is on its way. */
import type { Life } from './life.ts'
import { NativeLife } from './native-life.ts'
import type { Tally } from './tally.ts'

/** Who said goodbye is let go, and the last that was said in a room has reached everybody else who is in it. */
export const checkWhole = ({ person, leaving, who, begunAt }: Life, tally: Tally): void => {
  const age = Math.round((performance.now() - begunAt) / 1000)
  if (leaving === 'goodbye') tally.problem(`still there after a goodbye: ${who}, ${age} s old`)
  if (leaving !== undefined) return
  for (const { room, last } of person.seats.values()) {
    // Whoever came after the last word of a room has heard nothing in it.
    if (last < 0 && room.retiredAt !== undefined) continue
    if (last !== room.published) {
      tally.problem(`not the last: ${who}, ${age} s old, has ${last} of ${room.published} in ${room.name}`)
    }
  }
}

/** Every room shows who shows themselves there, and nobody else. Asks; the answers come a moment later. */
export const checkPresence = (there: readonly Life[], tally: Tally): void => {
  const shown = new Map<string, Set<string>>()
  const askers = new Map<string, NativeLife>()
  for (const life of there) {
    if (!(life instanceof NativeLife)) continue
    for (const room of life.person.seats.keys()) askers.set(room, life)
    for (const room of life.person.entered) {
      shown.set(room, (shown.get(room) ?? new Set<string>()).add(life.person.userId))
    }
  }
  for (const [room, life] of askers) {
    life.members(room, (users) => {
      const wanted = shown.get(room) ?? new Set<string>()
      const same = users.length === wanted.size && users.every((user) => wanted.has(user))
      if (!same) tally.problem(`not who is there: ${room} shows ${users.toSorted()} and not ${[...wanted].toSorted()}`)
    })
  }
}
