/** in numbers: 200 readers of 1 KB/s at once in a room of 5 MB/s, by WebSocket and by event stream, beside 100 that keep up. */
import { slowRun } from '../support/slow-run.ts'
import { atMost } from '../support/verdict.ts'

const slow = 200
const megabyte = 1024 * 1024
/** Twice its outbox of 512 KB for each, and what a heap breathes. */
const memoryLimit = slow * megabyte + 80 * megabyte

for (const kind of ['websocket', 'event-stream'] as const) {
  const run = await slowRun({ kind, slow, fast: 100 })
  for (const fault of run.faults.slice(0, 20)) process.stderr.write(`${fault}\n`)
  const torn = run.seen.filter(({ contiguous, last }) => !contiguous || last === null).length
  atMost(`R-13-${kind}`, 'ms until the last slow reader is gone', { value: Math.round(run.goneAfterMs), limit: 10_000 })
  atMost(`R-13-${kind}-loss`, 'holes and repeats, of those who resumed and of those who kept up', {
    value: run.faults.length + torn,
    limit: 0,
  })
  atMost(`R-13-${kind}-fast`, 'links of those who kept up that did not last', { value: run.fastLost, limit: 0 })
  atMost(`R-14-${kind}`, 'bytes by which resident memory grew', { value: run.grown, limit: memoryLimit })
}
process.exit()
