/** prom-client behind the server's own interface. Counting is a plain addition; prom-client is only asked when somebody reads. */
import { monitorEventLoopDelay } from 'node:perf_hooks'
import process from 'node:process'
import { Counter, Gauge, type Histogram, Registry } from 'prom-client'
import type { MetricRule, NodeCounts } from '../app/metrics.ts'
import type { Log } from '../lib/log.ts'
import {
  type CounterName,
  type GaugeName,
  type HistogramName,
  type Metrics,
  metricTable,
  type OwnMetrics,
} from '../lib/metrics.ts'
import { LeanHistogram } from './histogram.ts'

/** The metrics as Prometheus reads them. */
export type MetricsText = { text(): Promise<string>; readonly contentType: string }

/** What counts and what tells of it, in one. */
export type ServedMetrics = Metrics &
  MetricsText & {
    readonly own: OwnMetrics
    /** Those that the application counts itself. One whose `read` throws has no value, and that is logged. */
    serve(rules: readonly MetricRule[], node: () => NodeCounts, log: Log): void
  }

const secondsBuckets = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5]

/** One registry for each call: nodes in one process do not share counts. */
export const createMetrics = (): ServedMetrics => {
  const registry = new Registry()
  const counts = addCounters(registry)
  const gauges = addGauges(registry)
  const histograms = addHistograms(registry)
  addProcess(registry)
  return {
    contentType: registry.contentType,
    text: () => registry.metrics(),
    add(name, by = 1) {
      counts[name] += by
    },
    observe(name, seconds) {
      histograms[name].observe(seconds)
    },
    gauge(name, value) {
      gauges[name] = value
    },
    own: ownMetrics(registry),
    serve(rules, node, log) {
      for (const rule of rules) {
        const reading = { name: rule.name, help: rule.help, read: readSafely(rule, node, log) }
        if (rule.kind === 'counter') addCounter(registry, reading)
        else addGauge(registry, reading)
      }
    },
  }
}

const ownMetrics = (registry: Registry): OwnMetrics => ({
  counter(name, help) {
    let count = 0
    addCounter(registry, { name, help, read: () => count })
    return {
      add(by = 1) {
        count += by
      },
    }
  },
  gauge: (name, help, read) => addGauge(registry, { name, help, read }),
})

/** What the application gives is its own affair: it takes nobody else's numbers away. */
const readSafely =
  ({ kind, name, read }: MetricRule, node: () => NodeCounts, log: Log) =>
  (): number => {
    try {
      const value = read(node())
      if (Number.isFinite(value) && (kind === 'gauge' || value >= 0)) return value
      log.warn({ metric: name }, 'a metric of the application has no number that can be told')
    } catch (error) {
      log.warn({ error, metric: name }, 'a metric of the application could not be read')
    }
    return Number.NaN
  }

const entries = <Name extends string>(table: { readonly [_ in Name]: string }) =>
  Object.entries(table) as [Name, string][]

const addCounters = (registry: Registry): Record<CounterName, number> => {
  const counts = {} as Record<CounterName, number>
  for (const [name, help] of entries(metricTable.counters)) {
    counts[name] = 0
    addCounter(registry, { name, help, read: () => counts[name] })
  }
  return counts
}

const addGauges = (registry: Registry): Partial<Record<GaugeName, () => number>> => {
  const gauges: Partial<Record<GaugeName, () => number>> = {}
  for (const [name, help] of entries(metricTable.gauges)) {
    addGauge(registry, { name, help, read: () => gauges[name]?.() ?? 0 })
  }
  return gauges
}

const addHistograms = (registry: Registry): Record<HistogramName, LeanHistogram> => {
  const histograms = {} as Record<HistogramName, LeanHistogram>
  for (const [name, help] of entries(metricTable.histograms)) {
    const histogram = new LeanHistogram({ name, help, buckets: secondsBuckets })
    histograms[name] = histogram
    // All that the registry does with a metric is in `LeanHistogram`; prom-client's type asks for the class itself.
    registry.registerMetric(histogram as unknown as Histogram)
  }
  return histograms
}

type Reading = { readonly name: string; readonly help: string; readonly read: () => number }

const addGauge = (registry: Registry, { name, help, read }: Reading): void => {
  const gauge: Gauge = new Gauge({ name, help, registers: [registry], collect: () => gauge.set(read()) })
}

const addCounter = (registry: Registry, { name, help, read }: Reading): void => {
  const counter: Counter = new Counter({
    name,
    help,
    registers: [registry],
    collect() {
      counter.reset()
      counter.inc(read())
    },
  })
}

/** Of the process: the numbers that both runtimes can give. */
const addProcess = (registry: Registry): void => {
  const started = Math.round(Date.now() / 1000 - process.uptime())
  const lag = eventLoopLag()
  const gauges: readonly Reading[] = [
    { name: 'process_start_time_seconds', help: 'Start of the process, seconds since 1970.', read: () => started },
    {
      name: 'process_resident_memory_bytes',
      help: 'Resident memory.',
      read: () => process.memoryUsage.rss(),
    },
    { name: 'process_heap_bytes', help: 'JavaScript heap in use.', read: () => process.memoryUsage().heapUsed },
    { name: 'process_event_loop_lag_seconds', help: 'Longest delay of a timer since the last reading.', read: lag },
  ]
  for (const gauge of gauges) addGauge(registry, gauge)
  addCounter(registry, {
    name: 'process_cpu_seconds_total',
    help: 'Processor time used.',
    read: () => {
      const { user, system } = process.cpuUsage()
      return (user + system) / 1e6
    },
  })
}

const lagResolutionMs = 20

/** Watches from the first reading on, so that a process whose metrics nobody reads has no timer for it. */
const eventLoopLag = (): (() => number) => {
  let delays: ReturnType<typeof monitorEventLoopDelay> | undefined
  return () => {
    if (!delays) {
      delays = monitorEventLoopDelay({ resolution: lagResolutionMs })
      delays.enable()
      return 0
    }
    const longest = delays.max / 1e9 - lagResolutionMs / 1000
    delays.reset()
    return Math.max(0, longest)
  }
}
