/** A time as events carry it. Thousands of events share a millisecond, so the last one's text is kept. */

let lastMs = Number.NaN
let lastText = ''

/** ISO 8601, UTC, from ms since 1970. */
export const isoTime = (ms: number): string => {
  if (ms !== lastMs) {
    lastText = new Date(ms).toISOString()
    lastMs = ms
  }
  return lastText
}
