/** Durations as people write them: `500ms`, `15s`, `5m`, `24h`, `7d`. */

const msOf = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const
type Unit = keyof typeof msOf

export type Duration = `${number}${Unit}`

/** In ms, or undefined when it is not a whole number above 0 with one of the units, or is too long to count. */
export const parseDuration = (text: string): number | undefined => {
  const parts = /^([1-9]\d{0,15})(ms|s|m|h|d)$/.exec(text)
  if (!parts) return undefined
  const ms = Number(parts[1]) * msOf[parts[2] as Unit]
  return Number.isSafeInteger(ms) ? ms : undefined
}
