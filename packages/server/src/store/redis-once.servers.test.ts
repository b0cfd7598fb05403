import { afterAll, expect, test } from 'bun:test'
import { deferred } from '../lib/deferred.ts'
import { silentLog } from '../lib/log.ts'
import { counting, describeOnce, patiently } from '../model/once.contract.ts'
import type { Redis } from '../redis/redis.ts'
import { startRedis } from '../redis/servers.world.ts'
import { redisPlace } from './redis.world.ts'
import { redisOnce } from './redis-once.ts'

const server = await startRedis()
afterAll(() => server[Symbol.asyncDispose]())

const host = (forMs: number) => {
  const { clock, close, connect } = redisPlace(server.url)
  const next = async (options: { answerBytes?: number; waitMs?: number; redis?: Redis } = {}) =>
    redisOnce({ redis: await connect(), clock, log: silentLog, forMs, ...options })
  return { clock, close, connect, next }
}

describeOnce('redis', async ({ forMs }) => host(forMs))

test('a claim whose node died is taken over when its lease ends, and not before', async () => {
  const { clock, close, connect, next } = host(60_000)
  const redis = await connect()
  let dead = false
  const cut: Redis = { ...redis, run: (...call) => (dead ? new Promise(() => {}) : redis.run(...call)) }
  const [first, second] = [await next({ redis: cut }), await next()]
  const begun = deferred()
  const work = counting()
  void first.once('acme', 'a', () => {
    begun.resolve()
    return new Promise(() => {})
  })
  await begun.promise
  await clock.advance(20_000)
  dead = true
  let over = false
  const began = clock.now()
  const answer = second.once('acme', 'a', work).finally(() => {
    over = true
  })
  expect(await patiently(clock, answer)).toBe(1)
  expect(over).toBe(true)
  expect(clock.now() - began).toBeGreaterThan(3_000)
  expect(clock.now() - began).toBeLessThan(6_000)
  await close()
})

test('who waits too long for another node is told to ask again', async () => {
  const { clock, close, next } = host(60_000)
  const [first, second] = [await next(), await next({ waitMs: 1_000 })]
  const begun = deferred()
  const go = deferred()
  const slow = first.once('acme', 'a', async () => {
    begun.resolve()
    await go.promise
    return 'slow'
  })
  await begun.promise
  const impatient = second.once('acme', 'a', counting()).catch((error: { code: string }) => error.code)
  expect(await patiently(clock, impatient)).toBe('unavailable')
  go.resolve()
  expect(await slow).toBe('slow')
  expect(await second.once('acme', 'a', counting())).toBe('slow')
  await close()
})

test('an answer that is too large is given once, and the work is not done again', async () => {
  const { close, next } = host(60_000)
  const [first, second] = [await next({ answerBytes: 100 }), await next()]
  const work = counting()
  const large = async () => {
    await work()
    return 'x'.repeat(200)
  }
  expect(await first.once('acme', 'a', large)).toHaveLength(200)
  await expect(second.once('acme', 'a', large)).rejects.toMatchObject({ code: 'too_large' })
  expect(await work()).toBe(2)
  await close()
})

test('work whose claim cannot be made is not begun', async () => {
  const { close, connect, next } = host(60_000)
  const redis = await connect()
  const away: Redis = { ...redis, run: () => Promise.reject(new Error('away')) }
  const work = counting()
  const once = await next({ redis: away })
  await expect(once.once('acme', 'a', work)).rejects.toThrow('away')
  expect(await work()).toBe(1)
  await close()
})
