/**
 * Statuses when a node is killed: whoever was there alone is told offline, once and in time, to watchers on the others; who has
 * a device elsewhere, or comes back at once, is never told offline. On Redis and PostgreSQL.
 */
import { randomBytes } from 'node:crypto'
import { fileURLToPath } from 'node:url'
import { createBackend } from '@fanfare/backend'
import type { UserStatus } from '@fanfare/protocol'
import { Actor, homeTenant, type ServerProcess, startServerProcess } from '@fanfare/testkit'
import { startRedis } from '../../packages/server/src/redis/servers.world.ts'
import { startPostgres } from '../../packages/server/src/store/postgres.world.ts'
import { unlimitedEnvironment } from '../support/unlimited.ts'
import { atMost } from '../support/verdict.ts'

const users = 120
/** Of them, so many have a device on another node, and so many come back there. */
const elsewhere = 40
const returning = 40

const app = fileURLToPath(new URL('../support/status-app.ts', import.meta.url))
const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

await using redis = await startRedis()
await using postgres = await startPostgres()
const secret = randomBytes(48).toString('base64url')
const databaseUrl = (await postgres.database()).url
const environment = { ...unlimitedEnvironment, REDIS_URL: redis.url, FANFARE_DATABASE_URL: databaseUrl }
const nodes = await Promise.all([1, 2, 3].map(() => startServerProcess({ app, secret, environment })))
const [first, second, third] = nodes as [ServerProcess, ServerProcess, ServerProcess]

const named = Array.from({ length: users }, (_, index) => `user${index}`)
const [withDevices, back, gone] = [
  named.slice(0, elsewhere),
  named.slice(elsewhere, elsewhere + returning),
  named.slice(elsewhere + returning),
]
const comeTo = async (node: ServerProcess, names: readonly string[]): Promise<readonly Actor[]> => {
  const actors: Actor[] = []
  for (const name of names) actors.push(await node.person(name))
  return actors
}

/** Hears of everybody: its token says so. */
const tokens = createBackend({ url: third.url, apiKey: 'ff_none', secret, tenant: homeTenant })
const token = await tokens.mintToken({ userId: 'watcher', grants: ['status:user:*'] })
const headers = { Authorization: `Bearer ${token}` }
const watcher = await new Actor({ name: 'watcher', url: third.socketUrl, protocols: ['fanfare.v1'], headers }).opened()
await watcher.sees('connected')
for (const name of named) await watcher.joins(`status:${name}`)
const told = (name: string) =>
  watcher.heard.map(({ data }) => data as unknown as UserStatus).filter(({ userId }) => userId === name)

await comeTo(first, named)
await comeTo(second, withDevices)
// Nodes that have just come wait for whoever was here before; and all is held again a few times.
await sleep(25_000)
const killedAt = performance.now()
await first.kill()
await sleep(2_000)
await comeTo(second, back)
const isOffline = (name: string) => told(name).at(-1)?.state === 'offline'
while (performance.now() - killedAt < 45_000 && !gone.every(isOffline)) await sleep(100)
const toldMs = Math.round(performance.now() - killedAt)
await sleep(20_000)
const flapped = [...withDevices, ...back].filter((name) => told(name).some(({ state }) => state === 'offline'))
const wrong = gone.filter(
  (name) =>
    told(name)
      .map(({ state }) => state)
      .join() !== 'online,offline',
)
atMost('status-kill', `of ${gone.length} who were only there, told otherwise than online, offline`, {
  value: wrong.length,
  limit: 0,
})
atMost('status-kill-late', 'the last was told offline after the kill, ms', { value: toldMs, limit: 30_000 })
atMost('status-kill-flap', `of ${withDevices.length + back.length} who are there, told offline`, {
  value: flapped.length,
  limit: 0,
})
await Promise.all(nodes.map((node) => node[Symbol.asyncDispose]()))
process.exit()
