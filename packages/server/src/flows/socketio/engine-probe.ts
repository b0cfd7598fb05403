/**
 * A WebSocket that wants to carry a session which polls so far: `2probe`, its answer, and `5`. Until then the session goes
 * on polling; whatever goes wrong here ends the probe alone.
 */
import type { Link, LinkReader } from '../../hub/link.ts'
import type { Clock, Timer } from '../../lib/clock.ts'
import { packet } from '../../wire/socketio/engine-packets.ts'

/** A client that was told it may upgrade waits for its GET to end, so an open one is released this often. */
const releaseMs = 100

/** The session that may be upgraded. */
export type Probed = LinkReader & {
  /** Lets go of a GET that is open. */
  releasePoll(): void
  /** The link carries everything from now on. */
  upgrade(link: Link): void
  /** The probe came to nothing. */
  probeEnded(): void
}

export type ProbeOptions = {
  readonly session: Probed
  readonly link: Link
  readonly clock: Clock
  readonly timeoutMs: number
}

export class Probe implements LinkReader {
  readonly #options: ProbeOptions
  readonly #timeout: Timer
  #releasing: Timer | undefined
  #state: 'probing' | 'upgraded' | 'over' = 'probing'

  constructor(options: ProbeOptions) {
    this.#options = options
    this.#timeout = options.clock.after(options.timeoutMs, () => this.end())
  }

  receive(message: string | Uint8Array): void {
    const { link, session } = this.#options
    if (this.#state === 'upgraded') session.receive(message)
    if (this.#state !== 'probing') return
    if (message === packet.probe) this.#answer()
    else if (message === packet.upgrade) {
      this.#settle('upgraded')
      session.upgrade(link)
    } else this.end()
  }

  drained(): void {
    if (this.#state === 'upgraded') this.#options.session.drained()
  }

  closed(clean: boolean): void {
    const { session } = this.#options
    if (this.#state === 'upgraded') session.closed(clean)
    else if (this.#state === 'probing') {
      this.#settle('over')
      session.probeEnded()
    }
  }

  /** Closes the WebSocket, unless it has become the session's. */
  end(): void {
    if (this.#state !== 'probing') return
    this.#settle('over')
    this.#options.session.probeEnded()
    this.#options.link.close('normal', 'The upgrade was not completed.')
  }

  #answer(): void {
    const { clock, link, session } = this.#options
    link.write([packet.probed])
    session.releasePoll()
    this.#releasing ??= clock.every(releaseMs, () => session.releasePoll())
  }

  #settle(state: 'upgraded' | 'over'): void {
    this.#state = state
    this.#timeout.cancel()
    this.#releasing?.cancel()
  }
}

/** Reads a link that nobody wants. */
export const deaf: LinkReader = { receive() {}, drained() {}, closed() {} }
