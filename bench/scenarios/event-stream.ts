/** Fan-out over event streams (SSE) of plain HTTP/1.1, beside the same fan-out over WebSockets of the same server. */
import type { Comparison } from '../lib/deliveries.ts'
import { measureFanOut } from '../lib/fan-out.ts'
import type { Scenario } from '../lib/run.ts'

const wanted = ['nchan-event-stream', 'fanfare-event-stream', 'fanfare'] as const
const scenario = 'event-stream'

const comparisons: readonly Comparison[] = [
  { one: 'fanfare-event-stream', other: 'nchan-event-stream' },
  { one: 'fanfare-event-stream', other: 'fanfare' },
]

export const eventStream: Scenario = async (run) => [
  ...(await measureFanOut(run, { scenario, wanted, subscribers: 1_000, comparisons })),
  ...(run.quick ? [] : await measureFanOut(run, { scenario, wanted, subscribers: 10_000, comparisons })),
]
