/**
 * Whether events really go through the engine and come back: what readiness means. One in a room of every server that
 * carries rooms, where no tenant can name it; and what the engine itself knows to be broken.
 */
import { FanfareError } from '@fanfare/protocol'
import type { Engine } from '../engine/engine.ts'
import type { Clock } from '../lib/clock.ts'
import { type Deferred, deferred } from '../lib/deferred.ts'
import { secretId } from '../lib/ids.ts'
import type { Log } from '../lib/log.ts'
import type { Metrics } from '../lib/metrics.ts'
import type { LogRoom } from '../model/room.ts'
import { type RoomKey, roomKey, roomOfKey } from '../model/room-key.ts'
import { Interest } from './interest.ts'

const timeoutMs = 2_000
/** Answers are shared for this long, so that many probes cost one round. */
const freshMs = 1_000
const tenantId = 'fanfare'
/** `__` in front: no client, key or application can name it. */
const prefix = roomKey(tenantId, '__canary:')

export type CanaryResult = { readonly ok: true; readonly ms: number } | { readonly ok: false; readonly problem: string }

export type CanaryOptions = {
  readonly engine: Pick<Engine, 'log' | 'canaries' | 'problems'>
  readonly clock: Clock
  readonly log: Log
  readonly metrics: Metrics
}

export class Canary {
  readonly #options: CanaryOptions
  readonly #interest: Interest
  readonly #waiting = new Map<string, Deferred<void>>()
  /** What the last check listened to: let go once the next one holds its own, so that what is in both is never left. */
  #held: readonly LogRoom[] = []
  #last: { readonly at: number; readonly result: Promise<CanaryResult> } | undefined
  #ready = false

  constructor(options: CanaryOptions) {
    this.#options = options
    this.#interest = new Interest(options.engine.log, options.clock, options.log)
    options.metrics.gauge('fanfare_ready', () => (this.#ready ? 1 : 0))
  }

  /** What cannot be listened to yet makes the node unready, and is listened to with the next check. */
  async start(): Promise<void> {
    const listening = await Promise.allSettled(this.#listen().map(({ heard }) => heard))
    const failed = listening.find((result) => result.status === 'rejected')
    if (failed) this.#options.log.warn({ error: failed.reason }, 'a canary cannot be listened to yet')
  }

  owns(key: RoomKey): boolean {
    return key.startsWith(prefix)
  }

  /** The engine delivered it. */
  seen(eventId: string): void {
    this.#waiting.get(eventId)?.resolve()
  }

  check(): Promise<CanaryResult> {
    const now = this.#options.clock.now()
    if (!this.#last || now - this.#last.at >= freshMs) this.#last = { at: now, result: this.#sing() }
    return this.#last.result
  }

  async #sing(): Promise<CanaryResult> {
    const { clock, engine, log, metrics } = this.#options
    const startedAt = clock.now()
    const sung = await Promise.all(this.#listen().map((one) => this.#singIn(one)))
    // Asked last: what broke meanwhile counts.
    const problems = [...engine.problems(), ...sung.filter((problem) => problem !== undefined)]
    const ready = problems.length === 0
    const problem = problems.join('; ')
    if (this.#ready && !ready) log.warn({ problem }, 'the node is not ready')
    this.#ready = ready
    if (!ready) return { ok: false, problem }
    const ms = clock.now() - startedAt
    metrics.observe('fanfare_canary_seconds', ms / 1000)
    return { ok: true, ms }
  }

  /** Where servers came or went, the rooms are others than the last time. */
  #listen(): readonly { readonly room: LogRoom; readonly heard: Promise<void> }[] {
    const before = this.#held
    const log = { keep: 1, forMs: 60_000, durable: true }
    this.#held = this.#options.engine.canaries(tenantId).map((key) => ({ key, log }))
    const listening = this.#held.map((room) => ({ room, heard: this.#interest.hold(room) }))
    for (const room of before) this.#interest.release(room)
    return listening
  }

  /** @returns what is wrong there */
  async #singIn({ room, heard }: { room: LogRoom; heard: Promise<void> }): Promise<string | undefined> {
    const { clock } = this.#options
    const { name } = roomOfKey(room.key)
    const id = secretId()
    const back = deferred()
    this.#waiting.set(id, back)
    const timer = clock.after(timeoutMs, () => back.reject(new FanfareError('unavailable', 'it did not come back')))
    try {
      await Promise.all([this.#publish(room, { id, name, heard }), back.promise])
      return undefined
    } catch (error) {
      return `the canary in ${name}: ${error instanceof Error ? error.message : 'unknown'}`
    } finally {
      timer.cancel()
      this.#waiting.delete(id)
    }
  }

  async #publish(room: LogRoom, { id, name, heard }: { id: string; name: string; heard: Promise<void> }) {
    const { clock, engine } = this.#options
    await heard
    const timestamp = new Date(clock.now()).toISOString()
    await engine.log.publish(room, { id, type: 'canary', tenantId, room: name, data: null, timestamp })
  }
}
