import { expect, test } from 'bun:test'
import { type About, type Figure, figure } from '../lib/figures.ts'
import { chartsOf } from './charts.ts'
import { thinned, widened } from './curves.ts'
import { performanceOf } from './goals.ts'
import { apart, percentileIn } from './percentiles.ts'

const about = { scenario: 'fanout', contender: 'Fanfare', measure: 'deliveries', unit: '/s' }
const a = (changes: Partial<About>, ...rounds: readonly number[]): Figure =>
  figure({ ...about, ...changes }, rounds.length > 0 ? rounds : [5])
const filesOf = (...figures: readonly Figure[]) => chartsOf(figures).map(({ file }) => file)
const svgOf = (...figures: readonly Figure[]) => chartsOf(figures)[0]?.svg ?? ''

test('contenders stand beside each other, the best first, each with its name and value', () => {
  const svg = svgOf(a({}, 10), a({ contender: 'Socket.IO' }, 2), a({ contender: 'bare Bun publish' }, 30))
  const names = [...svg.matchAll(/>(Fanfare|Socket\.IO|bare Bun publish)</g)].map(([, name]) => name)
  expect(names).toEqual(['bare Bun publish', 'Fanfare', 'Socket.IO'])
  expect(svg).toContain('>30/s<')
})

test('of what is spent, the least is the best', () => {
  const svg = svgOf(a({ unit: 'ms' }, 10), a({ unit: 'ms', contender: 'Nchan' }, 2))
  expect(svg.indexOf('>Nchan<')).toBeLessThan(svg.indexOf('>Fanfare<'))
})

test('every chart can be heard: it has a title and tells its values', () => {
  const svg = svgOf(a({}, 10), a({ contender: 'Socket.IO' }, 2))
  expect(svg).toContain('<title id="title">Fan-out to one room</title>')
  expect(svg).toContain('deliveries: Fanfare 10/s, Socket.IO 2/s.</desc>')
})

test('a bar is as long as its value, and a whisker as its spread', () => {
  const svg = svgOf(a({}, 50, 25, 100), a({ contender: 'Socket.IO' }, 100))
  const widths = [...svg.matchAll(/<rect class="(ours|theirs)"[^>]* width="([\d.]+)"/g)].map(([, , width]) =>
    Number(width),
  )
  expect(widths).toEqual([448, 224])
  expect(svg).toContain('<line x1="128" y1')
  expect(svg).toContain('x2="464"')
})

test('what is under nothing has no bar, and leaves those of the others as long as they are', () => {
  const svg = svgOf(a({}, 100), a({ contender: 'Socket.IO' }, -40))
  const widths = [...svg.matchAll(/<rect class="(ours|theirs)"[^>]* width="([\d.]+)"/g)].map(([, , width]) =>
    Number(width),
  )
  expect(widths).toEqual([448, 1.5])
})

test('what the kernel has of a session stands behind the end of what the server has', () => {
  const idle = { scenario: 'idle', unit: 'bytes a session' }
  const svg = svgOf(
    a({ ...idle, measure: 'resident, 10 sessions' }, 3_000),
    a({ ...idle, measure: 'resident, 10 sessions', contender: 'Nchan' }, 4_000),
    a({ ...idle, measure: 'heap, 10 sessions' }, 2_000),
    a({ ...idle, measure: 'heap, 10 sessions', contender: 'Nchan' }, 2_000),
    a({ ...idle, measure: 'sockets in the kernel, 10 sessions' }, 500),
    a({ ...idle, measure: 'TCP buffers in the kernel, 10 sessions' }, 500),
    a({ ...idle, measure: 'sockets in the kernel, 20 sessions' }, 900),
  )
  expect(svg).not.toContain('heap')
  expect(
    [...svg.matchAll(/<rect class="(\S+)"[^>]* width="([\d.]+)"/g)].slice(1).map(([, kind, width]) => [kind, width]),
  ).toEqual([
    ['ours', '336'],
    ['on-top', '112'],
    ['theirs', '448'],
  ])
})

test('a goal is a mark and words, not a colour alone', () => {
  const missed = svgOf(a({ goal: { least: 6 } }), a({ contender: 'Socket.IO' }))
  expect(missed).toContain('class="fell"')
  const bars = chartsOf([a({ goal: { least: 6 } })])[1]?.svg ?? ''
  expect(bars).toContain('>✗ goal ≥ 6/s<')
  expect(bars).toContain('class="goal"')
})

