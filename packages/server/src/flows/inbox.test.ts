import { expect, test } from 'bun:test'
import { defaultLimits, type FanfareError } from '@fanfare/protocol'
import { deferred } from '../lib/deferred.ts'
import type { Soon } from '../lib/soon.ts'
import { Inbox } from './inbox.ts'

const make = (handle: (text: string) => Soon<void>) => {
  const problems: FanfareError[] = []
  class TestInbox extends Inbox {
    readonly limits = defaultLimits
    override readonly handle = handle
    override readonly overflow = (error: FanfareError) => void problems.push(error)
    readonly push = (text: string) => this.take(text)
    readonly first = (work: () => Promise<void>) => this.takeFirst(work)
  }
  return { inbox: new TestInbox(), problems }
}

test('B5: frames are handled one at a time, in order, however long each takes', async () => {
  const handled: string[] = []
  const gates = [deferred(), deferred(), deferred()]
  const { inbox } = make(async (text) => {
    await gates[Number(text)]?.promise
    handled.push(text)
  })
  for (const text of ['0', '1', '2']) inbox.push(text)
  gates[2]?.resolve()
  gates[1]?.resolve()
  await Promise.resolve()
  expect(handled).toEqual([])
  gates[0]?.resolve()
  await new Promise((resolve) => setImmediate(resolve))
  expect(handled).toEqual(['0', '1', '2'])
})

test('B5: what waits is bounded in number and in bytes', () => {
  const never = deferred()
  const many = make(() => never.promise)
  for (let count = 0; count <= defaultLimits.inboxMessages; count++) many.inbox.push('x')
  expect(many.problems).toEqual([])
  many.inbox.push('one too many')
  expect(many.problems.map(({ code }) => code)).toEqual(['rate_limited'])

  const large = make(() => never.promise)
  const size = 100 * 1024
  large.inbox.push('taken at once')
  for (let count = 0; count < 2; count++) large.inbox.push('x'.repeat(size))
  expect(large.problems).toEqual([])
  large.inbox.push('x'.repeat(size))
  expect(large.problems.map(({ code }) => code)).toEqual(['rate_limited'])
})

test('what must come first does, and its failure is an overflow', async () => {
  const handled: string[] = []
  const gate = deferred()
  const { inbox, problems } = make(async (text) => void handled.push(text))
  const first = inbox.first(() => gate.promise)
  inbox.push('after')
  expect(handled).toEqual([])
  gate.reject(new Error('no'))
  await first
  expect(problems.map(({ code }) => code)).toEqual(['internal'])
})

test('B5: frames that are handled at once and frames that take time keep their order', async () => {
  const handled: string[] = []
  const gate = deferred()
  const { inbox } = make((text) => {
    if (!text.startsWith('slow')) return void handled.push(text)
    return gate.promise.then(() => void handled.push(text))
  })
  inbox.push('1')
  expect(handled).toEqual(['1'])
  for (const text of ['slow 2', '3', 'slow 4', '5']) inbox.push(text)
  expect(handled).toEqual(['1'])
  gate.resolve()
  await new Promise((resolve) => setImmediate(resolve))
  expect(handled).toEqual(['1', 'slow 2', '3', 'slow 4', '5'])
  inbox.push('6')
  expect(handled.at(-1)).toBe('6')
})

test('B5: a frame that comes while another is being handled waits for it', async () => {
  const handled: string[] = []
  const { inbox } = make((text) => {
    if (text === 'outer') inbox.push('inner')
    handled.push(text)
  })
  inbox.push('outer')
  await new Promise((resolve) => setImmediate(resolve))
  inbox.push('after')
  expect(handled).toEqual(['outer', 'inner', 'after'])
})

test('a frame larger than what may wait is refused though nothing waits', () => {
  const { inbox, problems } = make(() => undefined)
  inbox.push('x'.repeat(defaultLimits.inboxBytes + 1))
  expect(problems.map(({ code }) => code)).toEqual(['rate_limited'])
})
