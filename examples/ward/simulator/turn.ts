/**
 * Of all nodes one simulates the ward: whose turn it is stands in the tenant's cache for a few seconds, and is written again
 * while that node lives. Two may think so for as long as one turn lasts, and no longer: whoever finds another's name gives way.
 */
import type { AppContext } from '@fanfare/server'

const holder = 'simulator:holder'
const election = 'simulator:election'

/** How often a node asks. */
export const turnMs = 2_000

/** A node that did not ask for so long is gone. */
const heldMs = 3 * turnMs

/** Of those that find nobody at about the same time, the first to count is elected. */
const electionMs = turnMs / 2

export type Turn = {
  /** Takes the turn where nobody has it, keeps it where this node does. @throws FanfareError `unavailable` */
  ask(): Promise<boolean>
  /** Gives it to whoever asks next. */
  leave(): Promise<void>
}

/** @param name of the node, or of this run of it: no two may share one */
export const createTurn = ({ cache }: Pick<AppContext, 'cache'>, name: string): Turn => ({
  async ask() {
    const held = await cache.get(holder)
    const mine = held === name
    if (!mine && held !== undefined) return false
    if (!mine && (await cache.increment(election, 1, { ttlMs: electionMs })) !== 1) return false
    await cache.set(holder, name, { ttlMs: heldMs })
    return true
  },
  async leave() {
    if ((await cache.get(holder)) === name) await cache.delete(holder)
  },
})
