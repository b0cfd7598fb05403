/** Holds PROTOCOL.md to the code: its examples are frames, and its tables are the tables. */
import { expect, test } from 'bun:test'
import { readFile } from 'node:fs/promises'
import { decodeClientFrame } from './client-frames.ts'
import { codes } from './codes.ts'
import type { ClientFrame, ServerFrame } from './frames.ts'
import { defaultLimits } from './limits.ts'
import { decodeServerFrame } from './server-frames.ts'

const text = await readFile(new URL('../../../PROTOCOL.md', import.meta.url), 'utf8')

const examples = (of: 'client' | 'server'): readonly string[] =>
  [...text.matchAll(new RegExp(`^\`\`\`json ${of}\\n([^]*?)^\`\`\``, 'gm'))].flatMap(([, block = '']) =>
    block.trim().split('\n'),
  )

/** The cells of the table that has this head, without code marks. */
const table = (head: string): readonly (readonly string[])[] => {
  const [, body = ''] = text.split(`${head}\n`)
  const lines = body.split('\n').slice(1)
  const rows = lines.slice(
    0,
    lines.findIndex((line) => !line.startsWith('|')),
  )
  return rows.map((row) =>
    row
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim().replaceAll('`', '')),
  )
}

test('it is short enough to be read', () => {
  expect(text.split('\n').length).toBeLessThanOrEqual(300)
})

test('each client frame has an example that a server takes as it stands', () => {
  const frames = examples('client').map((line) => decodeClientFrame(line))
  for (const [index, line] of examples('client').entries()) expect<unknown>(frames[index]).toEqual(JSON.parse(line))
  const shown: readonly ClientFrame['type'][] = [
    'auth',
    'subscribe',
    'unsubscribe',
    'publish',
    'command',
    'history',
    'presence',
    'ping',
  ]
  expect(new Set(frames.map(({ type }) => type))).toEqual(new Set(shown))
})

test('each server frame has an example that a client takes', () => {
  const types = examples('server').map((line) => decodeServerFrame(line)?.type)
  const shown: readonly ServerFrame['type'][] = [
    'connected',
    'subscription',
    'event',
    'gap',
    'presence',
    'pong',
    'reply',
    'error',
    'reconnect',
  ]
  expect(new Set<unknown>(types)).toEqual(new Set(shown))
})

test('the table of codes is the table of codes', () => {
  const rows = Object.entries(codes).map(([code, { close, status, retry, meaning }]) => [
    code,
    String(close),
    String(status),
    retry,
    meaning,
  ])
  expect(table('| code | close | HTTP | retry | meaning |')).toEqual(rows)
})

test('the table of limits has every limit and its default', () => {
  const rows = Object.entries(defaultLimits).map(([name, value]) => [name, value.toLocaleString('en-US')])
  expect(table('| limit | default | what |').map((row) => row.slice(0, 2))).toEqual(rows)
})
