import { expect, test } from 'bun:test'
import { systemClock } from '../lib/clock.ts'
import { parseRedisAddress } from './address.ts'
import { inspectServer, risksOf } from './inspect.ts'
import { kept, startRedis } from './servers.world.ts'

const inspect = async (directives: readonly (readonly string[])[]) => {
  await using server = await startRedis({ directives })
  const entry = parseRedisAddress(server.url)
  return await inspectServer({ address: `${server.host}:${server.port}`, entry, clock: systemClock })
}

test('a server that keeps nothing, or drops what it likes, is told with what to do', async () => {
  const report = await inspect([
    ['maxmemory', '100mb'],
    ['maxmemory-policy', 'allkeys-lru'],
  ])
  expect(report).toMatchObject({
    persistence: 'none',
    evictionPolicy: 'allkeys-lru',
    maxMemory: 104_857_600,
    cluster: 'none',
  })
  expect(report.version).toMatch(/^(Redis|Valkey) \d+\./)
  const [eviction, persistence, ...rest] = risksOf(report)
  expect(eviction).toContain('Set maxmemory-policy noeviction')
  expect(persistence).toContain('Set appendonly yes')
  expect(rest).toEqual([])
})

test('one that appends everything to its disk, or takes snapshots, has nothing to be told', async () => {
  for (const [directives, persistence] of [
    [kept, 'append-only'],
    [[['save', '3600 1']], 'snapshots'],
  ] as const) {
    const report = await inspect(directives)
    expect(report.persistence).toBe(persistence)
    expect(risksOf(report)).toEqual([])
  }
})

test('one that may not be asked how it is configured is not accused', async () => {
  const report = await inspect([['rename-command', 'CONFIG', '']])
  expect(report.persistence).toBe('unknown')
  expect(risksOf(report)).toEqual([])
})
