/** Everybody is cut off, misses 50 events, and comes back at once: how long until all have all of them, and what that reads. */
import type { Child } from './child.ts'
import type { Answer } from './control.ts'
import { type Figure, figure, type Goal } from './figures.ts'
import { metricsOf } from './node-metrics.ts'
import { numberIn, type Run } from './run.ts'

export const missed = 50

export type StormOf = {
  readonly load: Child
  readonly about: { readonly scenario: string; readonly contender: string }
  readonly connections: number
  readonly rooms: number
  /** Of logs, a room. @default not told: rooms in a node's own memory are never read from anywhere else, so there is nothing to count */
  readonly reads?: Goal
}

const readsOf = async (nodes: readonly Child[]): Promise<number> => {
  const metrics = await Promise.all(nodes.map(({ ready }) => metricsOf(numberIn(ready, 'port'))))
  return metrics.reduce((sum, { fanfare_log_reads_total: reads = Number.NaN }) => sum + reads, 0)
}

/** @throws Error when somebody did not get all that they missed, once and in order */
export const storms = async (run: Run, nodes: readonly Child[], storm: StormOf): Promise<readonly Figure[]> => {
  const { load, about, connections, rooms } = storm
  const answers: Answer[] = []
  const reads: number[] = []
  for (let round = 1; round <= (run.quick ? 1 : 3); round++) {
    run.progress(`${about.scenario}: ${connections} reconnect, ${missed} missed in each room, round ${round}`)
    const before = await readsOf(nodes)
    const answer = await load.ask('storm', { missed })
    reads.push(((await readsOf(nodes)) - before) / rooms)
    answers.push(answer)
    const [recovered, wrong] = [numberIn(answer, 'recovered'), numberIn(answer, 'wrong')]
    if (recovered !== connections || wrong > 0) throw new Error(`not all recovered whole: ${JSON.stringify(answer)}`)
  }
  const of = (name: string): readonly number[] => answers.map((answer) => numberIn(answer, name))
  const notes = [`each node once for all who ask; ${rooms.toLocaleString('en')} rooms`]
  return [
    figure({ ...about, measure: 'storm: all have what they missed', unit: 's', goal: { most: 8 } }, of('seconds')),
    figure({ ...about, measure: 'storm: 95 of 100 have it', unit: 's' }, of('most')),
    ...(storm.reads === undefined
      ? []
      : [
          figure({ ...about, measure: 'storm: reads of logs, a room', unit: 'reads', goal: storm.reads, notes }, reads),
        ]),
  ]
}
