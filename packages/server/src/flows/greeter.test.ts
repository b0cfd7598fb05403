import { expect, test } from 'bun:test'
import type { ConnectedContext, ConnectedHandler } from '../app/context.ts'
import type { Session } from '../hub/session.ts'
import { fakeClock } from '../lib/fake-clock.ts'
import type { Log } from '../lib/log.ts'
import { silentLog } from '../lib/log.ts'
import { Greeter } from './greeter.ts'

const sessionOf = (id: string) => ({ id }) as Session

const greeterOf = (handlers: { readonly [owner: string]: ConnectedHandler }, log: Log = silentLog) => {
  const clock = fakeClock()
  const connected = Object.entries(handlers).map(([owner, handle]) => ({ owner, handle }))
  const context = ({ id }: Session, owner: string) => ({ session: id, userId: owner }) as ConnectedContext
  return { clock, greeter: new Greeter({ app: { connected }, clock, log, context }) }
}

test('every feature hears of every session, and one that throws keeps no other from it', async () => {
  const heard: string[] = []
  const errors: string[] = []
  const { greeter } = greeterOf(
    {
      status: ({ session }) => {
        if (session === 'b') throw new Error('no')
        heard.push(`status ${session}`)
      },
      inbox: async ({ session }) => void heard.push(`inbox ${session}`),
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
    inbox: ({ session }) => {
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
    inbox: ({ session }) => {
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

test('where nobody wants to hear, nothing is kept', async () => {
  const { greeter } = greeterOf({})
  greeter.greeted(sessionOf('a'))
  await greeter.idle()
})
