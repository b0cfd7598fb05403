import { expect, test } from 'bun:test'
import { defineApp } from '@fanfare/server'
import { startWorld } from '@fanfare/testkit'
import { z } from 'zod'

const noted = { noted: z.object({}) }

/** The stop waited for it for ever. */
test('a reaction that never ends, and an application that never stops, do not keep the node from stopping', async () => {
  const app = defineApp({
    rooms: { 'bed:{id}': { events: noted, access: 'tenant', publish: 'tenant' } },
    on: { noted: () => new Promise<void>(() => {}) },
    onStart: () => () => new Promise<void>(() => {}),
  })
  const world = await startWorld({ app, config: { limits: { shutdownMs: 400 } } })
  const ann = await world.person('ann')
  await ann.says('bed:1', 'noted', {})
  const startedAt = performance.now()
  await world[Symbol.asyncDispose]()
  expect(performance.now() - startedAt).toBeLessThan(2_000)
})

/** Its connection was cut in the middle of its answer. */
test('a request that was taken before the stop is answered', async () => {
  const working = Promise.withResolvers<void>()
  const done = Promise.withResolvers<void>()
  const app = defineApp({
    rooms: { 'bed:{id}': { events: noted, access: 'tenant' } },
    routes: {
      'GET /report': {
        auth: 'none',
        handle: async () => {
          working.resolve()
          await done.promise
          return { ready: true }
        },
      },
    },
  })
  const world = await startWorld({ app })
  const answer = world.asks('/report')
  await working.promise
  const stopped = world[Symbol.asyncDispose]()
  setTimeout(done.resolve, 100)
  expect(await (await answer).json()).toEqual({ ready: true })
  await stopped
})
