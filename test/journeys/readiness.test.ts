/** `/ready` while the way to Redis is broken: what a balancer needs to know, soon enough, and no longer than it is true. */
import { expect, test } from 'bun:test'
import { fileURLToPath } from 'node:url'
import { type ServerProcess, startServerProcess } from '@fanfare/testkit'
import { startCluster } from '../../packages/server/src/redis/cluster.world.ts'
import { startProxy } from '../../packages/server/src/redis/proxy.world.ts'
import { startRedis } from '../../packages/server/src/redis/servers.world.ts'

const app = fileURLToPath(new URL('../support/clinic.ts', import.meta.url))

const withinMs = 15_000

/** How long it took until `/ready` answered so, and what it said. */
const answers = async (server: ServerProcess, status: number): Promise<{ ms: number; said: string }> => {
  const began = performance.now()
  for (;;) {
    const answer = await fetch(`${server.url}/ready`)
    const said = await answer.text()
    const ms = performance.now() - began
    if (answer.status === status) return { ms, said }
    if (ms > withinMs) throw new Error(`For ${withinMs} ms the node answered: ${answer.status} ${said}`)
    await Bun.sleep(250)
  }
}

test('R-09: what Redis sends vanishes on the way: the node is not ready within 15 s, lives on, and is ready again by itself', async () => {
  await using redis = await startRedis()
  await using proxy = await startProxy(redis.port)
  await using server = await startServerProcess({ app, environment: { REDIS_URL: proxy.url } })
  proxy.swallow('down', 'all')
  const broken = await answers(server, 503)
  expect(broken.ms).toBeLessThan(withinMs)
  expect(JSON.parse(broken.said)).toMatchObject({ code: 'unavailable', retryAfterMs: 1_000 })
  expect((await fetch(`${server.url}/health`)).status).toBe(200)
  proxy.mend()
  expect((await answers(server, 200)).ms).toBeLessThan(withinMs)
}, 60_000)

test('each server of a Cluster counts: one of three that stands still is named, and no other', async () => {
  await using cluster = await startCluster({
    nodeTimeoutMs: 60_000,
    directives: [['cluster-require-full-coverage', 'no']],
  })
  await using server = await startServerProcess({ app, environment: { REDIS_URL: cluster.url } })
  for (const stopped of cluster.nodes) {
    stopped.pause()
    const { said } = await answers(server, 503)
    expect(cluster.nodes.filter(({ port }) => said.includes(`:${port}`))).toEqual([stopped])
    stopped.resume()
    await answers(server, 200)
  }
}, 60_000)
