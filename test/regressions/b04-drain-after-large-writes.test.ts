/** Hazard B4, R-32: the runtime may not say that a link has drained after a large write, and who waits for it stands still. */
import { expect, test } from 'bun:test'
import { fileURLToPath } from 'node:url'
import { startServerProcess } from '@fanfare/testkit'
import { SlowReaders } from '../support/slow-readers.ts'
import { unlimitedEnvironment } from '../support/unlimited.ts'

const app = fileURLToPath(new URL('../support/clinic.ts', import.meta.url))

test('a replay of many full buffers to a reader that stood still goes on to its end, without a stall', async () => {
  await using server = await startServerProcess({ app, environment: unlimitedEnvironment })
  const ann = await server.person('ann')
  const count = 2_400
  const text = 'x'.repeat(9_000)
  for (let n = 0; n < count; n += 12) {
    await Promise.all(Array.from({ length: 12 }, () => ann.says('images:1', 'message.created', { text })))
  }
  await using readers = new SlowReaders(server, { kind: 'websocket', room: 'images:1', count: 1, since: 'earliest' })
  await readers.open()
  // It takes a kilobyte a second: every buffer on the way is full, and the replay waits for its reader.
  await Bun.sleep(1_500)
  const [seen] = await readers.hurry()
  expect(seen).toMatchObject({ first: 1, last: count, contiguous: true, close: null })
  await ann.goes()
}, 30_000)
