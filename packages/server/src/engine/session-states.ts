/**
 * The port that keeps what a session needs to come back, from the moment it connects: nothing has to be written when it
 * breaks off, so a killed node loses none. Eight members; every engine passes `session-states.contract.ts`.
 *
 * Invariants, each proved by the contract case of the same number:
 * S1 what `create` and `update` acknowledged is found until its time is over, on any node, also after a kill where the engine has a disk.
 * S2 a state that is over is never found, updated or renewed again.
 * S3 of all who call `expire`, exactly one is given a state; it is given out again only when whoever took it did not
 *    `forget` it within {@link claimMs}, because its process died.
 * S4 a state that was forgotten is never given out.
 * S5 of two nodes that take a session, also at once, the later is told of the earlier.
 */
import type { Json, Position } from '@fanfare/protocol'

/** A room that the session is in, and where it began there: what it missed if it never received an event. */
export type StateRoom = Position & { readonly name: string }

export type SessionState = {
  readonly session: string
  /** What proves that it is the same client, as a hash. */
  readonly secret: string
  readonly tenantId: string
  readonly userId: string
  readonly namespace: string
  /** Who has it, or had it last: begins with the node. */
  readonly node: string
  readonly rooms: readonly StateRoom[]
  readonly data: Json
}

export type SessionChange = Pick<SessionState, 'rooms' | 'data'>

/** How long whoever took an expired state has to deal with it. */
export const claimMs = 60_000

/** Every member but `start` @throws FanfareError `unavailable`. */
export type SessionStates = {
  start(): Promise<() => Promise<void>>
  /** Keeps a new session's state for so long, unless it is renewed. */
  create(state: SessionState, forMs: number): Promise<void>
  /** False when there is no such state, or it is over. */
  update(session: string, change: SessionChange): Promise<boolean>
  find(session: string): Promise<SessionState | undefined>
  /** From now on the session is that one's. The state as it was before, its `node` too; undefined when there is none, or it is over. */
  take(session: string, node: string): Promise<SessionState | undefined>
  /** These end so long from now. Returns those of them that are not over. */
  renew(sessions: readonly string[], forMs: number): Promise<ReadonlySet<string>>
  forget(session: string): Promise<void>
  /** Takes states that are over, oldest first, at most `limit`. Each is to be forgotten once it was dealt with. */
  expire(limit: number): Promise<readonly SessionState[]>
}
