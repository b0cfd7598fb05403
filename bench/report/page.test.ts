import { expect, test } from 'bun:test'
import { figure } from '../lib/figures.ts'
import type { Result } from '../lib/results.ts'
import { reportOf } from './page.ts'

const made = (name: string) => `<!-- made: ${name} -->\nold\n<!-- /made -->`
const about = { scenario: 'fanout', measure: 'deliveries', unit: '/s' }

const result: Result = {
  at: '2026-11-21T12:34:56.789Z',
  commit: 'abc1234',
  arguments: ['--quick', 'fanout'],
  machine: { cores: 2, 'virtual machine': true },
  contenders: [
    { contender: 'Fanfare', configured: 'defaults', version: '0.1.0' },
    { contender: 'Centrifugo', configured: 'in memory', missing: 'no centrifugo is here' },
  ],
  figures: [
    figure({ ...about, contender: 'Fanfare', goal: { least: 100 } }, [90, 110, 105]),
    figure({ ...about, contender: 'Socket.IO', notes: ['a | b'] }, [40]),
    figure({ ...about, scenario: 'new-thing', contender: 'Fanfare', goal: { least: 7 } }, [6]),
  ],
}

const pageOf = (page: string): string => reportOf(page, [result]).page

test('writes between the marks and nowhere else, and the same again', () => {
  const page = `# Title\n\n${made('fanout')}\n\nby hand\n`
  const once = pageOf(page)
  expect(once).toStartWith('# Title\n\n<!-- made: fanout -->\n\n![')
  expect(once).toEndWith('<!-- /made -->\n\nby hand\n')
  expect(once).not.toContain('old')
  expect(pageOf(once)).toBe(once)
})

test('computes which goals were reached and which were missed', () => {
  const page = pageOf(made('goals')).replaceAll('\u00a0', ' ')
  expect(page).toContain('| Fan-out to one room | deliveries: Fanfare | ≥ 100 | 105/s | ✓ reached |')
  expect(page).toContain('| New thing | deliveries: Fanfare | ≥ 7 | 6.00/s | **✗ missed** |')
})

test('tells a scenario that the page does not know of with the others', () => {
  const page = pageOf(`${made('fanout')}\n${made('others')}`)
  expect(page.match(/### .*/g)).toEqual(['### New thing'])
  expect(pageOf(made('others'))).toContain('### Fan-out to one room')
})

test('says where a scenario was not measured', () => {
  expect(pageOf(made('soak'))).toContain('Not measured in the runs')
})

test('names missing contenders and quick runs as what they are', () => {
  expect(pageOf(made('contenders'))).toContain('| Centrifugo | **missing**: no centrifugo is here | in memory |')
  expect(pageOf(made('runs'))).toContain('not to be quoted')
  expect(pageOf(made('runs'))).toContain(
    '| 2026-11-21 12:34 | abc1234 | fanout, new-thing | `npm run bench -- --quick fanout` |',
  )
})

test('no note breaks a table', () => {
  expect(pageOf(made('fanout'))).toContain('| a \\| b |')
})
