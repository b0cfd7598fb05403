import { expect, test } from 'bun:test'
import { slotCount, slotOf } from './slots.ts'
import { clusterPartitions, partitionFor, singlePartition } from './tags.ts'

test('a slot is what Redis says it is', () => {
  expect(slotOf('123456789')).toBe(12_739)
  expect(slotOf('{user1000}.following')).toBe(slotOf('user1000'))
  expect(slotOf('foo{}{bar}')).not.toBe(slotOf('bar'))
  expect(slotOf('foo{{bar}}zap')).toBe(slotOf('{bar'))
  expect(slotOf('')).toBe(0)
  expect(slotOf('Zürich')).toBe(5_420)
  expect(slotOf('病房')).toBe(13_774)
})

test('each partition has a 64th part of the slots to itself, whatever stands behind its tag', () => {
  const width = slotCount / clusterPartitions.length
  const parts = clusterPartitions.map(({ tag }) => Math.floor(slotOf(`fanfare:{${tag}}:room:a}{b`) / width))
  expect(parts).toEqual(clusterPartitions.map(({ index }) => index))
  expect(new Set(clusterPartitions.map(({ tag }) => tag)).size).toBe(64)
})

test('however the slots are shared out among up to 64 masters, none is left without a partition', () => {
  for (let masters = 1; masters <= 64; masters++) {
    const owners = clusterPartitions.map(({ tag }) => Math.floor((slotOf(tag) * masters) / slotCount))
    expect(new Set(owners).size).toBe(masters)
  }
})

test('names are spread over the partitions, the same for ever', () => {
  const counts = new Map<number, number>()
  for (let room = 0; room < 6_400; room++) {
    const { index } = partitionFor(clusterPartitions, `4:acme|room-${room}`)
    counts.set(index, (counts.get(index) ?? 0) + 1)
  }
  expect(Math.min(...counts.values())).toBeGreaterThan(50)
  expect(Math.max(...counts.values())).toBeLessThan(160)
  expect(partitionFor(clusterPartitions, '4:acme|lobby').index).toBe(5)
  expect(partitionFor(singlePartition, '4:acme|lobby').index).toBe(0)
})
