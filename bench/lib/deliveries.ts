/** Figures of whatever counts deliveries: a second, and of the server's processor time; and one contender's to another's. */
import type { Contender } from './contenders.ts'
import { type Figure, figure, type Goal, medianOf } from './figures.ts'
import { names, notesOn, numberIn, type Watched } from './run.ts'
import type { Measured, Setting } from './stands.ts'

const deliveriesOf = ({ answer }: Watched): number => numberIn(answer, 'deliveries')
const rate = (round: Watched): number => deliveriesOf(round) / round.seconds
/** Server seconds for a million deliveries. */
const cost = (round: Watched): number => (round.serverSeconds / deliveriesOf(round)) * 1e6

/** `under`: what the measure is called in this setting, such as `16 in flight`. */
export const figuresOf = (scenario: string, under: string, { contender, rounds }: Measured): readonly Figure[] => {
  const about = { scenario, contender: names[contender] }
  const bytes = rounds[0] ? numberIn(rounds[0].answer, 'frameBytes') : 0
  const notes = [`messages of ${bytes.toLocaleString('en')} bytes`, ...notesOn(rounds)]
  return [
    figure({ ...about, measure: `deliveries, ${under}`, unit: '/s', notes }, rounds.map(rate)),
    figure({ ...about, measure: `server processor time, ${under}`, unit: 's per million' }, rounds.map(cost)),
  ]
}

export type Comparison = {
  readonly one: Contender
  readonly other: Contender
  /** Of the rates. */
  readonly goal?: (setting: Setting) => Goal | undefined
}

/**
 * Of medians: how many times the other's rate, and how many times the other's deliveries for the same server processor time,
 * which says more where the machine has other work. None where one of them is missing.
 */
export const ratiosOf = (
  { scenario, under, setting }: { readonly scenario: string; readonly under: string; readonly setting: Setting },
  comparisons: readonly Comparison[],
  measured: readonly Measured[],
): readonly Figure[] => {
  const medianIn = (contender: Contender, value: (round: Watched) => number): number =>
    medianOf(
      measured.filter((one) => one.contender === contender && one.setting === setting)[0]?.rounds.map(value) ?? [],
    )
  return comparisons.flatMap(({ one, other, goal }) => {
    const rates = medianIn(one, rate) / medianIn(other, rate)
    if (Number.isNaN(rates)) return []
    const about = { scenario, contender: `${names[one]} to ${names[other]}`, unit: 'times' }
    const aim = goal?.(setting)
    return [
      figure({ ...about, measure: `deliveries, ${under}`, ...(aim === undefined ? {} : { goal: aim }) }, [rates]),
      figure({ ...about, measure: `deliveries for the same processor time, ${under}` }, [
        medianIn(other, cost) / medianIn(one, cost),
      ]),
    ]
  })
}
