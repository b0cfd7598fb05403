import { expect, test } from 'bun:test'
import { metricTable } from '../lib/metrics.ts'
import { createMetrics } from './metrics.ts'

const reading = (text: string, name: string) => text.match(new RegExp(`^${name} (.+)$`, 'm'))?.[1]

test('every metric of the table is told, with its help, counted or not', async () => {
  const text = await createMetrics().text()
  for (const [name, help] of Object.values(metricTable).flatMap((kind) => Object.entries(kind))) {
    expect(text).toContain(`# HELP ${name} ${help}`)
  }
})

test('counters add up, gauges are read when asked, observations fall into buckets', async () => {
  const metrics = createMetrics()
  let sessions = 3
  metrics.gauge('fanfare_sessions', () => sessions)
  metrics.add('fanfare_bytes_sent_total', 100)
  metrics.add('fanfare_bytes_sent_total', 50)
  metrics.add('fanfare_connects_total')
  metrics.observe('fanfare_publish_seconds', 0.003)
  expect(reading(await metrics.text(), 'fanfare_sessions')).toBe('3')
  sessions = 7
  const text = await metrics.text()
  expect(reading(text, 'fanfare_sessions')).toBe('7')
  expect(reading(text, 'fanfare_bytes_sent_total')).toBe('150')
  expect(reading(text, 'fanfare_connects_total')).toBe('1')
  expect(text).toContain('fanfare_publish_seconds_bucket{le="0.0025"} 0')
  expect(text).toContain('fanfare_publish_seconds_bucket{le="0.005"} 1')
})

test('two nodes in one process count for themselves', async () => {
  const [one, other] = [createMetrics(), createMetrics()]
  one.add('fanfare_connects_total')
  expect(reading(await other.text(), 'fanfare_connects_total')).toBe('0')
})

test('the process tells of its memory, its processor time and how long its loop was held up', async () => {
  const metrics = createMetrics()
  const first = await metrics.text()
  expect(Number(reading(first, 'process_resident_memory_bytes'))).toBeGreaterThan(1_000_000)
  expect(Number(reading(first, 'process_heap_bytes'))).toBeGreaterThan(10_000)
  expect(Number(reading(first, 'process_cpu_seconds_total'))).toBeGreaterThan(0)
  await new Promise((resolve) => setTimeout(resolve, 30))
  const until = performance.now() + 120
  while (performance.now() < until);
  await new Promise((resolve) => setTimeout(resolve, 60))
  expect(Number(reading(await metrics.text(), 'process_event_loop_lag_seconds'))).toBeGreaterThan(0.05)
})
