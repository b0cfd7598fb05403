/**
 * Hours of an ordinary day: one server at about a third of a core, sessions of three dialects that come, change, go and come
 * back, and every event followed. Resident memory must be flat, nothing lost, and everything let go of at the end. Each
 * sample is a line of a file at once, so that a run that is cut short still says what it saw.
 */
import { appendFileSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { benchFolder, type Child, startChild } from '../lib/child.ts'
import type { Figure } from '../lib/figures.ts'
import { metricsOf } from '../lib/node-metrics.ts'
import { numberIn, type Run } from '../lib/run.ts'
import type { SoakOptions, Taken } from '../lib/soak.ts'
import { figuresOfSoak, type Sample } from '../lib/soak-figures.ts'

export type SoakRun = Run & {
  /** Publishes. @default what takes the server about a third of a core */
  readonly perSecond?: number | undefined
}

const sampleMs = 10_000
/** How many samples there are to one before which the server collects. */
const collectEvery = 6
const wantedShare = 0.3
const openMs = 20_000
const users = 5_000

const people = { native: 900, socketio: 400, streams: 200, rooms: 500, tenants: 20, users, sessionMs: 40_000 }

export const soak = async (run: SoakRun): Promise<readonly Figure[]> => {
  const parent = join(benchFolder, 'results')
  mkdirSync(parent, { recursive: true })
  const file = join(parent, `soak-${new Date().toISOString().replace(/[:.]/g, '-')}.jsonl`)
  run.progress(`soak: ${run.minutes} minutes; each sample goes to ${file}`)
  const keep = (what: object): void => appendFileSync(file, `${JSON.stringify(what)}\n`)

  await using server = await startChild({ runtime: 'bun', script: 'servers/soak.ts', core: 0 })
  await using load = await startChild({ runtime: 'bun', script: 'load/soak/main.ts', core: 1 })
  const port = numberIn(server.ready, 'port')
  const before = await server.ask('vitals', { collect: true })
  keep({ kind: 'begin', at: new Date().toISOString(), people, before })
  await load.ask('open', { port, overMs: openMs, ...people } satisfies SoakOptions & { overMs: number })
  const perSecond = run.perSecond ?? (await calibrate(run, server, load))
  await load.ask('rate', { perSecond })
  keep({ kind: 'rate', perSecond })

  const samples: Sample[] = []
  const start = performance.now()
  const stand: Stand = { server, load, port, start, cpu: server.cpuSeconds(), at: start }
  await load.ask('take')
  for (let count = 1; performance.now() - start < run.minutes * 60_000; count++) {
    await Bun.sleep(Math.max(0, start + count * sampleMs - performance.now()))
    const sample = await look(stand, count % collectEvery === 0)
    samples.push(sample)
    keep({ kind: 'sample', ...sample })
    if (count % collectEvery === 0) run.progress(`soak: ${sentence(sample)}`)
    if (count % (collectEvery * 10) === 0) keep({ kind: 'types', ...(await server.ask('types')) })
  }
  run.progress('soak: settling')
  const settled = (await load.ask('settle')) as unknown as Taken
  await load.ask('end')
  const left = await everybodyGone(port)
  const after = await server.ask('vitals', { collect: true })
  keep({ kind: 'end', settled, after, left })
  for (const problem of settled.problems) run.progress(`soak: ${problem}`)
  return figuresOfSoak({ samples, settled, before, after, left, perSecond })
}

/** Those who fell silent are found out within `idleMs`, 40 s. */
const everybodyGone = async (port: number): Promise<Awaited<ReturnType<typeof metricsOf>>> => {
  for (let tries = 0; ; tries++) {
    await Bun.sleep(2_000)
    const metrics = await metricsOf(port)
    if (metrics.fanfare_sessions === 0 || tries === 45) return metrics
  }
}

type Stand = {
  readonly server: Child
  readonly load: Child
  readonly port: number
  readonly start: number
  cpu: number
  at: number
}

const look = async (stand: Stand, collect: boolean): Promise<Sample> => {
  const { server, load, port, start } = stand
  const vitals = await server.ask('vitals', { collect })
  const taken = (await load.ask('take')) as unknown as Taken
  const [now, cpu] = [performance.now(), server.cpuSeconds()]
  const share = (cpu - stand.cpu) / ((now - stand.at) / 1000)
  const seconds = (now - stand.at) / 1000
  stand.cpu = cpu
  stand.at = now
  const {
    fanfare_sessions: sessions,
    fanfare_rooms: rooms,
    fanfare_subscriptions: subscriptions,
  } = await metricsOf(port)
  return {
    minutes: (now - start) / 60_000,
    seconds,
    share,
    vitals: vitals as Sample['vitals'],
    taken,
    sessions,
    rooms,
    subscriptions,
  }
}

const sentence = ({ minutes, share, vitals, taken, sessions }: Sample): string =>
  [
    `minute ${minutes.toFixed(1)}`,
    `resident ${(vitals.resident / 2 ** 20).toFixed(1)} MB (collected ${((vitals.collected ?? 0) / 2 ** 20).toFixed(1)})`,
    `heap ${((vitals.heap ?? 0) / 2 ** 20).toFixed(1)} MB`,
    `${Math.round(share * 100)}% of a core`,
    `${sessions} sessions`,
    `p99 ${taken.p99.toFixed(1)} ms`,
    `${taken.wrong} wrong`,
    `load ${(taken.resident / 2 ** 20).toFixed(1)} MB`,
  ].join(', ')

const probes = [300, 900] as const
const probeMs = 10_000

/** Two rates give the cost of one publish and of all the rest; what the share allows follows. */
const calibrate = async (run: Run, server: Child, load: Child): Promise<number> => {
  const shares: number[] = []
  await load.ask('rate', { perSecond: probes[0] })
  await Bun.sleep(openMs + 20_000)
  for (const perSecond of probes) {
    await load.ask('rate', { perSecond })
    await Bun.sleep(2_000)
    const [cpu, at] = [server.cpuSeconds(), performance.now()]
    await Bun.sleep(probeMs)
    shares.push((server.cpuSeconds() - cpu) / ((performance.now() - at) / 1000))
  }
  const [low = 0, high = 0] = shares
  const each = Math.max(1e-5, (high - low) / (probes[1] - probes[0]))
  const perSecond = Math.max(100, Math.min(1_500, Math.round(probes[0] + (wantedShare - low) / each)))
  const percents = shares.map((share, index) => `${Math.round(share * 100)}% at ${probes[index]}`).join(', ')
  run.progress(`soak: the server took ${percents} publishes a second; it is given ${perSecond}`)
  return perSecond
}
