/** Contenders side by side: a server and a load of its own for each, measured in turn, round by round, or one after another. */
import { readFileSync } from 'node:fs'
import type { FanoutOptions, RoundOptions } from '../load/fanout.ts'
import { within } from '../load/within.ts'
import type { Child } from './child.ts'
import type { Contender } from './contenders.ts'
import type { Plan } from './plan.ts'
import { names, numberIn, type Run, startLoad, startServer, type Watched, watch } from './run.ts'

/** What one contender is measured with; every contender is measured with each. */
export type Setting = { readonly inFlight: number; readonly bytes: number }
export type Measured = { readonly contender: Contender; readonly setting: Setting; readonly rounds: Watched[] }

export type StandsOptions = {
  /** Of the progress. */
  readonly scenario: string
  readonly contenders: readonly Contender[]
  readonly audience: Pick<FanoutOptions, 'subscribers' | 'rooms'>
  readonly settings: readonly Setting[]
  readonly plan: Plan
}

/** Whose failure is a result and not a figure of ours that is lost: all but our own. */
const isOurs = (contender: Contender): boolean => contender.startsWith('fanfare')

type Stand = { readonly contender: Contender; readonly server: Child; readonly load: Child }

/** For all subscribers of a contender to be there, ms. */
const patience = 180_000

/** Of both ends of a connection together, in user and kernel, generously. */
const bytesOfConnection = 120_000

/** Whether so many connections may be open at once without touching half of the memory that is free. */
const fit = (connections: number): boolean => {
  const free = Number(/MemAvailable:\s+(\d+) kB/.exec(readFileSync('/proc/meminfo', 'utf8'))?.[1]) * 1024
  return connections * bytesOfConnection < free / 2
}

/**
 * All contenders take turns in every round, so that whatever else the machine does meets all of them alike; one after
 * another where they do not fit beside each other. One of others' that fails is out, and it is said why.
 * @throws Error when we lost, doubled or reordered a message
 */
export const measureAll = async (run: Run, options: StandsOptions): Promise<readonly Measured[]> => {
  const { contenders, audience } = options
  if (fit(contenders.length * audience.subscribers)) return measureTogether(run, options)
  const measured: Measured[] = []
  for (const contender of contenders) {
    measured.push(...(await measureTogether(run, { ...options, contenders: [contender] })))
  }
  return measured
}

/** Nobody who is out is tried again. */
class Attempts {
  readonly out = new Set<Contender>()
  readonly #run: Run
  readonly #scenario: string

  constructor(run: Run, scenario: string) {
    this.#run = run
    this.#scenario = scenario
  }

  async by(contender: Contender, work: () => Promise<void>): Promise<void> {
    if (this.out.has(contender)) return
    try {
      await work()
    } catch (error) {
      if (isOurs(contender)) throw error
      this.out.add(contender)
      const why = error instanceof Error ? error.message : String(error)
      this.#run.progress(`${this.#scenario}: ${names[contender]} is OUT: ${why}`)
    }
  }
}

const measureTogether = async (run: Run, options: StandsOptions): Promise<readonly Measured[]> => {
  const { scenario, contenders, audience, settings, plan } = options
  await using stack = new AsyncDisposableStack()
  const stands: Stand[] = []
  const attempts = new Attempts(run, scenario)
  for (const contender of contenders) {
    run.progress(`${scenario}: ${names[contender]}, ${audience.subscribers} subscribers`)
    await attempts.by(contender, async () => void stands.push(await open(stack, contender, audience)))
  }
  const measured = settings.flatMap((setting) =>
    stands.map((stand) => ({ stand, contender: stand.contender, setting, rounds: [] as Watched[] })),
  )
  for (let round = -plan.warm; round < plan.rounds; round++) {
    run.progress(`${scenario}: ${round < 0 ? 'warm-up' : `round ${round + 1} of ${plan.rounds}`}`)
    for (const { stand, setting, rounds } of measured) {
      await attempts.by(stand.contender, async () => {
        const watched = await measure(stand, { ...setting, ms: plan.ms })
        if (round >= 0) rounds.push(watched)
      })
    }
  }
  return measured.filter(({ contender }) => !attempts.out.has(contender))
}

const open = async (
  stack: AsyncDisposableStack,
  contender: Contender,
  audience: StandsOptions['audience'],
): Promise<Stand> => {
  const server = stack.use(await startServer(contender))
  const load = stack.use(await startLoad())
  const opened = load.ask('fanout', { contender, port: server.ready.port, ...audience })
  await within(patience, opened, () => `${audience.subscribers} subscribers were not there in time`)
  return { contender, server, load }
}

const measure = async ({ contender, server, load }: Stand, round: RoundOptions): Promise<Watched> => {
  const watched = await watch(server, () => load.ask('fanoutRound', round))
  const wrong = numberIn(watched.answer, 'wrong')
  if (wrong > 0) throw new Error(`${names[contender]}: ${wrong} messages were lost, doubled or out of order`)
  return watched
}
