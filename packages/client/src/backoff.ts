/** How long to wait before the next try: a function of how many failed, and of chance. */

export type BackoffRange = {
  /** ms. */
  readonly minMs: number
  readonly maxMs: number
}

/** Full jitter above a floor: anywhere from `minMs` to `minMs * 2^tries`, never beyond `maxMs`. `tries` counts from 1. */
export const backoff = (tries: number, range: BackoffRange, random: () => number): number => {
  const ceiling = Math.min(range.maxMs, range.minMs * 2 ** Math.min(tries, 30))
  return Math.round(range.minMs + random() * (ceiling - range.minMs))
}
