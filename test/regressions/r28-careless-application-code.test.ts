/** what an application's code leaves uncaught is its own; the node lives on, and says so in its log. */
import { expect, test } from 'bun:test'
import { fileURLToPath } from 'node:url'
import { startServerProcess } from '@fanfare/testkit'

const app = fileURLToPath(new URL('../support/careless.ts', import.meta.url))

test('a promise that nobody awaits and an error thrown from a timer do not end the node', async () => {
  await using server = await startServerProcess({ app })
  const ann = await server.person('ann')
  await ann.joins('notes:1')
  for (const name of ['forgets:await', 'throws:later']) {
    expect(await ann.asks({ type: 'command', name, input: {} })).toBe('done')
  }
  await ann.says('notes:1', 'note', { text: 'one' })
  await ann.hears('note')
  // A round through the server after each of them has had its time to do harm.
  await Bun.sleep(50)
  expect((await ann.says('notes:1', 'note', { text: 'two' })).offset).toBe(2)
  expect((await fetch(`${server.url}/ready`)).status).toBe(200)
  expect(server.output).toContain('the application left an error uncaught')
  await ann.goes()
})