test('nothing is drawn that has nothing to be compared with', () => {
  expect(filesOf(a({}))).toEqual([])
  expect(filesOf(a({ unit: 'files', goal: { most: 0 } }))).toEqual(['goals.svg'])
  expect(filesOf(a({ unit: 'times' }), a({ unit: 'times', contender: 'other' }))).toEqual([])
})

test('each kind of figure gets its kind of chart', () => {
  const points = [
    [1, 2],
    [10, 20],
    [100, 200],
  ] as const
  const curve = { along: 'sessions', unit: 'bytes', points }
  expect(filesOf(a({ scenario: 'growth', unit: 'exponent', curve }))).toEqual(['growth.svg'])
  expect(filesOf(a({ scenario: 'soak', unit: 'MB/h', curve: { ...curve, along: 'minutes' } }))).toEqual([
    'soak-time.svg',
  ])
  expect(filesOf(a({ scenario: 'redis', measure: '1,000/s: latency p99', unit: 'ms' }))).toEqual(['redis-latency.svg'])
})

test('many figures make several charts, each of whole panels', () => {
  const figures = Array.from({ length: 24 }, (_, index) => a({ measure: `size ${index >> 2}`, contender: `${index}` }))
  expect(filesOf(...figures)).toEqual(['fanout-per-second.svg', 'fanout-per-second-2.svg'])
})

test('what all headings of a chart share is said once, in its title', () => {
  const svg = svgOf(
    a({ measure: 'deliveries, 1 in flight' }),
    a({ measure: 'deliveries, 1 in flight', contender: 'Nchan' }),
    a({ measure: 'deliveries, 16 in flight' }),
    a({ measure: 'deliveries, 16 in flight', contender: 'Nchan' }),
  )
  expect(svg).toContain('>Fan-out to one room: deliveries</text>')
  expect(svg).toContain('>16 in flight</text>')
})

test('a figure without a value is said to have none, and breaks no picture', () => {
  const charts = chartsOf([
    a({ goal: { least: 6 } }, Number.NaN),
    a({ contender: 'Nchan' }, Number.NaN),
    a({ measure: 'latency p99', unit: 'ms' }, 0),
    a({
      unit: 'exponent',
      curve: {
        along: 'rooms',
        unit: 'ms',
        points: [
          [1, 0],
          [10, 0],
        ],
      },
    }),
  ])
  expect(charts.map(({ file }) => file)).toEqual(['goals.svg'])
  expect(charts[0]?.svg).toContain('✗ none')
  expect(charts[0]?.svg).not.toMatch(/NaN|Infinity/)
})

test('names of others cannot break the picture', () => {
  expect(svgOf(a({ contender: '<b> & "c"' }), a({}))).toContain('>&lt;b&gt; &amp; &quot;c&quot;<')
})

test('knows percentiles by their names', () => {
  expect(percentileIn('1,000 publishes/s: latency p999')).toEqual({ of: '1,000 publishes/s', name: 'p99.9' })
  expect(percentileIn('opening a room, p99')).toEqual({ of: 'opening a room', name: 'p99' })
  expect(percentileIn('p50')).toEqual({ of: 'latency', name: 'p50' })
  expect(percentileIn('deliveries, 16 in flight')).toBeUndefined()
})

test('words that would lie on each other are moved apart, and stay on the picture', () => {
  const places = apart(
    [
      { at: 50, size: 20 },
      { at: 52, size: 20 },
      { at: 99, size: 20 },
    ],
    [0, 100],
  )
  expect(places).toEqual([50, 70, 90])
})

test('what hardly grows is not drawn as if it grew', () => {
  const [least = 0, most = 0] = widened([2, 2.2], [1, 10_000])
  expect(most / least).toBeCloseTo(100)
  expect(widened([1, 5_000], [1, 10_000])).toEqual([1, 5_000])
})

test('a thinned line keeps its peaks', () => {
  const points = Array.from({ length: 1_000 }, (_, x): [number, number] => [x, x === 501 ? 99 : 1])
  expect(Math.max(...thinned(points, 100).map(([, y]) => y))).toBe(99)
  expect(thinned(points, 100)).toHaveLength(100)
})

test('a goal is as far away as what is missing to it', () => {
  expect(performanceOf(a({ goal: { least: 10 } }))).toBe(0.5)
  expect(performanceOf(a({ goal: { most: 10 } }))).toBe(2)
  expect(performanceOf(a({ goal: { most: 0.5 } }, -1))).toBe(Number.POSITIVE_INFINITY)
})
