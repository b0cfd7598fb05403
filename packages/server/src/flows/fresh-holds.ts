/**
 * What just came and is to be held: at once where it comes alone, with one call where a crowd comes. Says when that is done,
 * for whoever must not ask before. What goes on being here is held again by others.
 */
import type { Held } from '../engine/leases.ts'
import type { Clock, Timer } from '../lib/clock.ts'
import { type Deferred, deferred } from '../lib/deferred.ts'

export type FreshHoldsOptions = {
  readonly clock: Clock
  /** Never rejects: what could not be held now is held with all that is here. */
  readonly hold: (things: readonly Held[]) => Promise<void>
}

/**
 * Of a crowd that comes: to hold is to write, on one node to a disk that everybody waits for, so that it is not done every tick.
 */
const crowdMs = 50

export class FreshHolds {
  readonly #options: FreshHoldsOptions
  /** Came since what came was last held. */
  #things: Held[] = []
  /** When that was, ms since 1970. */
  #heldAt = 0
  #timer: Timer | undefined
  /** Of what came since. */
  #soon: Deferred<void> | undefined
  /** Of all before. */
  #before: Promise<void> = Promise.resolve()

  constructor(options: FreshHoldsOptions) {
    this.#options = options
  }

  add(thing: Held): void {
    if (this.#things.push(thing) > 1) return
    this.#soon = deferred()
    const { clock } = this.#options
    const soonMs = this.#heldAt + crowdMs - clock.now()
    // A clock that was set back is not waited for.
    if (soonMs <= 0 || soonMs > crowdMs) setImmediate(() => this.flush())
    else this.#timer = clock.after(soonMs, () => this.flush())
  }

  /** Resolves once all that was added so far is held, or could not be. */
  settled(): Promise<void> {
    return this.#soon?.promise ?? this.#before
  }

  /** Waits for no more of a crowd. */
  flush(): void {
    const soon = this.#soon
    if (!soon) return
    const things = this.#things
    this.#timer?.cancel()
    this.#things = []
    this.#soon = undefined
    this.#heldAt = this.#options.clock.now()
    const done = Promise.all([this.#before, this.#options.hold(things)])
    this.#before = soon.promise
    void done.then(() => soon.resolve())
  }
}
