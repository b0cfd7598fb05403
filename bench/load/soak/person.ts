/**
 * Somebody who is connected now and then: who they are, the rooms they are in, and how far they have read in each. Outlives
 * their sessions. Owns the check: in a room every event has the number after the last one's, across sessions too.
 */
import { keptFor } from '../../lib/soak.ts'
import type { Room } from './rooms.ts'
import type { Tally } from './tally.ts'

export type Kind = 'native' | 'socketio' | 'stream'

/** A room that a person is in. `last` is the number, and the offset, of the newest event they have; -1: any may be next. */
export type Seat = { readonly room: Room; epoch: string; last: number }

export type Person = {
  readonly kind: Kind
  readonly index: number
  readonly tenant: number
  readonly userId: string
  readonly seats: Map<string, Seat>
  /** How they come back, where their dialect has a text for it. */
  pid: string | undefined
  cursor: string | undefined
  /** When they were last there, in ms of `performance.now()`. */
  awaySince: number
  /** Rooms that they left, of which something may still be on its way. */
  readonly former: Set<string>
  /** Rooms in which they show themselves. */
  readonly entered: Set<string>
}

export type Said = { readonly room: string; readonly n: number; readonly at: number }

/** One event as a client got it; `offset` where the dialect tells it. */
export const take = (
  person: Person,
  said: Said,
  { offset, tally }: { readonly offset?: number; readonly tally: Tally },
): void => {
  const seat = person.seats.get(said.room)
  if (!seat && person.former.has(said.room)) return
  const who = `${person.kind} ${person.index} ${person.userId}`
  if (!seat) throw new Error(`an event of a room where they are not: ${said.room}, ${who}`)
  if (offset !== undefined && offset !== said.n)
    tally.problem(`not its offset: ${said.room} has ${said.n} at ${offset}`)
  if (seat.last >= 0 && said.n !== seat.last + 1) {
    tally.problem(`${said.n > seat.last ? 'lost' : 'doubled'}: ${who} got ${said.n} after ${seat.last} in ${said.room}`)
  }
  seat.last = said.n
  tally.delivered(performance.timeOrigin + performance.now() - said.at)
}

/** What a log may forget is what is older than the window: with less, nothing may be missing. */
const marginMs = 15_000

/** Whether a person who comes back now must be given all that they missed in this room. */
export const mustRecover = ({ awaySince }: Person, { room }: Seat): boolean => {
  const now = performance.now()
  const since = Math.min(awaySince, room.retiredAt ?? now)
  return now - since < keptFor.ms - marginMs
}
