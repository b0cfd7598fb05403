/** Whether an event really goes through the engine and comes back: what readiness means. In a room that no tenant can name. */
import { FanfareError } from '@fanfare/protocol'
import type { RoomLog } from '../engine/room-log.ts'
import type { Clock } from '../lib/clock.ts'
import { type Deferred, deferred } from '../lib/deferred.ts'
import { secretId } from '../lib/ids.ts'
import type { Metrics } from '../lib/metrics.ts'
import type { LogRoom } from '../model/room.ts'
import { type RoomKey, roomKey } from '../model/room-key.ts'

const timeoutMs = 2_000
/** Answers are shared for this long, so that many probes cost one round. */
const freshMs = 1_000
const tenantId = 'fanfare'
/** `__` in front: no client, key or application can name it. */
const name = '__canary'

export type CanaryResult = { readonly ok: true; readonly ms: number } | { readonly ok: false; readonly problem: string }

export type CanaryOptions = { readonly log: RoomLog; readonly clock: Clock; readonly metrics: Metrics }

export class Canary {
  readonly #options: CanaryOptions
  readonly #room: LogRoom = { key: roomKey(tenantId, name), log: { keep: 1, forMs: 60_000, durable: true } }
  readonly #waiting = new Map<string, Deferred<void>>()
  #last: { readonly at: number; readonly result: Promise<CanaryResult> } | undefined
  #ready = false

  constructor(options: CanaryOptions) {
    this.#options = options
    options.metrics.gauge('fanfare_ready', () => (this.#ready ? 1 : 0))
  }

  start(): Promise<void> {
    return this.#options.log.listen(this.#room)
  }

  owns(key: RoomKey): boolean {
    return key === this.#room.key
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
    const { log, clock, metrics } = this.#options
    const id = secretId()
    const back = deferred()
    this.#waiting.set(id, back)
    const startedAt = clock.now()
    const timer = clock.after(timeoutMs, () =>
      back.reject(new FanfareError('unavailable', 'the canary did not come back')),
    )
    try {
      const timestamp = new Date(startedAt).toISOString()
      const published = log.publish(this.#room, { id, type: 'canary', tenantId, room: name, data: null, timestamp })
      await Promise.all([published, back.promise])
      const ms = clock.now() - startedAt
      metrics.observe('fanfare_canary_seconds', ms / 1000)
      this.#ready = true
      return { ok: true, ms }
    } catch (error) {
      this.#ready = false
      return { ok: false, problem: error instanceof Error ? error.message : 'unknown' }
    } finally {
      timer.cancel()
      this.#waiting.delete(id)
    }
  }
}
