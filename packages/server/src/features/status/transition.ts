/**
 * What becomes of a status when something happens to its user, and what others see of it. Pure: every rule about who is
 * there is in this file, and nothing else.
 *
 * Of most users nobody ever asks: what happens to them is not told (`isTold`), and nothing is written down while they are
 * there. Whether they are is then known by who holds them; the row has what they left behind.
 *
 * Invariants, each proved by `transition.test.ts` and, over nodes and delays, by `interleavings.test.ts`:
 * U1 what others see changes exactly when the version does, and versions rise.
 * U2 an end that is told late changes nothing for a user who is back.
 * U3 nobody can tell an invisible user from one who is away from everything.
 * U4 of a user who is not told, versions rise as they would if they were, and go on rising when they are.
 */
import type { StatusState, UserStatus } from '@fanfare/protocol'
import type { NewStatus } from './status-api.ts'

export type StatusRow = {
  readonly userId: string
  /** Whether comings and goings are written down and told. */
  readonly isTold: boolean
  /** False of whoever is not told. */
  readonly isConnected: boolean
  /** ms since 1970, as all times here. */
  readonly connectedAt: number
  readonly lastSeen: number | null
  readonly chosen: StatusState
  readonly text: string
  readonly version: number
}

/**
 * `went` is an end that is told, which may be long after it was one; `left` a user who was not there when looked at twice, the
 * newest of whose sessions began at `connectedAt`.
 *
 * `told` begins to tell of a user; what it finds of them says another change.
 *
 * @property since when the time began that ended
 * @property at ms since 1970: when it was so, by the clock of the node that says it
 */
export type StatusChange =
  | { readonly kind: 'told'; readonly at: number }
  | { readonly kind: 'came'; readonly at: number }
  | { readonly kind: 'went'; readonly at: number; readonly since: number }
  | { readonly kind: 'left'; readonly at: number; readonly connectedAt: number }
  | { readonly kind: 'chose'; readonly at: number; readonly status: NewStatus }

/**
 * Of an end that is told: a user whose newest session is younger than this is back, because an end comes 15 s or more after
 * the last session was seen. Whoever is back is held anew, and ends anew. What is left of the 15 s is for clocks that differ.
 */
const backWithinMs = 10_000
/**
 * An end that could not be dealt with is told again after a minute. So a session that is younger than this may be of a later
 * time than the one that ended: whether the user is there must be looked at twice.
 */
const doubtfulMs = 75_000
/** From the beginning of a time to its end it is longer than this: a session so early in it is not of a later time. */
const shortestTimeMs = 10_000
/** From the last session to the end that is told of it: 15 to 25 s. */
const toldAfterMs = 20_000

export const unknownUser = (userId: string): StatusRow => ({
  userId,
  isTold: false,
  isConnected: false,
  connectedAt: 0,
  lastSeen: null,
  chosen: 'online',
  text: '',
  version: 0,
})

export const transition = (row: StatusRow, change: StatusChange): StatusRow => {
  const next = applied(row, change)
  const seen = shownAs(next) !== shownAs(row) || next.text !== row.text
  // By the clock, so that versions rise also when a tenant was erased, or the store is an older copy of itself.
  return seen ? { ...next, version: Math.max(row.version + 1, change.at) } : next
}

const applied = (row: StatusRow, change: StatusChange): StatusRow => {
  switch (change.kind) {
    case 'told':
      return { ...row, isTold: true }
    case 'came':
      return { ...row, isTold: true, isConnected: true, connectedAt: Math.max(row.connectedAt, change.at) }
    case 'went':
      if (!row.isTold) return endedUntold(row, change)
      return endOf(row, change) === 'certain' ? gone(row, change.at) : row
    case 'left':
      return row.isConnected && row.connectedAt === change.connectedAt ? gone(row, change.at) : row
    case 'chose':
      return chosen(row, change)
  }
}

/** Whether an end that is told is one of the user as the row has it. */
export const endOf = (
  { isConnected, connectedAt }: StatusRow,
  { at, since }: { readonly at: number; readonly since: number },
): 'none' | 'doubtful' | 'certain' => {
  if (!isConnected || connectedAt > at - backWithinMs) return 'none'
  return connectedAt > Math.max(at - doubtfulMs, since + shortestTimeMs) ? 'doubtful' : 'certain'
}

/** Later than the version of the time that ended. */
const endedUntold = (row: StatusRow, { at, since }: { readonly at: number; readonly since: number }): StatusRow => ({
  ...row,
  lastSeen: Math.max(row.lastSeen ?? 0, since, at - toldAfterMs),
  version: Math.max(asHeld(row, since).version + 1, at),
})

/** A row as it would be if its user, who is held since then, were told. */
export const asHeld = (row: StatusRow, since: number | undefined): StatusRow =>
  row.isTold || since === undefined
    ? row
    : { ...row, isConnected: true, connectedAt: since, version: Math.max(row.version + 1, since) }

const gone = (row: StatusRow, at: number): StatusRow => ({
  ...row,
  isConnected: false,
  chosen: row.chosen === 'away' || row.chosen === 'in_call' ? 'online' : row.chosen,
  lastSeen: row.chosen === 'offline' ? row.lastSeen : Math.max(row.connectedAt, at - toldAfterMs),
})

const chosen = (row: StatusRow, { at, status }: { readonly at: number; readonly status: NewStatus }): StatusRow => {
  const { state = row.chosen, text = row.text } = status
  const hides = row.isConnected && state === 'offline' && row.chosen !== 'offline'
  return { ...row, isTold: true, chosen: state, text, lastSeen: hides ? at : row.lastSeen }
}

const shownAs = ({ isConnected, chosen: state }: StatusRow): StatusState => (isConnected ? state : 'offline')

/** What others see. */
export const statusOf = (row: StatusRow, now: number): UserStatus => {
  const state = shownAs(row)
  const { userId, text, version } = row
  const lastSeen = state === 'offline' ? row.lastSeen : now
  return { userId, state, text, ...(lastSeen === null ? {} : { lastSeen: new Date(lastSeen).toISOString() }), version }
}

/** What the user is answered. */
export const ownStatusOf = (row: StatusRow, now: number): UserStatus => {
  const status = statusOf(row, now)
  if (!row.isConnected || row.chosen !== 'offline') return status
  return { ...status, state: 'online', lastSeen: new Date(now).toISOString(), invisible: true }
}
