/**
 * A WebSocket here whose session is on another node: what comes goes there, and what comes from there goes out. Knows no
 * packet. What cannot be carried whole ends the WebSocket, so that its client comes back and is given what it missed.
 */
import type { Link, LinkReader } from '../../hub/link.ts'
import type { Frame } from '../../wire/dialect.ts'
import type { LinkEnd } from './letters.ts'
import type { Mail } from './mail.ts'
import { Tally } from './tally.ts'
import type { SharedLink } from './watch.ts'

export type RelayOptions = {
  readonly node: string
  readonly name: string
  readonly link: Link
  readonly mail: Mail
  /** What may be on its way to the other node, or wait for the client, in bytes (UTF-16 units counted as bytes). */
  readonly mostBytes: number
  readonly forget: (relay: Relay) => void
}

/** Until the session has answered, a client sends its probe and nothing else; an id that somebody made up carries no more. */
const probeBytes = 1_000

export class Relay implements LinkReader, SharedLink {
  readonly direction = 'up'
  readonly tally = new Tally()
  readonly #options: RelayOptions
  #unsent = 0
  /** Bytes that came while it was not known whether there is such a session; undefined once it has said something. */
  #unanswered: number | undefined = 0
  #over = false

  constructor(options: RelayOptions) {
    this.#options = options
  }

  get node(): string {
    return this.#options.node
  }

  get name(): string {
    return this.#options.name
  }

  open(path: string, sid: string): void {
    const { mail, name, node } = this.#options
    void mail.send(node, { type: 'open', link: name, path, sid }).then((sent) => {
      if (sent !== 'told') this.close('bad_frame', 'Session ID unknown')
    })
  }

  // What the client's WebSocket tells.

  receive(message: string | Uint8Array): void {
    if (this.#over) return
    const { mail, mostBytes, name, node } = this.#options
    const bytes = message.length
    this.#unsent += bytes
    if (this.#unanswered !== undefined) this.#unanswered += bytes
    if (this.#unsent > mostBytes || (this.#unanswered ?? 0) > probeBytes) {
      this.broken()
      return
    }
    void mail.send(node, { type: 'up', link: name, n: this.tally.next(), message }).then((sent) => {
      this.#unsent -= bytes
      if (sent !== 'told') this.broken()
    })
  }

  drained(): void {
    if (!this.#over) this.#confirm()
  }

  closed(clean: boolean): void {
    if (this.#end()) void this.#options.mail.send(this.node, { type: 'gone', link: this.name, clean })
  }

  // What the session's node says.

  down(n: number, frames: readonly Frame[]): void {
    if (this.#over) return
    if (!this.tally.takes(n)) {
      this.broken()
      return
    }
    this.#unanswered = undefined
    const { link, mostBytes } = this.#options
    link.write(frames)
    if (link.buffered() > mostBytes) this.broken()
    else this.#confirm()
  }

  close(how: LinkEnd, reason: string): void {
    if (!this.#end()) return
    const { link } = this.#options
    if (how === 'terminate') link.terminate()
    else link.close(how, reason)
  }

  broken(): void {
    if (!this.#end()) return
    this.#options.link.terminate()
    this.#sayGone()
  }

  /** This node stops: the client comes back elsewhere, and its session with it. */
  leave(): void {
    if (!this.#end()) return
    this.#options.link.close('shutting_down', 'the node is stopping')
    this.#sayGone()
  }

  #sayGone(): void {
    void this.#options.mail.send(this.node, { type: 'gone', link: this.name, clean: false })
  }

  #confirm(): void {
    const { link, mail, name, node } = this.#options
    void mail.send(node, { type: 'took', link: name, n: this.tally.received, waiting: link.buffered() })
  }

  /** False when it was over already. */
  #end(): boolean {
    if (this.#over) return false
    this.#over = true
    this.#options.forget(this)
    return true
  }
}
