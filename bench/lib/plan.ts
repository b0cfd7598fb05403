/** How long and how often the scenarios of the fan-out family measure: all in one place, so that a whole run stays under 40 minutes. */

export type Plan = {
  /** Of one round. */
  readonly ms: number
  /** Rounds that are thrown away first. */
  readonly warm: number
  readonly rounds: number
}

/** `few`: for what opens 10,000 connections, whose rounds are longer than they were asked to be. */
export const planFor = (quick: boolean, size: 'many' | 'few'): Plan => {
  if (quick) return { ms: 400, warm: 1, rounds: 2 }
  return size === 'many' ? { ms: 1_000, warm: 1, rounds: 5 } : { ms: 1_000, warm: 1, rounds: 5 }
}
