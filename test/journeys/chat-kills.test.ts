/** Kill -9 of what chat stands on, in the middle of sends: a few times here, a hundred in `test/faults`. */
import { expect, test } from 'bun:test'
import { startRedis } from '../../packages/server/src/redis/servers.world.ts'
import { startPostgres } from '../../packages/server/src/store/postgres.world.ts'
import { chatKills, killNode, type Strike } from '../support/chat-kills.ts'

const some = 100

test('a server on SQLite is killed: no message that was acknowledged is lost or doubled, receipts and counts fit', async () => {
  const { acknowledged, faults } = await chatKills({ kills: 3 })
  expect(faults).toEqual([])
  expect(acknowledged).toBeGreaterThan(some)
}, 60_000)

test('PostgreSQL is killed under a server, and the server on it: the same', async () => {
  await using postgres = await startPostgres()
  const { url } = await postgres.database()
  const strikes: readonly Strike[] = [() => postgres.restart(), killNode]
  const { acknowledged, faults } = await chatKills({
    kills: 2,
    environment: { FANFARE_DATABASE_URL: url },
    strike: (nodes, round) => strikes[round % strikes.length]!(nodes, round),
  })
  expect(faults).toEqual([])
  expect(acknowledged).toBeGreaterThan(some)
}, 60_000)

test('one of two nodes, PostgreSQL and Redis are killed, and Redis comes back empty: nobody is told of a gap either', async () => {
  const [redis, postgres] = await Promise.all([startRedis(), startPostgres()])
  await using _ = redis
  await using __ = postgres
  const { url } = await postgres.database()
  const strikes: readonly Strike[] = [killNode, () => redis.restart({ empty: true }), () => postgres.restart()]
  const { acknowledged, faults } = await chatKills({
    kills: 3,
    nodes: 2,
    environment: { FANFARE_DATABASE_URL: url, REDIS_URL: redis.url },
    strike: (nodes, round) => strikes[round % strikes.length]!(nodes, round),
  })
  expect(faults).toEqual([])
  expect(acknowledged).toBeGreaterThan(some)
}, 60_000)
