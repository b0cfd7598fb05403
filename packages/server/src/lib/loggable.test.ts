import { expect, test } from 'bun:test'
import { readFileSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { FanfareError } from '@fanfare/protocol'
import { loggable } from './loggable.ts'

const secret = 'systolic 190'
const thrownBy = (work: () => unknown): unknown => {
  try {
    return work()
  } catch (error) {
    return error
  }
}

test('an error is its type and place, its causes too, and never its words', () => {
  const logged = loggable(new RangeError(secret, { cause: new FanfareError('invalid_payload', secret) }), 'nothing')
  expect(logged).toMatchObject({ type: 'RangeError', cause: { type: 'FanfareError', code: 'invalid_payload' } })
  expect(logged.at?.[0]).toContain('loggable.test.ts')
  expect(JSON.stringify(logged)).not.toContain(secret)
})

test.each([
  ['a text', secret],
  ['an object', { secret }],
  ['words that look like a place', new Error(`x\n    at ${secret} (a.ts:1:1)`)],
  ['words as a code', Object.assign(new Error('x'), { code: secret })],
  ['words as a name', Object.assign(new Error('x'), { name: secret })],
  ['words that were changed after', Object.assign(new Error(secret), { message: 'other' })],
])('%s says nothing', (_, thrown) => {
  expect(JSON.stringify(loggable(thrown, 'nothing'))).not.toContain(secret)
})

test('the operating system and the database are heard: they speak of files and disks', () => {
  const missing = loggable(
    thrownBy(() => readFileSync('/no/such/file')),
    'nothing',
  )
  expect(missing).toMatchObject({ code: 'ENOENT', message: expect.stringContaining('/no/such/file') })
  const broken = loggable(
    thrownBy(() => new DatabaseSync(':memory:').exec('SELECT * FROM nowhere')),
    'nothing',
  )
  expect(broken.message).toContain('no such table')
})

test('on a developer’s own machine, where it was asked for, errors say what they say', () => {
  expect(loggable(new Error(secret), 'messages').message).toBe(secret)
  expect(loggable(secret, 'messages')).toEqual({ type: 'string', message: secret })
})

test('a circle of causes has an end', () => {
  const error = new Error('x')
  error.cause = error
  expect(loggable(error, 'nothing').cause?.cause?.cause?.cause).toBeUndefined()
})
