import { expect, test } from 'bun:test'
import { command, defineApp } from '@fanfare/server'
import { refusal, startWorld } from '@fanfare/testkit'
import { z } from 'zod'

const app = defineApp({
  rooms: { lobby: { events: { said: z.object({}) }, access: 'tenant' } },
  commands: { 'report:make': command(z.object({ size: z.number() }), (_, { size }) => 'x'.repeat(size)) },
})

test('an answer that would fill the outbox is refused, and the link lives', async () => {
  await using world = await startWorld({ app })
  const ann = await world.person('ann')
  const ask = (size: number) => ann.asks({ type: 'command', name: 'report:make', input: { size } })
  expect(await refusal(ask(600 * 1024))).toMatchObject({ code: 'too_large' })
  expect(await ask(1_000)).toHaveLength(1_000)
})
