/** A reaction was done, the process died before it could note so, and came back after the reaction's keys had run out: it took effect twice. */
import { expect, test } from 'bun:test'
import { fileURLToPath } from 'node:url'
import { startServerProcess } from '@fanfare/testkit'

const app = fileURLToPath(new URL('../support/clinic.ts', import.meta.url))
const idempotencyMs = 200

test('a reaction takes effect once, also when the server was down for longer than keys are kept', async () => {
  await using server = await startServerProcess({
    app,
    environment: { FANFARE_LIMIT_IDEMPOTENCY_MS: String(idempotencyMs) },
  })
  const ann = await server.person('ann')
  await ann.joins('echo:1')
  const numbers = Array.from({ length: 20 }, (_, index) => index + 1)
  for (const n of numbers) await ann.says('ward:1', 'counted', { n })
  for (const n of numbers) expect((await ann.hears('echoed')).data).toEqual({ n })
  await server.kill()
  await Bun.sleep(2 * idempotencyMs)
  await server.start()

  const again = await server.person('ann')
  // Reactions of a room run one after another: after this one, whatever was to be made good is done.
  await again.joins('echo:1')
  await again.says('ward:1', 'counted', { n: 21 })
  await again.hears('echoed')
  const { events } = await again.reads('echo:1', { limit: 100 })
  expect(events.map(({ data }) => data)).toEqual([...numbers, 21].map((n) => ({ n })))
})
