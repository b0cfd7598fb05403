/**
 * The port for what is there as long as some node says so: a user who is online, a room that somebody is in. Nobody counts:
 * every node holds what it has, again and again, and what nobody holds any more is over. Five members; every engine passes
 * `leases.contract.ts`.
 *
 * Invariants, each proved by the contract case of the same number:
 * H1 what was held is not over before its time, whoever else lets go, and also after a kill where the engine has a disk.
 * H2 of all who call `expire`, exactly one is given what is over; again only when whoever took it did not `settle` it within
 *    {@link settleMs}, because its process died.
 * H3 what is held again after it was given out has a later `since`, and ends again; held again before that, it goes on as
 *    if it had never been over, so that an engine that was away for a while ends nothing by its return.
 * H4 what is held, and what is over and was not given out yet, is known to have begun when its ending will say.
 */

/** How long whoever took what is over has to deal with it. */
export const settleMs = 60_000

export type Held = {
  readonly kind: 'user' | 'room'
  readonly tenantId: string
  /** The user's id, or the room's name. */
  readonly name: string
}

export type Ended = Held & {
  /** ms since 1970: when it began to be held. No two endings of the same thing share it. */
  readonly since: number
}

/** Every member but `start` @throws FanfareError `unavailable`. */
export type Leases = {
  start(): Promise<() => Promise<void>>
  /** Begins these, or makes them last so long from now. */
  hold(things: readonly Held[], forMs: number): Promise<void>
  /** Takes what is over, oldest first, at most `limit`. Each is to be settled once it was dealt with. */
  expire(limit: number): Promise<readonly Ended[]>
  settle(ended: Ended): Promise<void>
  /** Since when each of these is held, in the order asked, ms since 1970; undefined for what is not. */
  heldSince(things: readonly Held[]): Promise<readonly (number | undefined)[]>
}
