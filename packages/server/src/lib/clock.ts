/** Time, injected so that tests move it. Owns no state of its own. */

export type Timer = { cancel(): void }

export type Clock = {
  /** Wall clock, ms since 1970. For timestamps and expiries that outlive the process. */
  now(): number
  /** Calls back once after `ms`; never keeps the process alive. */
  after(ms: number, callback: () => void): Timer
  /** Calls back every `ms` until cancelled; never keeps the process alive. */
  every(ms: number, callback: () => void): Timer
}

export const systemClock: Clock = {
  now: () => Date.now(),
  after(ms, callback) {
    const timer = setTimeout(callback, ms)
    timer.unref?.()
    return { cancel: () => clearTimeout(timer) }
  },
  every(ms, callback) {
    const timer = setInterval(callback, ms)
    timer.unref?.()
    return { cancel: () => clearInterval(timer) }
  },
}
