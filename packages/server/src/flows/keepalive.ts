/** The node's one heartbeat: expired tokens, stalled readers, quiet event streams and presence leases. No session has a timer. */
import { FanfareError } from '@fanfare/protocol'
import type { Session } from '../hub/session.ts'
import type { Timer } from '../lib/clock.ts'
import { comment } from '../wire/event-stream.ts'
import { errorFrame } from './error-frame.ts'
import { renewPresence } from './presence.ts'
import type { Services } from './services.ts'

const beatMs = 1_000
/**
 * With a lease of 20 s every entry has 15 s left at any time: so long has a client whose node was killed to be back on another
 * before others are told that it left.
 */
const renewMs = 5_000

type Stall = { readonly bytes: number; readonly since: number }

export class Keepalive {
  readonly #services: Services
  readonly #stalls = new Map<Session, Stall>()
  #timers: Timer[] = []

  constructor(services: Services) {
    this.#services = services
  }

  start(): void {
    const { clock, limits, log } = this.#services
    this.#timers = [
      clock.every(beatMs, () => this.beat()),
      clock.every(limits.commentMs, () => this.#comment()),
      clock.every(renewMs, () => {
        renewPresence(this.#services).catch((error: unknown) => log.warn({ error }, 'presence leases were not renewed'))
      }),
    ]
  }

  stop(): void {
    for (const timer of this.#timers) timer.cancel()
    this.#timers = []
  }

  beat(): void {
    const now = this.#services.clock.now()
    for (const session of this.#services.hub.sessions.values()) {
      try {
        if (session.identity.expiresAt <= now) this.#expire(session)
        else if (session.outbox.congested || this.#stalls.has(session)) this.#watch(session, now)
      } catch (error) {
        session.outbox.broken(error)
      }
    }
    for (const session of this.#stalls.keys()) if (!session.open) this.#stalls.delete(session)
  }

  #expire(session: Session): void {
    session.send(errorFrame(new FanfareError('token_expired')))
    session.end('token_expired', 'the token has ended')
  }

  /** A link whose unsent bytes do not move for a while is as good as dead, and costs memory. */
  #watch(session: Session, now: number): void {
    const bytes = session.outbox.linkBytes()
    const stall = this.#stalls.get(session)
    if (bytes === 0) this.#stalls.delete(session)
    else if (stall?.bytes !== bytes) this.#stalls.set(session, { bytes, since: now })
    else if (now - stall.since >= this.#services.limits.outboxStallMs) {
      this.#stalls.delete(session)
      session.slow()
    }
    // A drain that the runtime forgot to tell (hazard B4) is made good here.
    if (bytes === 0) session.outbox.drained()
  }

  #comment(): void {
    for (const session of this.#services.hub.sessions.values()) {
      if (session.link.kind === 'event-stream') session.outbox.push(comment)
    }
  }
}
