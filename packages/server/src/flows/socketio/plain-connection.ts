/**
 * One client of Engine.IO that speaks no Socket.IO: its messages go to the application as they are. Weighed and bounded as
 * any other link; has no session, no user and no room.
 */
import { toFanfareError } from '@fanfare/protocol'
import type { PlainRule, PlainSocket } from '../../app/socketio.ts'
import type { LinkQuota } from '../../auth/quotas.ts'
import type { Services } from '../services.ts'
import type { EngineCloseReason, EngineLink, EngineReader, Handshake } from './engine-port.ts'

export class PlainConnection implements EngineReader, PlainSocket {
  readonly #services: Services
  readonly #rule: PlainRule
  readonly #link: EngineLink
  readonly #quota: LinkQuota

  constructor(services: Services, rule: PlainRule, link: EngineLink) {
    this.#services = services
    this.#rule = rule
    this.#link = link
    this.#quota = services.quotas.link()
    this.#run(() => rule.connect?.(this))
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
    } catch (error) {
      this.#services.metrics.add('fanfare_frames_refused_total')
      this.#services.log.info({ code: toFanfareError(error).code, link: this.#link.id }, 'a plain link was ended')
      this.close()
      return
    }
    this.#services.metrics.add('fanfare_frames_received_total')
    this.#run(() => this.#rule.message(this, message))
  }

  drained(): void {}

  closed(reason: EngineCloseReason): void {
    this.#run(() => this.#rule.disconnect?.(this, reason))
  }

  /** What the application throws is its own; the link goes on. */
  #run(work: () => unknown): void {
    const failed = (error: unknown) =>
      this.#services.log.error({ error }, 'what the application does on a plain link failed')
    void (async () => work())().catch(failed)
  }
}
