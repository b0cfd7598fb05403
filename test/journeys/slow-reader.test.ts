/** readers that are too slow for their room, by WebSocket and by event stream; and one that wants the newest only. */
import { expect, test } from 'bun:test'
import { fileURLToPath } from 'node:url'
import { startServerProcess } from '@fanfare/testkit'
import { SlowReaders } from '../support/slow-readers.ts'
import { slowRun } from '../support/slow-run.ts'
import { unlimitedEnvironment } from '../support/unlimited.ts'

const outboxBytes = 512 * 1024
/** What one slow link may cost: its outbox, the runtime's buffer behind it, and as much again while both are copied. */
const linkBytes = 4 * outboxBytes
/** What a JavaScript heap breathes at this rate; without a bound, ten readers would hold 50 MB more each second. */
const breath = 80 * 1024 * 1024

test.each([['websocket'], ['event-stream']] as const)(
  'R-13: %s readers of 1 KB/s in a room of 5 MB/s are closed, resume and miss nothing; nobody else notices',
  async (kind) => {
    const slow = 10
    const run = await slowRun({ kind, slow, fast: 100 })
    expect(run.goneAfterMs).toBeLessThan(10_000)
    expect(run.seen.map(({ contiguous, last }) => contiguous && last !== null)).toEqual(Array(slow).fill(true))
    expect(run.faults).toEqual([])
    expect(run.fastLost).toBe(0)
    expect(run.grown - run.grownWithout).toBeLessThan(slow * linkBytes + breath)
    // An orderly end, after what was written: the client knows why, and that nothing was cut in the middle.
    const ends = run.seen.map(({ end, close }) => ({ end, close }))
    expect(ends).toEqual(
      Array(slow).fill(kind === 'websocket' ? { end: 'eof', close: 4008 } : { end: 'ended', close: null }),
    )
  },
  60_000,
)

test('a slow reader of a room that conflates stays, and gets the newest of each key, in order', async () => {
  const app = fileURLToPath(new URL('../support/clinic.ts', import.meta.url))
  await using server = await startServerProcess({ app, environment: unlimitedEnvironment })
  const room = 'monitor:1'
  await using readers = new SlowReaders(server, { kind: 'websocket', room, count: 1, bytesPerSecond: 20_000 })
  await readers.open()
  const beds = 20
  const nurse = await server.person('nurse')
  const padding = 'x'.repeat(2_000)
  let last = 0
  // Enough to fill the buffers of the kernel several times over.
  for (let value = 1; value <= 300; value++) {
    const says = Array.from({ length: beds }, (_, bed) =>
      nurse.says(room, 'reading', { bed: `${bed}${padding}`, value }),
    )
    last = (await Promise.all(says)).at(-1)!.offset
  }
  const [seen] = await readers.hurry()
  expect(seen).toMatchObject({ rising: true, contiguous: false, close: null })
  const newest = Array.from({ length: beds }, (_, bed) => last - beds + 1 + bed)
  expect(seen!.offsets.slice(-beds)).toEqual(newest)
  await nurse.goes()
}, 60_000)
