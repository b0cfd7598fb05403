/**
 * The link of a session here whose client's WebSocket is on another node. A link like any other to whoever writes to it:
 * what the other node has not said to be written counts as buffered.
 */
import type { ErrorCode } from '@fanfare/protocol'
import type { Link, LinkReader } from '../../hub/link.ts'
import type { Frame } from '../../wire/dialect.ts'
import { deaf } from './engine-probe.ts'
import type { LinkEnd } from './letters.ts'
import type { Mail } from './mail.ts'
import { Tally } from './tally.ts'
import type { SharedLink } from './watch.ts'

export type RelayedLinkOptions = {
  readonly node: string
  readonly name: string
  readonly mail: Mail
  readonly forget: (link: RelayedLink) => void
}

type Unconfirmed = { readonly n: number; readonly bytes: number }

export class RelayedLink implements Link, SharedLink {
  readonly kind = 'websocket'
  readonly direction = 'down'
  readonly tally = new Tally()
  /** Who hears of it. */
  reader: LinkReader = deaf
  readonly #options: RelayedLinkOptions
  /** Not yet said to be written, the oldest first. */
  #sent: Unconfirmed[] = []
  #bytes = 0
  /** What the other node wrote and its operating system has not taken. */
  #waiting = 0
  #over = false

  constructor(options: RelayedLinkOptions) {
    this.#options = options
  }

  get node(): string {
    return this.#options.node
  }

  get name(): string {
    return this.#options.name
  }

  // What the session asks for.

  write(frames: readonly Frame[]): void {
    if (this.#over || frames.length === 0) return
    const n = this.tally.next()
    const bytes = frames.reduce((sum, frame) => sum + frame.length, 0)
    this.#sent.push({ n, bytes })
    this.#bytes += bytes
    const { mail, name, node } = this.#options
    void mail.send(node, { type: 'down', link: name, n, frames }).then((sent) => {
      if (sent !== 'told') this.broken()
    })
  }

  buffered(): number {
    return this.#over ? 0 : this.#bytes + this.#waiting
  }

  close(code: ErrorCode | 'normal', reason: string): void {
    this.#endWith(code, reason)
  }

  terminate(): void {
    this.#endWith('terminate', '')
  }

  // What the client's node says.

  up(n: number, message: Frame): void {
    if (this.tally.takes(n)) this.reader.receive(message)
    else this.broken()
  }

  took(n: number, waiting: number): void {
    const before = this.buffered()
    const rest = this.#sent.findIndex((sent) => sent.n > n)
    this.#sent = rest === -1 ? [] : this.#sent.slice(rest)
    this.#bytes = this.#sent.reduce((sum, { bytes }) => sum + bytes, 0)
    this.#waiting = waiting
    if (this.buffered() < before) this.reader.drained()
  }

  gone(clean: boolean): void {
    if (this.#end()) this.reader.closed(clean)
  }

  broken(): void {
    if (!this.#end()) return
    this.#say('terminate', '')
    this.reader.closed(false)
  }

  #endWith(how: LinkEnd, reason: string): void {
    if (!this.#end()) return
    this.#say(how, reason)
    // As a socket of this node would: whoever closes hears of it later, not in the middle of it.
    queueMicrotask(() => this.reader.closed(false))
  }

  #say(how: LinkEnd, reason: string): void {
    const { mail, name, node } = this.#options
    void mail.send(node, { type: 'close', link: name, how, reason })
  }

  /** False when it was over already. */
  #end(): boolean {
    if (this.#over) return false
    this.#over = true
    this.#options.forget(this)
    return true
  }
}
