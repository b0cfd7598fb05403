/** Archived rooms on two nodes, which share a Redis to hear each other and a PostgreSQL to remember: whatever of the two is hurt, nothing is. */
import { expect, test } from 'bun:test'
import { fileURLToPath } from 'node:url'
import { startRedis } from '../../packages/server/src/redis/servers.world.ts'
import { startPostgres } from '../../packages/server/src/store/postgres.world.ts'
import { RedisRig } from '../support/redis-rig.ts'

const perSecond = 300
const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

test('two nodes, both writing into the same rooms: a node killed, Redis emptied, PostgreSQL killed: no gap, nothing lost or doubled', async () => {
  await using redis = await startRedis()
  await using postgres = await startPostgres()
  const database = await postgres.database()
  await using rig = await RedisRig.open({
    redisUrls: [redis.url, redis.url],
    app: fileURLToPath(new URL('../support/charts.ts', import.meta.url)),
    rooms: 4,
    room: (index) => `chart:${index}`,
    durability: () => 'disk',
    environment: { FANFARE_DATABASE_URL: database.url },
  })
  rig.publishes(perSecond)
  await sleep(500)
  const [node] = rig.nodes
  await node!.kill()
  await sleep(300)
  await node!.start()
  await Promise.all([...rig.publishers, ...rig.followers].filter((one) => !one.connected).map((one) => one.connects()))
  await Promise.all(rig.followers.flatMap((follower) => rig.rooms.map((room) => follower.reaches(room))))
  // Those whose link was cut have stopped.
  for (const publisher of rig.publishers.filter((_, index) => index % 2 === 0)) publisher.publishes(perSecond / 4)
  await sleep(300)
  await redis.restart({ empty: true })
  await sleep(500)
  await postgres.restart()
  await sleep(700)
  const { acknowledged, faults, gaps, lost } = await rig.finishes()
  expect({ faults, gaps, lost }).toEqual({ faults: [], gaps: 0, lost: [] })
  expect(acknowledged).toBeGreaterThan(perSecond)
  // Every event was reacted to, once in effect, and that is noted.
  const stands = () => database.query('SELECT room, top, sent FROM journal_room ORDER BY room')
  const isDone = async () => (await stands()).every(({ top, sent }) => top === sent)
  for (let tries = 0; tries < 200 && !(await isDone()); tries++) await sleep(100)
  const tops = new Map((await stands()).map(({ room, top, sent }) => [room, { top, sent }]))
  for (const room of rig.rooms) {
    expect(tops.get(room)).toEqual(tops.get(room.replace('chart', 'chart-echo'))!)
    expect(tops.get(room)?.sent).toBe(tops.get(room)?.top)
  }
}, 90_000)
