/**
 * Who publishes everything that is said in one tenant's rooms, so that its order is known: the nth event of a room must have
 * the offset n. Cut off in the middle, by itself or by the server, it says again what was not answered, under the same keys.
 */

import { within } from '../within.ts'
import type { Surroundings } from './life.ts'
import { NativeLife } from './native-life.ts'
import type { Person } from './person.ts'
import type { Room } from './rooms.ts'

type Unanswered = { readonly room: Room; readonly n: number; readonly frame: object }
type Published = { readonly offset: number; readonly duplicate: boolean; readonly durability: string }

/** Fewer than the frames of one link that the server lets wait. */
const mostUnanswered = 48

const readyOf = async (life: NativeLife): Promise<void> => {
  while (!life.ready) await Bun.sleep(2)
}

const text = 'Heart rate 92, SpO2 97, resp 16, BP 118/76, temp 36.8.'

export class Speaker {
  readonly #tenant: number
  readonly #around: Surroundings
  readonly #leavesBy: 'killed' | 'goodbye'
  /** In the order in which they were said. */
  readonly #unanswered = new Set<Unanswered>()
  #life: NativeLife | undefined
  #leaving = false

  constructor(tenant: number, around: Surroundings, { leavesBy }: { readonly leavesBy: 'killed' | 'goodbye' }) {
    this.#tenant = tenant
    this.#around = around
    this.#leavesBy = leavesBy
  }

  async open(): Promise<void> {
    const life = new NativeLife(this.#person(), this.#around)
    life.onEnd = () => void this.#cameBack()
    await life.open()
    await within(20_000, readyOf(life), () => `speaker ${this.#tenant} could not come in`)
    this.#life = life
    this.#leaving = false
    for (const one of this.#unanswered) this.#say(one)
  }

  async #cameBack(): Promise<void> {
    this.#life = undefined
    await this.open()
  }

  #person(): Person {
    const nobody = { seats: new Map(), former: new Set<string>(), entered: new Set<string>() }
    const userId = `speaker-${this.#tenant}`
    const index = 1_000_000 + this.#tenant
    return {
      kind: 'native',
      index,
      tenant: this.#tenant,
      userId,
      pid: undefined,
      cursor: undefined,
      awaySince: 0,
      ...nobody,
    }
  }

  get unanswered(): number {
    return this.#unanswered.size
  }

  /** False while it is away, or has as much unanswered as a client may: the rate gives way. `at`: when it was due, in ms of `performance.now()`. */
  publish(room: Room, at: number): boolean {
    if (!this.#life || this.#leaving || this.#unanswered.size >= mostUnanswered) return false
    const n = ++room.published
    const data = { room: room.name, n, at: performance.timeOrigin + at, text }
    const one = { room, n, frame: { type: 'publish', room: room.name, event: 'tick', data, key: String(n) } }
    this.#unanswered.add(one)
    this.#around.tally.published++
    this.#say(one)
    return true
  }

  #say(one: Unanswered): void {
    this.#life?.ask(one.frame as { readonly type: string }, (result) => this.#answered(one, result as Published))
  }

  #answered(one: Unanswered, { offset, duplicate, durability }: Published): void {
    const { tally } = this.#around
    this.#unanswered.delete(one)
    tally.acknowledged++
    if (duplicate) tally.duplicates++
    if (offset !== one.n) tally.problem(`acknowledged elsewhere: ${one.n} of ${one.room.name} at ${offset}`)
    const wanted = one.room.name.startsWith('durable') ? 'disk' : 'memory'
    if (durability !== wanted) tally.problem(`acknowledged as ${durability}: ${one.room.name}`)
  }

  beat(): void {
    this.#life?.beat()
  }

  /** Comes back at once. Who says goodbye waits for its answers first. */
  async leave(): Promise<void> {
    this.#leaving = true
    while (this.#leavesBy === 'goodbye' && this.#unanswered.size > 0) await Bun.sleep(5)
    this.#life?.leave(this.#leavesBy)
  }

  end(): void {
    const life = this.#life
    if (!life) return
    life.onEnd = undefined
    life.leave('killed')
  }

  renewToken(): void {
    this.#life?.renewToken()
  }
}
