/**
 * Sessions of other nodes of which this node was told that they are there, and what is under way for them: one poll and one
 * post each, as on one node. Bounded: of one that is forgotten is asked again. Writes no letter.
 */
import type { SessionAddress } from './letters.ts'

/** A name takes about 150 bytes. */
const most = 50_000

export class FarSessions {
  /** From the longest unused to the last used. */
  readonly #known = new Set<string>()
  readonly #underWay = new Set<string>()

  has(session: SessionAddress): boolean {
    const key = keyOf(session)
    if (!this.#known.delete(key)) return false
    this.#known.add(key)
    return true
  }

  add(session: SessionAddress): void {
    this.#known.add(keyOf(session))
    if (this.#known.size <= most) return
    const [oldest] = this.#known
    if (oldest !== undefined) this.#known.delete(oldest)
  }

  /** False when nothing was known of it. */
  forget(session: SessionAddress): boolean {
    return this.#known.delete(keyOf(session))
  }

  /** @returns undefined, and does nothing, when there is one of that kind under way */
  async one<Result>(
    kind: 'poll' | 'post',
    session: SessionAddress,
    work: () => Promise<Result>,
  ): Promise<Result | undefined> {
    const key = `${kind} ${keyOf(session)}`
    if (this.#underWay.has(key)) return undefined
    this.#underWay.add(key)
    try {
      return await work()
    } finally {
      this.#underWay.delete(key)
    }
  }
}

const keyOf = ({ path, sid }: SessionAddress): string => `${sid} ${path}`
