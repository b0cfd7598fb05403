/**
 * Latency at a fixed rate, whatever the servers do: counted from when a message was due, so that one that waited behind a
 * pause counts with its whole wait. The load is in `load/many-rooms.ts`.
 */
import type { Child } from './child.ts'
import type { Answer } from './control.ts'
import { type Figure, figure, type Goal } from './figures.ts'
import { numberIn } from './run.ts'

/** @throws Error when a message was lost, doubled or reordered */
export const oneRate = async (
  load: Child,
  rate: { readonly perSecond: number; readonly ms: number },
): Promise<Answer> => {
  const answer = await load.ask('rate', rate)
  if (numberIn(answer, 'wrong') + numberIn(answer, 'missing') > 0) {
    throw new Error(`messages were lost, doubled or out of order: ${JSON.stringify(answer)}`)
  }
  return answer
}

const percentiles = ['p50', 'p99', 'p999'] as const

export type LatencyAbout = {
  readonly scenario: string
  readonly contender: string
  /** Under which load, as the reader is told. */
  readonly at: string
  readonly goals: { readonly [name in (typeof percentiles)[number]]?: Goal }
}

export const latencyFigures = ({ at, goals, ...about }: LatencyAbout, rounds: readonly Answer[]): readonly Figure[] => {
  const of = (name: string): readonly number[] => rounds.map((answer) => numberIn(answer, name))
  return [
    ...percentiles.map((name) => {
      const goal = goals[name]
      return figure({ ...about, measure: `${at}: latency ${name}`, unit: 'ms', ...(goal && { goal }) }, of(name))
    }),
    figure({ ...about, measure: `${at}: lateness of the load itself, p99`, unit: 'ms' }, of('lateness')),
  ]
}
