import { expect, test } from 'bun:test'
import { ConnectionLost, NotSent } from './connection.ts'
import { waitCommand } from './evaluate.ts'
import { refusalOf } from './refusal.ts'

const said = (message: string): Error => Object.assign(new Error(message), { name: 'ReplyError' })
const asked = { host: 'asked', port: 1 }

test.each([
  ['MOVED 3999 127.0.0.1:6381', { kind: 'moved', to: { host: '127.0.0.1', port: 6381 } }],
  ['MOVED 3999 :6381', { kind: 'moved', to: { host: 'asked', port: 6381 } }],
  ['MOVED 3999 ?:0', { kind: 'later' }],
  ['ASK 3999 fe80::1:6381', { kind: 'asked', to: { host: 'fe80::1', port: 6381 } }],
  ['NOSCRIPT No matching script. Please use EVAL.', { kind: 'unknown-script' }],
  ['FENCED', { kind: 'fenced' }],
  ['ERR FENCED', { kind: 'fenced' }],
  ['FENCED compare first', { kind: 'fenced' }],
  ['READONLY You can’t write against a read only replica.', { kind: 'demoted' }],
  ['TRYAGAIN Multiple keys request during rehashing of slot', { kind: 'later' }],
  ['CLUSTERDOWN The cluster is down', { kind: 'later' }],
  ['LOADING Redis is loading the dataset in memory', { kind: 'later' }],
  ['NOREPLICAS Not enough good replicas to write.', { kind: 'later' }],
  ['OOM command not allowed when used memory > maxmemory', { kind: 'denied' }],
  ['NOPERM this user has no permissions', { kind: 'denied' }],
  ['ERR user_script:1: FENCED', { kind: 'failed' }],
  ['constructor of nothing', { kind: 'failed' }],
])('%s', (message, refusal) => {
  expect(refusalOf(said(message), asked)).toEqual(refusal as ReturnType<typeof refusalOf>)
})

test('what was not sent is told apart from what may have been done', () => {
  expect(refusalOf(new NotSent('x'))).toEqual({ kind: 'away', hopeless: false })
  expect(refusalOf(new NotSent('x', { hopeless: true }))).toEqual({ kind: 'away', hopeless: true })
  expect(refusalOf(new ConnectionLost('x'))).toEqual({ kind: 'lost' })
  expect(refusalOf(new Error('MOVED 1 a:1'))).toEqual({ kind: 'failed' })
})

test('replicas are asked whether it is on their disks where the server knows the question', () => {
  expect(waitCommand({ version: [7, 0], appendOnly: true }, 1)).toEqual(['WAIT', 1])
  expect(waitCommand({ version: [7, 2], appendOnly: true }, 2)).toEqual(['WAITAOF', 1, 2])
  expect(waitCommand({ version: [8, 0], appendOnly: true }, 1)).toEqual(['WAITAOF', 1, 1])
  expect(waitCommand({ version: [8, 0], appendOnly: false }, 1)).toEqual(['WAIT', 1])
})
