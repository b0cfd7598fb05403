/** What a scenario is given and gives back, and how it starts its contenders. */
import { type Child, startChild } from './child.ts'
import { type Contender, contenders } from './contenders.ts'
import type { Answer } from './control.ts'
import type { Figure } from './figures.ts'
import { busySeconds } from './machine.ts'

export type Run = {
  /** Shorter rounds, for a look rather than a figure. */
  readonly quick: boolean
  /** How long the long ones last. */
  readonly minutes: number
  progress(line: string): void
}
export type Scenario = (run: Run) => Promise<readonly Figure[]>

export const names = Object.fromEntries(
  Object.entries(contenders).map(([contender, { label }]) => [contender, label]),
) as { readonly [name in Contender]: string }

export const startServer = (contender: Contender): Promise<Child> =>
  startChild({ ...contenders[contender].child, core: 0 })

/** Those that are on this machine. Says which are missing, and why. */
export const present = (run: Run, scenario: string, wanted: readonly Contender[]): readonly Contender[] =>
  wanted.filter((contender) => {
    const found = contenders[contender].find()
    if ('missing' in found) run.progress(`${scenario}: ${names[contender]} is MISSING: ${found.missing}`)
    return !('missing' in found)
  })

export const startLoad = (): Promise<Child> => startChild({ runtime: 'bun', script: 'load/main.ts', core: 1 })

export const numberIn = (answer: Answer, name: string): number => {
  const value = answer[name]
  if (typeof value === 'number') return value
  throw new Error(`the answer has no number ${name}: ${JSON.stringify(answer)}`)
}

/** A round as seen from outside: what the server and others used of the processor while it ran. */
export type Watched = {
  readonly answer: Answer
  readonly seconds: number
  readonly serverSeconds: number
  /** Share of its core that the load used. */
  readonly load: number
  /** Cores that neither the server nor the load used: other work on this machine. */
  readonly others: number
}

/** The answer must say `seconds` and `loadSeconds`. */
export const watch = async (server: Child, round: () => Promise<Answer>): Promise<Watched> => {
  const [serverBefore, busyBefore, start] = [server.cpuSeconds(), busySeconds(), performance.now()]
  const answer = await round()
  const elapsed = (performance.now() - start) / 1000
  const serverSeconds = server.cpuSeconds() - serverBefore
  const loadSeconds = numberIn(answer, 'loadSeconds')
  const seconds = numberIn(answer, 'seconds')
  return {
    answer,
    seconds,
    serverSeconds,
    load: loadSeconds / seconds,
    others: Math.max(0, busySeconds() - busyBefore - serverSeconds - loadSeconds) / elapsed,
  }
}

const percent = (share: number): string => `${Math.round(share * 100)}%`

/** What a reader must know about these rounds: that the load was the limit, or that the machine was not ours alone. */
export const notesOn = (rounds: readonly Watched[]): readonly string[] => {
  const load = Math.max(...rounds.map((round) => round.load))
  const others = Math.max(...rounds.map((round) => round.others))
  return [
    ...(load > 0.95 ? [`the load was the limit (${percent(load)} of its core)`] : []),
    ...(others > 0.1 ? [`other work took up to ${percent(others)} of a core`] : []),
  ]
}
