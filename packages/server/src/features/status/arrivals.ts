/**
 * Writes down that users came who are told, without anybody waiting for it. What cannot be written now, because the store is away or has
 * too much to do, is written later, if the user is still there then: each user is kept once, however often they come.
 */
import type { Clock, Timer } from '../../lib/clock.ts'
import type { SeldomWarning } from '../../lib/seldom.ts'
import type { Batches } from '../../store/batches.ts'
import type { StatusItem } from './statuses.ts'
import type { StatusRow } from './transition.ts'

export type ArrivalsOptions = {
  readonly clock: Clock
  readonly batches: Batches<StatusItem, StatusRow>
  readonly warning: SeldomWarning
  /** Whether anybody wants to know of this user. @throws FanfareError `unavailable` */
  readonly isTold: (tenantId: string, userId: string) => Promise<boolean>
  /** Resolves once whoever came to this node so far is held, or could not be. Only then it is asked who is told. */
  readonly untilHeld: () => Promise<void>
  /** The users of a tenant who have a session anywhere. @throws FanfareError `unavailable` */
  readonly online: (tenantId: string) => Promise<ReadonlySet<string>>
  /** 0 to 1. @default Math.random */
  readonly random?: () => number
}

/** What is older than this is certain no more: an end may have been told since. */
const certainMs = 5_000
const firstRetryMs = 1_000
const longestRetryMs = 30_000

/** Tenant and user, one pair after another, of those who wait for the same hold: a crowd waits as one, and makes nothing for each. */
type Together = { readonly held: Promise<void>; readonly names: string[] }

export class Arrivals {
  readonly #options: ArrivalsOptions
  /** Tenant → user → when they came; what is not written yet. */
  readonly #unwritten = new Map<string, Map<string, number>>()
  readonly #running = new Set<Promise<void>>()
  #together: Together | undefined
  #failures = 0
  #retry: Timer | undefined
  #stopped = false

  constructor(options: ArrivalsOptions) {
    this.#options = options
  }

  came(tenantId: string, userId: string): void {
    if (this.#stopped) return
    const at = this.#options.clock.now()
    const users = this.#unwritten.get(tenantId)
    // While the store is away those who come wait for the next try with all others.
    const isWaiting = this.#retry !== undefined || users?.has(userId)
    if (users) users.set(userId, at)
    else this.#unwritten.set(tenantId, new Map([[userId, at]]))
    if (!isWaiting) this.#wait(tenantId, userId)
  }

  #wait(tenantId: string, userId: string): void {
    const held = this.#options.untilHeld()
    if (this.#together?.held === held) {
      this.#together.names.push(tenantId, userId)
      return
    }
    this.#together = { held, names: [tenantId, userId] }
    this.#run(this.#writeTogether(this.#together))
  }

  async #writeTogether(together: Together): Promise<void> {
    await together.held
    if (this.#together === together) this.#together = undefined
    const { names } = together
    const writes: Promise<void>[] = []
    for (let index = 0; index < names.length; index += 2) {
      const tenantId = names[index] ?? ''
      const userId = names[index + 1] ?? ''
      const at = this.#unwritten.get(tenantId)?.get(userId)
      if (at !== undefined) writes.push(this.#write(tenantId, userId, at))
    }
    await Promise.all(writes)
  }

  async #writeHeld(tenantId: string, userId: string, at: number): Promise<void> {
    await this.#options.untilHeld()
    await this.#write(tenantId, userId, at)
  }

  async stop(): Promise<void> {
    this.#stopped = true
    this.#retry?.cancel()
    await Promise.allSettled([...this.#running])
  }

  #run(work: Promise<void>): void {
    const running = work.finally(() => this.#running.delete(running))
    this.#running.add(running)
  }

  async #write(tenantId: string, userId: string, at: number): Promise<void> {
    try {
      const { batches, isTold } = this.#options
      if (await isTold(tenantId, userId)) await batches.add(tenantId, { userId, change: { kind: 'came', at } })
      this.#failures = 0
    } catch (error) {
      this.#failed(error)
      return
    }
    const users = this.#unwritten.get(tenantId)
    const latest = users?.get(userId)
    if (latest === undefined || this.#stopped) return
    // Came again meanwhile: that is what an end that is told late is held against.
    if (latest > at) return this.#writeHeld(tenantId, userId, latest)
    users?.delete(userId)
    if (users?.size === 0) this.#unwritten.delete(tenantId)
  }

  #failed(error: unknown): void {
    const { clock, random = Math.random, warning } = this.#options
    if (this.#stopped || this.#retry) return
    this.#failures++
    warning.warn({ error })
    const longest = Math.min(longestRetryMs, firstRetryMs * 2 ** this.#failures)
    this.#retry = clock.after(firstRetryMs + random() * (longest - firstRetryMs), () => {
      this.#run(this.#writeAll())
    })
  }

  async #writeAll(): Promise<void> {
    try {
      for (const [tenantId, users] of this.#unwritten) await this.#forgetGone(tenantId, users)
    } catch (error) {
      this.#retry = undefined
      this.#failed(error)
      return
    }
    this.#retry = undefined
    for (const [tenantId, users] of [...this.#unwritten]) {
      for (const [userId, at] of users) this.#run(this.#writeHeld(tenantId, userId, at))
      if (users.size === 0) this.#unwritten.delete(tenantId)
    }
  }

  /** An end that was told meanwhile is not told again: who is not there any more must not be written down. */
  async #forgetGone(tenantId: string, users: Map<string, number>): Promise<void> {
    const { clock, online } = this.#options
    const now = clock.now()
    const uncertain = [...users].filter(([, at]) => at < now - certainMs)
    if (uncertain.length === 0) return
    const there = await online(tenantId)
    for (const [userId, at] of uncertain) {
      if (users.get(userId) !== at) continue
      if (there.has(userId)) users.set(userId, now)
      else users.delete(userId)
    }
  }
}
