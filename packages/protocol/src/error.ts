/** The one error class, thrown by the server and the client alike. */
import { codes, type ErrorCode, type Retry } from './codes.ts'

export type FanfareErrorOptions = {
  /** How long to wait before trying again, in ms; only where the code says `later`. */
  readonly retryAfterMs?: number
  /** What caused it; logged on the server, never sent. */
  readonly cause?: unknown
}

/** A failure with a code from the table. Its message is for the caller: what happened and what to do next. */
export class FanfareError extends Error {
  override readonly name = 'FanfareError'
  readonly code: ErrorCode
  readonly retryAfterMs: number | undefined

  constructor(code: ErrorCode, message?: string, options: FanfareErrorOptions = {}) {
    super(message ?? codes[code].meaning, options.cause === undefined ? undefined : { cause: options.cause })
    this.code = code
    this.retryAfterMs = options.retryAfterMs
  }

  get retry(): Retry {
    return codes[this.code].retry
  }

  get status(): number {
    return codes[this.code].status
  }

  get close(): number {
    return codes[this.code].close
  }
}

/** The only door through which foreign errors come in. What is not ours is `internal`, and its message stays on the server. */
export const toFanfareError = (error: unknown): FanfareError =>
  error instanceof FanfareError ? error : new FanfareError('internal', undefined, { cause: error })
