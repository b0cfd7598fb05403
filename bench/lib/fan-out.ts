/** Fan-out to one room, whose figures are the same for whatever link the subscribers come over. */
import type { Contender } from './contenders.ts'
import { type Comparison, figuresOf, ratiosOf } from './deliveries.ts'
import type { Figure } from './figures.ts'
import { planFor } from './plan.ts'
import { present, type Run } from './run.ts'
import { measureAll, type Setting } from './stands.ts'

export type FanOut = {
  readonly scenario: string
  readonly wanted: readonly Contender[]
  readonly subscribers: number
  readonly comparisons: readonly Comparison[]
}

const settings: readonly Setting[] = [100, 4_096].flatMap((bytes) => [1, 16].map((inFlight) => ({ inFlight, bytes })))

const readable = (count: number): string => count.toLocaleString('en')

export const measureFanOut = async (run: Run, fanOut: FanOut): Promise<readonly Figure[]> => {
  const { scenario, wanted, subscribers, comparisons } = fanOut
  const measured = await measureAll(run, {
    scenario,
    contenders: present(run, scenario, wanted),
    audience: { subscribers },
    settings,
    plan: planFor(run.quick, subscribers > 1_000 ? 'few' : 'many'),
  })
  const nameOf = ({ inFlight, bytes }: Setting): string =>
    `${readable(subscribers)} subscribers, ${readable(bytes)} bytes, ${inFlight} in flight`
  return [
    ...measured.flatMap((one) => figuresOf(scenario, nameOf(one.setting), one)),
    ...settings.flatMap((setting) => ratiosOf({ scenario, under: nameOf(setting), setting }, comparisons, measured)),
  ]
}
