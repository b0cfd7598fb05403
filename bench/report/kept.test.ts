import { expect, test } from 'bun:test'
import { figure } from '../lib/figures.ts'
import type { Result } from '../lib/results.ts'
import { joined, readResults, writeKept } from './kept.ts'

const run = (at: string, ...measures: readonly string[]): Result => ({
  at,
  commit: 'abc1234',
  arguments: [],
  machine: { cores: 2 },
  contenders: [],
  figures: measures.map((name) => {
    const [scenario = '', contender = ''] = name.split(' ')
    return figure({ scenario, contender, measure: 'rate', unit: '/s' }, [1.234_567_89])
  }),
})

const told = (results: readonly Result[]) =>
  results.map(({ at, figures }) => [at, ...figures.map(({ scenario, contender }) => `${scenario} ${contender}`)])

test('a scenario comes whole from its newest run, so that no two runs are compared', () => {
  const kept = joined([run('1', 'fanout ours', 'fanout theirs', 'idle ours'), run('2', 'fanout ours')])
  expect(told(kept)).toEqual([
    ['2', 'fanout ours'],
    ['1', 'idle ours'],
  ])
})

test('a run of which nothing is left is not told of', () => {
  expect(told(joined([run('1', 'idle ours'), run('2', 'idle ours')]))).toEqual([['2', 'idle ours']])
})

test('what is kept is read as it was written, and joining it again changes nothing', () => {
  const kept = joined([run('1', 'fanout ours'), run('2', 'idle ours')])
  const again = readResults(writeKept(kept), 'results.json')
  expect(again).toEqual(kept)
  expect(joined(again)).toEqual(kept)
  expect(kept[0]?.figures[0]?.median).toBe(1.23457)
})

test('what had no value when it was measured has none afterwards', () => {
  const one = run('1', 'fanout ours')
  const without = {
    ...one,
    figures: [figure({ scenario: 'fanout', contender: 'ours', measure: 'rate', unit: '/s' }, [])],
  }
  const [kept] = joined(readResults(writeKept([without]), 'results.json'))
  expect(kept?.figures[0]?.median).toBeNaN()
})

test('a file that is no result is named', () => {
  expect(() => readResults('{"figures":[]}', 'old.json')).toThrow('old.json is no result')
})
