/** A session on a connection of the load, whatever its link: what comes is handed on as text. */
import { Connection, type Receiver } from '../connection.ts'
import { goodbyeFrame } from '../frame.ts'
import type { LinkName } from '../links.ts'
import { Life } from './life.ts'

export abstract class LinkedLife extends Life implements Receiver {
  protected readonly link: LinkName = 'websocket'
  #connection: Connection | undefined

  /** The HTTP request that opens the link. */
  protected abstract get upgrade(): string
  protected abstract take(text: string): void

  protected begun(): void {
    if (!this.socket) return
    const { link, upgrade } = this
    this.#connection = new Connection(this.socket, { index: this.person.index, link, upgrade, receiver: this })
    this.#connection.begin()
  }

  data(chunk: Buffer): void {
    this.#connection?.take(chunk)
  }

  drained(): void {
    this.#connection?.drained()
  }

  frame(_: Connection, bytes: Uint8Array, start: number, end: number): void {
    this.take(Buffer.from(bytes.subarray(start, end)).toString())
  }

  protected say(text: string): void {
    this.#connection?.sendText(text)
  }

  protected sayGoodbye(): void {
    this.#connection?.send(goodbyeFrame)
  }
}
