/**
 * Tells features of sessions that opened, once they are greeted: besides what goes on in them, a few at a time, so that a
 * crowd that comes back at once is no crowd before the store. No session waits for it or fails by it.
 */
import type { App, ConnectedContext } from '../app/app.ts'
import type { Session } from '../hub/session.ts'
import type { Clock } from '../lib/clock.ts'
import type { Log } from '../lib/log.ts'
import { within } from '../lib/within.ts'

/** Few: on Bun, what is under way when a crowd's garbage is collected outlives it, and leaves holes in the heap. */
const mostAtOnce = 16
/** Of one handler; what takes longer goes on, and is waited for no more. */
const patienceMs = 10_000

export type GreeterOptions = {
  readonly app: Pick<App, 'connected'>
  readonly clock: Clock
  readonly log: Log
  readonly context: (session: Session, owner: string) => ConnectedContext
}

export class Greeter {
  readonly #options: GreeterOptions
  readonly #waiting: Session[] = []
  readonly #running = new Set<Promise<void>>()
  #next = 0

  constructor(options: GreeterOptions) {
    this.#options = options
  }

  greeted(session: Session): void {
    if (this.#options.app.connected.length === 0) return
    this.#waiting.push(session)
    if (this.#running.size < mostAtOnce) this.#run()
  }

  /** Resolves when all have been told. */
  async idle(): Promise<void> {
    while (this.#running.size > 0) await Promise.all(this.#running)
  }

  #run(): void {
    const running: Promise<void> = this.#tellAll().finally(() => this.#running.delete(running))
    this.#running.add(running)
  }

  async #tellAll(): Promise<void> {
    // What is written to the session in this tick goes out first.
    await undefined
    for (let session = this.#take(); session; session = this.#take()) await this.#tell(session)
  }

  /** Oldest first, without moving all the others each time. */
  #take(): Session | undefined {
    const session = this.#waiting[this.#next]
    if (session) this.#next++
    if (this.#next === this.#waiting.length) {
      this.#waiting.length = 0
      this.#next = 0
    }
    return session
  }

  async #tell(session: Session): Promise<void> {
    const { app, clock, context, log } = this.#options
    for (const { owner, handle } of app.connected) {
      try {
        const told = handle(context(session, owner))
        if (told !== undefined && !(await within(clock, patienceMs, told)))
          log.warn({ feature: owner }, 'a feature takes long over a session')
      } catch (error) {
        log.error({ error, feature: owner, session: session.id }, 'a feature failed at a session that opened')
      }
    }
  }
}
