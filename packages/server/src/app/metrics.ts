/** An application's own numbers at `/metrics`: what it says of them, and the check of that. It counts by itself and is asked when somebody reads. */
import { metricTable } from '../lib/metrics.ts'
import { nearest } from '../lib/nearest.ts'
import type { Problems } from './problems.ts'

/** Of this node. */
export type NodeCounts = { readonly sessions: number; readonly rooms: number }

export type MetricDescription = {
  /** A counter never falls while the process lives, and its name ends with `_total`. */
  readonly kind: 'counter' | 'gauge'
  /** One sentence. */
  readonly help: string
  readonly read: (node: NodeCounts) => number
}

/** Name → what it is. */
export type MetricDescriptions = { readonly [name: string]: MetricDescription }

export type MetricRule = MetricDescription & { readonly name: string }

const namePattern = /^[a-zA-Z_][a-zA-Z0-9_]{0,127}$/
const kinds = ['counter', 'gauge']
const ours: readonly string[] = Object.values(metricTable).flatMap((table) => Object.keys(table))

export const readMetrics = (given: unknown, problems: Problems): readonly MetricRule[] => {
  if (given === undefined) return []
  if (typeof given !== 'object' || given === null) {
    problems.add('metrics', "give { name: { kind: 'counter', help: '…', read: () => count } }.")
    return []
  }
  return Object.entries(given as MetricDescriptions).flatMap(([name, description]) => {
    const rule = problems.at(`metrics['${name}']`, () => readMetric(name, description))
    return rule ? [rule] : []
  })
}

const readMetric = (name: string, { kind, help, read }: MetricDescription): MetricRule => {
  if (!namePattern.test(name)) throw new Error('a name is letters, digits and _, and begins with no digit.')
  if (/^(fanfare|process)_/.test(name)) {
    const meant = nearest(name, ours)
    throw new Error(`names that begin with fanfare_ and process_ are the server's${meant ? `, such as ${meant}` : ''}.`)
  }
  if (!kinds.includes(kind)) throw new Error(`\`kind\` is "${kind}"; give 'counter' or 'gauge'.`)
  if ((kind === 'counter') !== name.endsWith('_total')) {
    throw new Error("a counter's name ends with _total, and no other does.")
  }
  if (typeof help !== 'string' || help === '') throw new Error('`help` says what it counts.')
  if (typeof read !== 'function') throw new Error('`read` is a function that gives the number.')
  return Object.freeze({ name, kind, help, read })
}
