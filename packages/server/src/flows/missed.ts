/**
 * After messages from other nodes were missed, and nobody knows which: what they would have led to is found out from what is
 * stored. Everybody's grants are read and weighed anew, and who was signed out everywhere is signed out here. What left no
 * trace cannot be made good: that one session, or a user's sessions without their tokens, were to end.
 */
import { deferred } from '../lib/deferred.ts'
import type { Services } from './services.ts'
import { cannotWeigh, weighUser } from './weigh.ts'

/** Users who are looked up at a time: whoever serves the answers has just come back. */
const atOnce = 32
/** Where it cannot be looked up, so often and so long apart. */
const tries = 10
const waitMs = 1_000

type Somebody = { readonly tenantId: string; readonly userId: string }

export class Missed {
  readonly #services: Services
  #running = false
  #again = false

  constructor(services: Services) {
    this.#services = services
  }

  /** Once more, when it is under way: users who were looked up already may be concerned. */
  async makeGood(): Promise<void> {
    this.#again = true
    if (this.#running) return
    this.#running = true
    while (this.#again) {
      this.#again = false
      await this.#everybody()
    }
    this.#running = false
  }

  async #everybody(): Promise<void> {
    const { hub, log } = this.#services
    const people = Array.from(hub.people(), ({ tenantId, userId }): Somebody => ({ tenantId, userId }))
    log.warn({ users: people.length }, 'messages from other nodes were missed; everybody’s rights are weighed anew')
    let next = 0
    const worker = async (): Promise<void> => {
      for (let somebody = people[next++]; somebody; somebody = people[next++]) await this.#weigh(somebody)
    }
    await Promise.all(Array.from({ length: Math.min(atOnce, people.length) }, worker))
  }

  async #weigh({ tenantId, userId }: Somebody): Promise<void> {
    const { auth, hub } = this.#services
    for (let turn = 1; ; turn++) {
      try {
        await weighUser(this.#services, tenantId, userId)
        break
      } catch (error) {
        if (turn === tries) {
          cannotWeigh(this.#services, { tenantId, userId, error })
          return
        }
        await this.#pause()
      }
    }
    for (const session of hub.sessionsOf(tenantId, userId)) {
      if (auth.isRevoked(session.identity)) session.end('disconnected', 'an administrator ended the session')
    }
  }

  async #pause(): Promise<void> {
    const over = deferred()
    this.#services.clock.after(waitMs, () => over.resolve())
    await over.promise
  }
}
