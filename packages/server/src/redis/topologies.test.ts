import { expect, test } from 'bun:test'
import { mastersOf, rangesOf } from './cluster-topology.ts'
import { electedBy, voteOf } from './sentinel-topology.ts'
import { clusterPartitions } from './tags.ts'

const asked = { host: 'asked', port: 7000 }

test('CLUSTER SLOTS says who has which partition; a host that it does not know is the one that was asked', () => {
  const slots = [
    [0, 8_191, ['10.0.0.1', 7001, 'id1'], ['10.0.0.3', 7003, 'id3']],
    [8_192, 8_192, ['', 7002, 'id2']],
    [8_193, 16_383, [null, 7002, 'id2']],
  ] as const
  const masters = mastersOf(rangesOf(slots, asked), clusterPartitions)
  expect(masters.map(({ endpoint, partitions }) => [endpoint.host, endpoint.port, partitions.length])).toEqual([
    ['10.0.0.1', 7001, 32],
    ['asked', 7002, 32],
  ])
})

test('slots that nobody has belong to nobody, and nonsense is nothing', () => {
  expect(mastersOf(rangesOf([[0, 255, ['a', 1]]], asked), clusterPartitions)[0]?.partitions).toHaveLength(1)
  for (const nonsense of ['x', null, 7, [], [[]], [[0, 1]], [[0, 1, ['a']]]])
    expect(rangesOf(nonsense, asked)).toEqual([])
})

test('of what the Sentinels say, the latest election holds', () => {
  const vote = (port: number, epoch: number) =>
    voteOf(['name', 'ip', 'ip', '10.0.0.1', 'port', String(port), 'config-epoch', String(epoch)])
  expect(electedBy([vote(1, 3), vote(2, 4), vote(1, 3)])).toEqual({ host: '10.0.0.1', port: 2 })
  expect(electedBy([])).toBeUndefined()
})
