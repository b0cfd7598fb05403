/** Whether a failure is tried again, and when; and doing so. Knows no request. */
import { FanfareError } from '@fanfare/protocol'

export type RetryOptions = {
  /** In all, the first included. @default 6 */
  readonly tries?: number
  /** Between two tries, where the server does not say: jittered, doubling. @default 200 */
  readonly minMs?: number
  /** @default 10000 */
  readonly maxMs?: number
  /** A server that asks for a longer wait than this is not waited for: the error says how long it asked. @default 60000 */
  readonly longestWaitMs?: number
}

export const backoffDefaults = { tries: 6, minMs: 200, maxMs: 10_000, longestWaitMs: 60_000 } as const

/** Replaced in tests. */
export type Waiting = {
  /** 0 to 1. */
  readonly random: () => number
  /** @throws the signal's reason */
  readonly pause: (ms: number, signal: AbortSignal | undefined) => Promise<void>
}

/** A server's wait is lengthened by up to this share, so that those told the same do not come at the same time. */
const spread = 0.2

/** ms; undefined when it is not to be tried again. @param tries how many failed, 1 after the first */
export const waitAfter = (
  error: FanfareError,
  tries: number,
  { retry, random }: { readonly retry: Required<RetryOptions>; readonly random: () => number },
): number | undefined => {
  if (error.retry === 'never' || tries >= retry.tries) return undefined
  if (error.retryAfterMs !== undefined) {
    if (error.retryAfterMs > retry.longestWaitMs) return undefined
    return Math.round(error.retryAfterMs * (1 + spread * random()))
  }
  if (error.retry === 'now' && tries === 1) return 0
  const ceiling = Math.min(retry.maxMs, retry.minMs * 2 ** Math.min(tries, 30))
  return Math.round(Math.min(retry.minMs, retry.maxMs) + random() * Math.max(0, ceiling - retry.minMs))
}

export type Retrying = {
  readonly retry: Required<RetryOptions>
  readonly waiting: Waiting
  readonly signal: AbortSignal | undefined
}

/** Runs the work until it succeeds, fails for good, or was tried often enough. What is not a FanfareError ends it. */
export const retrying = async <T>({ retry, waiting, signal }: Retrying, work: () => Promise<T>): Promise<T> => {
  for (let tries = 1; ; tries++) {
    try {
      return await work()
    } catch (error) {
      if (!(error instanceof FanfareError)) throw error
      const ms = waitAfter(error, tries, { retry, random: waiting.random })
      if (ms === undefined) throw error
      await waiting.pause(ms, signal)
    }
  }
}

export const systemWaiting: Waiting = {
  random: Math.random,
  pause: (ms, signal) =>
    new Promise((resolve, reject) => {
      const end = () => {
        clearTimeout(timer)
        reject(signal?.reason)
      }
      const timer = setTimeout(() => {
        signal?.removeEventListener('abort', end)
        resolve()
      }, ms)
      if (signal?.aborted) end()
      else signal?.addEventListener('abort', end, { once: true })
    }),
}
