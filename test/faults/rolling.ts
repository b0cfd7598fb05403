/** two nodes under load are stopped and started, one after the other; then two workers are replaced by a SIGHUP. */
import { rollNodes, rollWorkers } from '../support/rolling.ts'
import { atLeast, atMost } from '../support/verdict.ts'

const lost = (id: string, outcome: { acknowledged: number; deliveries: number; faults: readonly string[] }) => {
  for (const fault of outcome.faults.slice(0, 20)) process.stderr.write(`${fault}\n`)
  const metric = `events lost, doubled or out of order, of ${outcome.acknowledged} acknowledged and ${outcome.deliveries} delivered`
  atMost(id, metric, { value: outcome.faults.length, limit: 0 })
}

const rolled = await rollNodes({ clients: 2_000, rooms: 200, perSecond: 1_000 })
lost('rolling', rolled)
rolled.stops.forEach(({ code, stoppedMs, sent, closes, returns }, index) => {
  const id = `rolling-${index + 1}`
  atMost(`${id}-exit`, 'exit code', { value: code ?? -1, limit: 0 })
  atMost(`${id}-stop`, 'from SIGTERM to the end, ms', { value: stoppedMs, limit: 30_000 })
  atLeast(`${id}-window`, `over which ${sent} clients were sent away, ms`, { value: closes.spreadMs, limit: 1_000 })
  atMost(`${id}-closes`, 'closes in any second, over their average', { value: closes.peak, limit: 2 })
  atMost(`${id}-returns`, `returns in any second, over their average in ${returns.spreadMs} ms`, {
    value: returns.peak,
    limit: 2,
  })
})

const workers = await rollWorkers({ clients: 600, rooms: 60, perSecond: 500 })
lost('rolling-workers', workers)
atLeast('rolling-workers-sent', 'clients sent away by a SIGHUP', { value: workers.sent, limit: 600 })
atMost('rolling-workers-exit', 'exit code', { value: workers.code ?? -1, limit: 0 })
process.exit()
