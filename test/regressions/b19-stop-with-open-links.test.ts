/** Hazard B19: a graceful stop of the runtime's server waits for ever while links are open; ours closes them. */
import { expect, test } from 'bun:test'
import { startWorld } from '@fanfare/testkit'
import { clinic } from '../support/clinic.ts'

test('a stop with idle WebSockets and an event stream open ends within seconds, and all of them are ended', async () => {
  await using world = await startWorld({ app: clinic })
  const people = await Promise.all(['ann', 'bob', 'cyd'].map((name) => world.person(name)))
  const stream = await world.asks('/v1/stream?room=ward:1', { as: 'eve' })
  const text = stream.text()
  const began = performance.now()
  await world.server.stop()
  expect(performance.now() - began).toBeLessThan(5_000)
  for (const person of people) {
    expect(await person.sees('reconnect')).toMatchObject({ reason: 'shutting_down' })
    expect((await person.closed).code).toBe(1012)
  }
  expect(await text).toMatch(/^retry: \d+\nevent: reconnect$/m)
})
