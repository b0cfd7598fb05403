/**
 * Two nodes on one Redis, all on this machine: latency of many small rooms at a fixed rate, acknowledged publishes, and a
 * storm of reconnects with the reads that it costs Redis. Nothing is pinned: there are more processes than cores.
 */
import { type RedisServer, startRedis } from '../../packages/server/src/redis/servers.world.ts'
import { type Child, startChild } from '../lib/child.ts'
import { type Figure, figure } from '../lib/figures.ts'
import { latencyFigures, oneRate } from '../lib/latency.ts'
import { numberIn, type Run, type Scenario } from '../lib/run.ts'
import { storms } from '../lib/storms.ts'

const rooms = 1_000
const perRoom = 10
/** The goals are for the first. */
const rates = [1_000, 4_000]

type Answer = Awaited<ReturnType<Child['ask']>>

const startNode = (redis: RedisServer): Promise<Child> =>
  startChild({ runtime: 'bun', script: 'servers/fanfare.ts', environment: { BENCH_REDIS_URL: redis.url } })

/** A field of INFO, as a number. */
const infoOf = async (redis: RedisServer, section: string, name: string): Promise<number> =>
  Number(new RegExp(`^${name}:(.*?)\\r?$`, 'm').exec(String(await redis.call('INFO', section)))?.[1] ?? Number.NaN)

const cpuOf = async (redis: RedisServer): Promise<number> =>
  (await infoOf(redis, 'cpu', 'used_cpu_user')) + (await infoOf(redis, 'cpu', 'used_cpu_sys'))

const residentOf = async (nodes: readonly Child[]): Promise<number> => {
  const answers = await Promise.all(nodes.map((node) => node.ask('memory')))
  return answers.reduce((sum, answer) => sum + numberIn(answer, 'resident'), 0)
}

export const redis: Scenario = async (run) => {
  await using server = await startRedis()
  await using stack = new AsyncDisposableStack()
  const nodes = [stack.use(await startNode(server)), stack.use(await startNode(server))]
  return [
    ...(await latency(run, server, nodes)),
    ...(await acknowledged(run, server, nodes.slice(0, 1))),
    ...(await acknowledged(run, server, nodes)),
  ]
}

const latency = async (run: Run, server: RedisServer, nodes: readonly Child[]): Promise<readonly Figure[]> => {
  await using load = await startChild({ runtime: 'bun', script: 'load/main.ts' })
  const connections = run.quick ? (rooms * perRoom) / 5 : rooms * perRoom
  const inRooms = connections / perRoom
  const contender = `${nodes.length} nodes, ${connections} sessions in ${inRooms} rooms`
  run.progress(`redis: opening ${connections} sessions`)
  const before = await residentOf(nodes)
  const usedBefore = await infoOf(server, 'memory', 'used_memory')
  await load.ask('manyRooms', { ports: nodes.map(({ ready }) => ready.port), connections, rooms: inRooms })
  const perSession = ((await residentOf(nodes)) - before) / connections
  const inRedis = ((await infoOf(server, 'memory', 'used_memory')) - usedBefore) / inRooms
  const about = { scenario: 'redis', contender }
  const figures = [
    figure({ ...about, measure: 'resident in a node', unit: 'bytes a session' }, [perSession]),
    figure({ ...about, measure: 'used in Redis', unit: 'bytes a room without events' }, [inRedis]),
  ]
  const stand = { server, nodes, load, about }
  for (const perSecond of rates) figures.push(...(await atRate(run, stand, perSecond)))
  return [...figures, ...(await storms(run, nodes, { load, about, connections, rooms: inRooms, reads: { most: 2 } }))]
}

type About = { readonly scenario: string; readonly contender: string }
type Stand = {
  readonly server: RedisServer
  readonly nodes: readonly Child[]
  readonly load: Child
  readonly about: About
}

const goals = { p50: { most: 2 }, p99: { most: 10 }, p999: { most: 50 } } as const

const atRate = async (run: Run, stand: Stand, perSecond: number): Promise<readonly Figure[]> => {
  const { server, nodes, load, about } = stand
  const rounds: Answer[] = []
  const busy: { redis: number; nodes: number; out: number }[] = []
  const [ms, wanted] = run.quick ? [3_000, 2] : [10_000, 3]
  for (let round = -1; round < wanted; round++) {
    run.progress(`redis: ${perSecond} publishes a second, ${round < 0 ? 'warm-up' : `round ${round + 1} of ${wanted}`}`)
    const nodesBefore = nodes.reduce((sum, node) => sum + node.cpuSeconds(), 0)
    const [cpuBefore, outBefore] = [await cpuOf(server), await infoOf(server, 'stats', 'total_net_output_bytes')]
    const answer = await oneRate(load, { perSecond, ms })
    if (round < 0) continue
    rounds.push(answer)
    const seconds = numberIn(answer, 'seconds')
    busy.push({
      redis: ((await cpuOf(server)) - cpuBefore) / seconds,
      nodes: (nodes.reduce((sum, node) => sum + node.cpuSeconds(), 0) - nodesBefore) / seconds / nodes.length,
      out: ((await infoOf(server, 'stats', 'total_net_output_bytes')) - outBefore) / (ms / 1000) / perSecond,
    })
  }
  const at = `${perSecond.toLocaleString('en')} publishes/s`
  return [
    ...latencyFigures({ ...about, at, goals: perSecond === rates[0] ? goals : {} }, rounds),
    figure(
      { ...about, measure: `${at}: Redis processor time`, unit: 'cores' },
      busy.map((one) => one.redis),
    ),
    figure(
      { ...about, measure: `${at}: processor time of a node`, unit: 'cores' },
      busy.map((one) => one.nodes),
    ),
    figure(
      { ...about, measure: `${at}: what Redis sends, a publish`, unit: 'bytes' },
      busy.map((one) => one.out),
    ),
  ]
}

const acknowledged = async (run: Run, server: RedisServer, nodes: readonly Child[]): Promise<readonly Figure[]> => {
  await using stack = new AsyncDisposableStack()
  const loads: Child[] = []
  for (const { ready } of nodes) {
    const load = stack.use(await startChild({ runtime: 'bun', script: 'load/main.ts' }))
    await load.ask('publish', { port: ready.port, connections: 64, kind: 'memory', inFlight: 32, durability: 'broker' })
    loads.push(load)
  }
  const rates: number[] = []
  const shares: number[] = []
  const [ms, wanted] = run.quick ? [1_000, 2] : [3_000, 5]
  for (let round = -1; round < wanted; round++) {
    run.progress(
      `redis: acknowledged publishes, ${nodes.length} nodes, ${round < 0 ? 'warm-up' : `round ${round + 1} of ${wanted}`}`,
    )
    const before = await cpuOf(server)
    const answers = await Promise.all(loads.map((load) => load.ask('publishRound', { ms })))
    if (round < 0) continue
    const seconds = Math.max(...answers.map((answer) => numberIn(answer, 'seconds')))
    rates.push(answers.reduce((sum, answer) => sum + numberIn(answer, 'acknowledged'), 0) / seconds / nodes.length)
    shares.push(((await cpuOf(server)) - before) / seconds)
  }
  const about = { scenario: 'redis', contender: `${nodes.length} ${nodes.length === 1 ? 'node' : 'nodes'}` }
  return [
    figure({ ...about, measure: 'acknowledged with history, a node', unit: '/s', goal: { least: 60_000 } }, rates),
    figure({ ...about, measure: 'Redis processor time meanwhile', unit: 'cores' }, shares),
  ]
}
