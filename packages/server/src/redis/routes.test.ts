import { expect, test } from 'bun:test'
import { fakeClock } from '../lib/fake-clock.ts'
import { silentLog } from '../lib/log.ts'
import { noMetrics } from '../lib/metrics.ts'
import { NotSent } from './connection.ts'
import { Routes } from './routes.ts'
import { Subscriptions } from './subscriptions.ts'
import { clusterPartitions } from './tags.ts'
import type { Master } from './topology.ts'

const start = async (first: readonly Master[]) => {
  const clock = fakeClock()
  let masters = first
  let asked = 0
  const common = { clock, log: silentLog, metrics: noMetrics }
  const routes = new Routes({
    clock,
    log: silentLog,
    topology: {
      partitions: clusterPartitions,
      everyMs: 10_000,
      onChange: () => {},
      masters: async () => {
        asked++
        return masters
      },
      close: async () => {},
    },
    shard: {
      ...common,
      open: () => Promise.reject(new Error('nobody is there')),
      subscriptions: new Subscriptions(common),
      time: () => 0,
      arrive: { name: 'arrive', source: '', sha: '' },
      keyOf: (partition, name) => `{${partition.tag}}:${name}`,
      beatMs: 2_000,
      onStanding: () => {},
      onFence: () => {},
    },
  })
  await routes.start()
  const become = async (later: readonly Master[]) => {
    masters = later
    await clock.advance(1_000)
  }
  return { routes, clock, become, asked: () => asked }
}

const master = (port: number, from: number, to: number): Master => ({
  endpoint: { host: 'host', port },
  partitions: clusterPartitions.slice(from, to),
})

test('every partition is at one master, or is shown to be at nobody’s', async () => {
  const { routes, become } = await start([master(1, 0, 40), master(2, 40, 64)])
  const shown = () => routes.states().map(({ address, partitions }) => [address, partitions.length])
  expect(shown()).toEqual([
    ['host:1', 40],
    ['host:2', 24],
  ])
  expect(routes.states().some(({ healthy }) => healthy)).toBe(false)
  await become([master(1, 0, 30), master(3, 31, 64)])
  expect(shown()).toEqual([
    ['host:1', 30],
    ['host:3', 33],
    ['nobody', 1],
  ])
  expect(() => routes.ownerOf(clusterPartitions[30]!)).toThrow(NotSent)
  expect(routes.ownerOf(clusterPartitions[31]!).address).toBe('host:3')
  await become([master(1, 0, 31), master(3, 31, 64)])
  expect(shown()).toEqual([
    ['host:1', 31],
    ['host:3', 33],
  ])
  await routes.close()
})

test('what is not well is looked at every second; trouble in crowds asks once', async () => {
  const { routes, clock, asked } = await start([master(1, 0, 64)])
  const before = asked()
  await clock.advance(5_000)
  expect(asked() - before).toBeGreaterThanOrEqual(5)
  const then = asked()
  const questions = Array.from({ length: 1_000 }, () => routes.refresh())
  await clock.advance(200)
  await Promise.all(questions)
  expect(asked() - then).toBeLessThanOrEqual(3)
  await routes.close()
})
