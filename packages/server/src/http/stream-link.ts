/**
 * A link over the body of a response. Bytes wait in the stream's own queue, counted, until the runtime takes them
 * (hazard B11); that the reader is gone is told once, whichever of its signs comes first (hazard B10).
 */
import type { ErrorCode } from '@fanfare/protocol'
import type { Link } from '../hub/link.ts'
import type { Frame } from '../wire/dialect.ts'
import type { SharedBytes } from './shared-bytes.ts'

/**
 * The stream asks for more once it has given everything away. A larger mark sets aside as much memory for each reader, also
 * for those to whom nothing is ever sent.
 */
const highWaterMark = 1
const strategy = new ByteLengthQueuingStrategy({ highWaterMark })

/** `gone`: the reader went away, or the link was cut. */
export type Closing = { readonly kind: 'ended'; readonly code: ErrorCode | 'normal' } | { readonly kind: 'gone' }

export type StreamLinkOptions = {
  readonly bytes: SharedBytes
  /** The request's; aborted when its reader goes away. */
  readonly signal: AbortSignal
  /** There is room again. */
  readonly drained: () => void
  /** Called once. */
  readonly closed: (closing: Closing) => void
}

/** It is the source of its stream and the listener of its signal itself: closures would cost every idle reader more. */
export class StreamLink implements Link, UnderlyingDefaultSource<Uint8Array>, EventListenerObject {
  readonly kind = 'event-stream'
  readonly body: ReadableStream<Uint8Array>
  readonly #options: StreamLinkOptions
  #controller!: ReadableStreamDefaultController<Uint8Array>
  #closing: Closing | undefined
  /** What is written before the answer begins waits here: something comes before it. */
  #early: Frame[] | undefined = []
  #earlyBytes = 0
  /** The stream did not take all that it was given. */
  #isBehind = false

  constructor(options: StreamLinkOptions) {
    this.#options = options
    this.body = new ReadableStream<Uint8Array>(this, strategy)
    if (options.signal.aborted) this.terminate()
    else options.signal.addEventListener('abort', this, { once: true })
  }

  // What the stream and the signal call.

  start(controller: ReadableStreamDefaultController<Uint8Array>): void {
    this.#controller = controller
  }

  pull(): void {
    // Asked after every write, taken at once or not; only who was held up waits to hear of it.
    if (!this.#isBehind || this.#closing) return
    this.#isBehind = false
    this.#options.drained()
  }

  cancel(): void {
    this.#close({ kind: 'gone' })
  }

  handleEvent(): void {
    this.terminate()
  }

  // What the session asks.

  /** The reader went away before there was an answer, or after. */
  get isGone(): boolean {
    return this.#closing?.kind === 'gone'
  }

  /** The first frame of the answer; what was written meanwhile follows it. */
  begin(frame: Frame): void {
    const early = this.#early ?? []
    this.#early = undefined
    this.#earlyBytes = 0
    const frames = frame === '' ? early : [frame, ...early]
    if (frames.length > 0) this.write(frames)
  }

  write(frames: readonly Frame[]): void {
    if (this.#closing) return
    if (this.#early) {
      this.#early.push(...frames)
      for (const frame of frames) this.#earlyBytes += Buffer.byteLength(frame)
      return
    }
    // Only read from, so that any number of streams may hold them.
    this.#controller.enqueue(this.#options.bytes.of(frames))
    this.#isBehind = this.#waiting() > 0
  }

  buffered(): number {
    return this.#closing ? 0 : this.#waiting() + this.#earlyBytes
  }

  close(code: ErrorCode | 'normal'): void {
    if (this.#closing) return
    if (this.#early) this.begin('')
    this.#controller.close()
    this.#close({ kind: 'ended', code })
  }

  terminate(): void {
    // After `close` this still drops what the reader never took.
    this.#controller.error(new Error('the link was cut'))
    this.#close({ kind: 'gone' })
  }

  #waiting(): number {
    return highWaterMark - (this.#controller.desiredSize ?? highWaterMark)
  }

  #close(closing: Closing): void {
    if (this.#closing) return
    this.#closing = closing
    this.#options.signal.removeEventListener('abort', this)
    this.#options.closed(closing)
  }
}
