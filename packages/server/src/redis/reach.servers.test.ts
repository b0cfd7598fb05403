import { expect, test } from 'bun:test'
import { createServer } from 'node:net'
import { systemClock } from '../lib/clock.ts'
import { nodeId } from '../lib/ids.ts'
import type { Log } from '../lib/log.ts'
import { silentLog } from '../lib/log.ts'
import { noMetrics } from '../lib/metrics.ts'
import { parseRedisAddress } from './address.ts'
import { reachRedis } from './reach.ts'
import { freePort, startRedis } from './servers.world.ts'

const reach = (url: string, more: { readonly openMs?: number; readonly log?: Log } = {}) =>
  reachRedis({
    address: parseRedisAddress(url),
    node: nodeId(),
    clock: systemClock,
    log: silentLog,
    metrics: noMetrics,
    ...more,
  })

const refusalOf = (work: Promise<unknown>): Promise<{ code: string; message: string }> =>
  work.then(
    () => Promise.reject(new Error('it was reached')),
    (error) => error,
  )

test('a Redis that is not there is waited for, and in the end it is said what to do', async () => {
  const port = await freePort()
  const began = Date.now()
  const said: string[] = []
  const log = { ...silentLog, warn: (_: object, message: string) => void said.push(message) }
  const refusal = await refusalOf(reach(`redis://ann:hunter2@127.0.0.1:${port}`, { openMs: 1_500, log }))
  expect(Date.now() - began).toBeGreaterThan(1_000)
  expect(refusal.code).toBe('unavailable')
  expect(refusal.message).toContain(`127.0.0.1:${port}`)
  expect(refusal.message).toContain('Start Redis or correct REDIS_URL')
  expect(refusal.message).not.toContain('hunter2')
  expect(said).toEqual(['waiting for Redis, which does not answer yet'])
})

test('one that comes meanwhile is used', async () => {
  const port = await freePort()
  const reaching = reach(`redis://127.0.0.1:${port}`, { openMs: 8_000 })
  await new Promise((resolve) => setTimeout(resolve, 200))
  await using _ = await startRedis({ port })
  const redis = await reaching
  expect(redis.shards()).toHaveLength(1)
  await redis.close()
})

test('a wrong password is told, and not repeated', async () => {
  await using server = await startRedis()
  await server.call('CONFIG', 'SET', 'requirepass', 'the-right-one')
  const refusal = await refusalOf(reach(server.url.replace('redis://', 'redis://:hunter2@'), { openMs: 300 }))
  expect(refusal.message).toContain('WRONGPASS')
  expect(refusal.message).not.toContain('hunter2')
  const redis = await reach(server.url.replace('redis://', 'redis://:the-right-one@'))
  await redis.close()
})

test('a user who may not hear is told what to ask for, and with that it works', async () => {
  await using server = await startRedis()
  const user = (...rules: readonly string[]) => server.call('ACL', 'SETUSER', 'ann', 'reset', 'on', '>pw', ...rules)
  await user('~fanfare:*', '+@all')
  const url = server.url.replace('redis://', 'redis://ann:pw@')
  const refusal = await refusalOf(reach(url, { openMs: 300 }))
  expect(refusal.message).toContain('NOPERM')
  expect(refusal.message).toContain('needs ~fanfare:* and &fanfare:*')
  await user('~fanfare:*', '&fanfare:*', '+@all', '-@dangerous', '+info')
  const redis = await reach(url)
  await redis.close()
})

/** Says of itself what an old Redis would. */
const oldRedis = async () => {
  const info = '# Server\r\nredis_version:6.2.14\r\nrole:master\r\n'
  const server = createServer((socket) => {
    socket.on('error', () => {})
    socket.on('data', (data) => {
      for (const _ of data.toString().matchAll(/^\*/gm)) {
        const asked = /info\r\n/i.test(data.toString())
        socket.write(asked ? `$${info.length}\r\n${info}\r\n` : '+OK\r\n')
      }
    })
  })
  const port = await freePort()
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
  return { port, [Symbol.dispose]: () => void server.close() }
}

test('one that is too old is refused at once, with its version', async () => {
  using old = await oldRedis()
  const began = Date.now()
  const refusal = await refusalOf(reach(`redis://127.0.0.1:${old.port}`))
  expect(refusal.message).toContain('is version 6.2, and 7 is the oldest that will do')
  expect(Date.now() - began).toBeLessThan(3_000)
})
