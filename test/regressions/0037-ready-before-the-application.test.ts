/** A node said that it was ready while the application's `onStart` was still making what its users would look for. */
import { expect, test } from 'bun:test'
import { createServer } from 'node:net'
import { defineApp } from '@fanfare/server'
import { startWorld } from '@fanfare/testkit'
import { z } from 'zod'

test('a node is ready once the application has started', async () => {
  const port = await freePort()
  const answers: number[] = []
  const app = defineApp({
    rooms: { lobby: { events: { tick: z.object({}) }, access: 'tenant' } },
    async onStart() {
      answers.push((await fetch(`http://127.0.0.1:${port}/ready`)).status)
    },
  })
  await using world = await startWorld({ app, config: { port } })
  answers.push((await fetch(`${world.url}/ready`)).status)
  expect(answers).toEqual([503, 200])
})

const freePort = (): Promise<number> =>
  new Promise((resolve) => {
    const probe = createServer().listen(0, '127.0.0.1', () => {
      const { port } = probe.address() as { readonly port: number }
      probe.close(() => resolve(port))
    })
  })
