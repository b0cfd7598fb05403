import { expect, test } from 'bun:test'
import { readMetrics } from './metrics.ts'
import { createProblems } from './problems.ts'

const read = () => 1

const mistakes = (given: unknown): string => {
  const problems = createProblems()
  readMetrics(given, problems)
  try {
    problems.throwIfAny()
    return 'none'
  } catch (error) {
    return (error as Error).message
  }
}

test('an application’s own numbers have a name, a kind, a help and a way to be read', () => {
  const problems = createProblems()
  const given = {
    websocket_connections_total: { kind: 'counter', help: 'Connections so far.', read },
    websocket_calls_active: { kind: 'gauge', help: 'Calls now.', read },
  }
  expect(readMetrics(given, problems).map(({ name, kind }) => [name, kind])).toEqual([
    ['websocket_connections_total', 'counter'],
    ['websocket_calls_active', 'gauge'],
  ])
  expect(readMetrics(undefined, problems)).toEqual([])
})

test.each([
  [{ 'a b': { kind: 'gauge', help: 'x', read } }, 'letters, digits and _'],
  [{ fanfare_session: { kind: 'gauge', help: 'x', read } }, "are the server's, such as fanfare_sessions."],
  [{ process_mine: { kind: 'gauge', help: 'x', read } }, "are the server's"],
  [{ a_total: { kind: 'gauge', help: 'x', read } }, 'ends with _total'],
  [{ a: { kind: 'counter', help: 'x', read } }, 'ends with _total'],
  [{ a: { kind: 'histogram', help: 'x', read } }, "give 'counter' or 'gauge'"],
  [{ a: { kind: 'gauge', help: '', read } }, '`help`'],
  [{ a: { kind: 'gauge', help: 'x', read: 1 } }, '`read`'],
  ['many', 'metrics: give {'],
])('says what to change: case %#', (given, message) => {
  expect(mistakes(given)).toContain(message)
})
