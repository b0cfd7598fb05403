/**
 * One client of Engine.IO that speaks no Socket.IO: its messages go to the application as they are. Weighed and bounded as
 * any other link; has no session, no user and no room.
 */
import { FanfareError, toFanfareError } from '@fanfare/protocol'
import type { PlainRule, PlainSocket } from '../../app/socketio.ts'
import type { LinkQuota } from '../../auth/quotas.ts'
import type { Services } from '../services.ts'
import type { EngineCloseReason, EngineLink, EngineReader, Handshake } from './engine-port.ts'

/** Messages that may wait while the application is at work on one; a post may bring many at once. */
const mostWaiting = 1_000

export class PlainConnection implements EngineReader, PlainSocket {
  readonly #services: Services
  readonly #rule: PlainRule
  readonly #link: EngineLink
  readonly #quota: LinkQuota
  /** What the application is at work on: one message after another, however long each takes. */
  #work: Promise<void> = Promise.resolve()
  #waiting = 0

  constructor(services: Services, rule: PlainRule, link: EngineLink) {
    this.#services = services
    this.#rule = rule
    this.#link = link
    this.#quota = services.quotas.link()
    this.#inTurn(() => rule.connect?.(this))
  }

  // What the application is given.

  get id(): string {
    return this.#link.id
  }

  get handshake(): Handshake {
    return this.#link.handshake
  }

  send(data: string | Uint8Array): void {
    this.#link.write([typeof data === 'string' ? `4${data}` : data])
    if (this.#link.buffered() <= this.#services.limits.outboxBytes) return
    this.#services.metrics.add('fanfare_slow_readers_total')
    this.#link.terminate()
  }

  close(): void {
    this.#link.close('forced close')
  }

  // What the link tells.

  receive(message: string | Uint8Array): void {
    try {
      this.#quota.bytes(message.length)
      this.#quota.frame()
      if (this.#waiting >= mostWaiting) throw new FanfareError('rate_limited', 'Too many messages wait.')
    } catch (error) {
      this.#services.metrics.add('fanfare_frames_refused_total')
      this.#services.log.info({ code: toFanfareError(error).code, link: this.#link.id }, 'a plain link was ended')
      this.close()
      return
    }
    this.#services.metrics.add('fanfare_frames_received_total')
    this.#inTurn(() => this.#rule.message(this, message))
  }

  drained(): void {}

  closed(reason: EngineCloseReason): void {
    this.#inTurn(() => this.#rule.disconnect?.(this, reason))
  }

  /** At once where nothing is under way, else after what is. What the application throws ends this link, and no other. */
  #inTurn(work: () => unknown): void {
    this.#waiting++
    if (this.#waiting === 1) this.#work = this.#run(work)
    else this.#work = this.#work.then(() => this.#run(work))
  }

  async #run(work: () => unknown): Promise<void> {
    try {
      const result = work()
      if (result instanceof Promise) await result
    } catch (error) {
      this.#services.log.error({ error }, 'what the application does on a plain link failed')
      this.close()
    } finally {
      this.#waiting--
    }
  }
}
