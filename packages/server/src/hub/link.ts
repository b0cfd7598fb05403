/** The port of a link: something that carries frames to one client. Listeners make links; sessions own them. */
import type { ErrorCode } from '@fanfare/protocol'
import type { Frame } from '../wire/dialect.ts'

export type Link = {
  readonly kind: 'websocket' | 'event-stream' | 'socket.io'
  /** One write, in order. Never called with more than the outbox allows, nor from inside a drain callback (hazard B4). */
  write(frames: readonly Frame[]): void
  /** Bytes taken by `write` and not yet handed to the operating system. */
  buffered(): number
  /** Ends the link, after what was written where that still works. */
  close(code: ErrorCode | 'normal', reason: string): void
  /** Ends the link at once; what was not sent is dropped. */
  terminate(): void
}

/** What a listener tells whoever reads from a link. None of it throws. */
export type LinkReader = {
  receive(message: string | Uint8Array): void
  /** The link has room again. */
  drained(): void
  /** Once, however it ended; `clean` when the other end said goodbye. */
  closed(clean: boolean): void
}
