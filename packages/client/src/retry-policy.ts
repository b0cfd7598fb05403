/** What a lost connection does next, derived from the one table of codes. Pure. */
import { codeOfClose, FanfareError } from '@fanfare/protocol'
import { type BackoffRange, backoff } from './backoff.ts'
import type { Failure } from './failure.ts'

export type Loss = Failure & {
  /** Failures in a row before this one. */
  readonly tries: number
  /** Whether a new credential can be had and the ones refused so far are few enough to ask for it. */
  readonly mayRenew: boolean
  /** What is left of the wait that the server chose in a `reconnect` frame, ms. */
  readonly hintMs: number | undefined
}

export type NextStep = { readonly kind: 'retry'; readonly afterMs: number } | { readonly kind: 'stop' }

/** A server's wait is lengthened by up to this share, so that clients told the same do not come at the same time. */
const spread = 0.2

const stop: NextStep = { kind: 'stop' }

export const afterLoss = (loss: Loss, range: BackoffRange, random: () => number): NextStep => {
  const { error, tries } = loss
  const aboutCredential = error.code === 'unauthenticated' || error.code === 'token_expired'
  if (aboutCredential ? !loss.mayRenew : loss.retry === 'never') return stop
  if (loss.hintMs !== undefined) return { kind: 'retry', afterMs: loss.hintMs }
  if (error.retryAfterMs !== undefined) {
    return { kind: 'retry', afterMs: Math.round(error.retryAfterMs * (1 + spread * random())) }
  }
  // `now` that did not help the first time is no longer now: a server that always answers so must not be hammered.
  if (loss.retry === 'now' && tries === 0) return { kind: 'retry', afterMs: 0 }
  return { kind: 'retry', afterMs: backoff(tries + 1, range, random) }
}

/** The error that a WebSocket's end stands for. A code that is not ours (1006, a proxy's) may pass: `unavailable`. */
export const errorOfClose = (close: number, reason: string): FanfareError => {
  const code = codeOfClose(close)
  if (code) return new FanfareError(code, reason || undefined)
  return new FanfareError('unavailable', `The connection ended (${close}${reason ? `: ${reason}` : ''}).`)
}
