import { expect, test } from 'bun:test'
import type { Session } from '../hub/session.ts'
import { fakeClock } from '../lib/fake-clock.ts'
import type { Log } from '../lib/log.ts'
import { silentLog } from '../lib/log.ts'
import { Greeter } from './greeter.ts'
import type { HearSession } from './open-features.ts'

const sessionOf = (id: string) => ({ id }) as Session

const greeterOf = (handlers: { readonly [owner: string]: HearSession }, log: Log = silentLog) => {
  const clock = fakeClock()
  const listeners = Object.entries(handlers).map(([owner, hear]) => ({ owner, hear }))
  return { clock, greeter: new Greeter({ features: { listeners }, clock, log }) }
}

test('every feature hears of every session, and one that throws keeps no other from it', async () => {
  const heard: string[] = []
  const errors: string[] = []
  const { greeter } = greeterOf(
    {
      status: ({ id: session }) => {
        if (session === 'b') throw new Error('no')
        heard.push(`status ${session}`)
      },
      inbox: async ({ id: session }) => void heard.push(`inbox ${session}`),
    },
    { ...silentLog, error: (_, message) => void errors.push(message) },
  )
  for (const id of ['a', 'b']) greeter.greeted(sessionOf(id))
  expect(heard).toEqual([])
  await greeter.idle()
  expect(heard.sort()).toEqual(['inbox a', 'inbox b', 'status a'])
  expect(errors).toHaveLength(1)
})

test('a crowd is told of a few at a time, in the order in which it came', async () => {
  const order: string[] = []
  const waiting: (() => void)[] = []
  const { greeter } = greeterOf({
    inbox: ({ id: session }) => {
      order.push(session)
      return new Promise((resolve) => waiting.push(resolve))
    },
  })
  const ids = Array.from({ length: 200 }, (_, index) => `s${index}`)
  for (const id of ids) greeter.greeted(sessionOf(id))
  await new Promise((resolve) => setImmediate(resolve))
  expect(order).toHaveLength(16)
  while (order.length < ids.length || waiting.length > 0) {
    for (const go of waiting.splice(0)) go()
    await new Promise((resolve) => setImmediate(resolve))
  }
  await greeter.idle()
  expect(order).toEqual(ids)
})

test('one that never ends holds the others up for a while only', async () => {
  const heard: string[] = []
  const { clock, greeter } = greeterOf({
    inbox: ({ id: session }) => {
      heard.push(session)
      return session.startsWith('stuck') ? new Promise(() => {}) : undefined
    },
  })
  for (let index = 0; index < 16; index++) greeter.greeted(sessionOf(`stuck${index}`))
  greeter.greeted(sessionOf('late'))
  await clock.advance(0)
  await clock.advance(9_999)
  expect(heard).not.toContain('late')
  await clock.advance(2)
  expect(heard).toContain('late')
})

test('where one takes long, the features after it hear of the session then, and once', async () => {
  const heard: string[] = []
  const stuck = Promise.withResolvers<void>()
  const { clock, greeter } = greeterOf({
    inbox: ({ id }) => (id === 'a' ? stuck.promise : undefined),
    status: ({ id }) => void heard.push(id),
  })
  for (const id of ['a', 'b']) greeter.greeted(sessionOf(id))
  await clock.advance(0)
  await clock.advance(9_999)
  expect(heard).toEqual(['b'])
  await clock.advance(2)
  await greeter.idle()
  expect(heard).toEqual(['b', 'a'])
  stuck.resolve()
  await clock.advance(0)
  greeter.greeted(sessionOf('c'))
  await greeter.idle()
  expect(heard).toEqual(['b', 'a', 'c'])
})

test('the time that one may take begins anew with each session', async () => {
  const warnings: string[] = []
  const waiting: (() => void)[] = []
  const { clock, greeter } = greeterOf(
    { inbox: () => new Promise((resolve) => waiting.push(resolve)) },
    { ...silentLog, warn: (_, message) => void warnings.push(message) },
  )
  for (let index = 0; index < 32; index++) greeter.greeted(sessionOf(`s${index}`))
  await clock.advance(0)
  await clock.advance(6_000)
  for (const go of waiting.splice(0)) go()
  await clock.advance(0)
  await clock.advance(6_000)
  expect(waiting).toHaveLength(16)
  expect(warnings).toEqual([])
  for (const go of waiting.splice(0)) go()
  await greeter.idle()
})

test('where nobody wants to hear, nothing is kept', async () => {
  const { greeter } = greeterOf({})
  greeter.greeted(sessionOf('a'))
  await greeter.idle()
})
