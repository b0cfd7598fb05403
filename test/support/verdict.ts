/** What a fault test says when it ends: one line of JSON a case, and an exit code. */

export type Verdict = {
  readonly id: string
  readonly pass: boolean
  readonly metric: string
  readonly value: number
  readonly limit: number
}

/** Prints the line; a case that failed fails the process when it ends. */
export const report = (verdict: Verdict): void => {
  process.stdout.write(`${JSON.stringify(verdict)}\n`)
  if (!verdict.pass) process.exitCode = 1
}

/** The value must not be above the limit. */
export const atMost = (id: string, metric: string, { value, limit }: { value: number; limit: number }): void =>
  report({ id, pass: value <= limit, metric, value, limit })

/** The value must not be below the limit. */
export const atLeast = (id: string, metric: string, { value, limit }: { value: number; limit: number }): void =>
  report({ id, pass: value >= limit, metric, value, limit })
