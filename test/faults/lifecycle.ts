/**
 * Item 4 of many nodes: `user.offline` and `room.vacated` happen once, whoever is killed: the node where the users were, and
 * then the node that was dealing with the end of one.
 */
import { randomBytes } from 'node:crypto'
import { fileURLToPath } from 'node:url'
import type { Actor, ServerProcess } from '@fanfare/testkit'
import { startServerProcess } from '@fanfare/testkit'
import { startRedis } from '../../packages/server/src/redis/servers.world.ts'
import type { Note } from '../support/diary.ts'
import { unlimitedEnvironment } from '../support/unlimited.ts'
import { atMost, report } from '../support/verdict.ts'

const users = 300
/** Of them, so many are on another node too. */
const elsewhere = 100
const rooms = 20

const app = fileURLToPath(new URL('../support/diary.ts', import.meta.url))
const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

await using redis = await startRedis()
const secret = randomBytes(48).toString('base64url')
const environment = { ...unlimitedEnvironment, REDIS_URL: redis.url }
const nodes = await Promise.all([1, 2, 3].map(() => startServerProcess({ app, secret, environment })))
const [first, second, third] = nodes as [ServerProcess, ServerProcess, ServerProcess]

const everybody = async (node: ServerProcess, names: readonly string[]): Promise<readonly Actor[]> => {
  const actors: Actor[] = []
  for (const name of names) actors.push(await node.person(name))
  return actors
}
const named = (count: number) => Array.from({ length: count }, (_, index) => `user${index}`)

const here = await everybody(first, named(users))
await Promise.all(here.map((actor, index) => actor.joins(`ward:${index % rooms}`)))
await everybody(second, named(elsewhere))
const reader = await third.person('reader')
await reader.joins('ward:0')
await reader.joins('diary')
const notes = () => reader.heard.map(({ data }) => data as unknown as Note)
const doneOf = (what: string) => notes().filter((note) => note.what === what && note.state === 'done').length

// Nodes that have just come wait for whoever was here before; and all is held again a few times.
await sleep(25_000)
const before = notes().length
const killedAt = performance.now()
await first.kill()
const expected = [...named(users).slice(elsewhere), ...Array.from({ length: rooms - 1 }, (_, n) => `ward:${n + 1}`)]
while (performance.now() - killedAt < 40_000 && expected.some((what) => doneOf(what) === 0)) await sleep(100)
const toldMs = Math.round(performance.now() - killedAt)
await sleep(5_000)
const stillHere = [...named(elsewhere), 'ward:0', 'reader'].filter((what) => doneOf(what) > 0)
const wrong = before + stillHere.length + expected.filter((what) => doneOf(what) !== 1).length
atMost('lifecycle-kill', `ends not told, told twice or wrong, of ${expected.length}`, { value: wrong, limit: 0 })
atMost('lifecycle-kill-late', 'the last end was told after the kill, ms', { value: toldMs, limit: 30_000 })

const slow = await second.person('slow')
await sleep(1_000)
await slow.goes()
const begun = () => notes().filter(({ what, state }) => what === 'slow' && state === 'begun')
const leftAt = performance.now()
// The reader must outlive whoever is killed.
const isReaders = () => begun()[0]?.pid === third.pid
while (performance.now() - leftAt < 40_000 && begun().length === 0) await sleep(50)
const follower = isReaders() ? await second.person('follower') : reader
if (follower !== reader) await follower.joins('diary')
await (isReaders() ? third : second).kill()
const all = () => [
  ...(follower === reader ? [] : notes()),
  ...follower.heard.map(({ data }) => data as unknown as Note),
]
const runs = (state: Note['state']) => all().filter((note) => note.what === 'slow' && note.state === state).length
const handlerKilledAt = performance.now()
while (performance.now() - handlerKilledAt < 100_000 && runs('done') === 0) await sleep(200)
await sleep(5_000)
report({
  id: 'lifecycle-handler-killed',
  pass: runs('begun') === 2 && runs('done') === 1,
  metric: 'an end whose node was killed at it was dealt with, times',
  value: runs('done'),
  limit: 1,
})
await Promise.all(nodes.map((node) => node[Symbol.asyncDispose]()))
await redis[Symbol.asyncDispose]()
process.exit()
