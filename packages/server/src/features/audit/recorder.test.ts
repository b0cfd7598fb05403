/** What becomes of entries while the store is away: they wait, they are bounded, and the chain says what was lost. */
import { expect, test } from 'bun:test'
import { FanfareError } from '@fanfare/protocol'
import { fakeClock } from '../../lib/fake-clock.ts'
import { silentLog } from '../../lib/log.ts'
import { noOwnMetrics } from '../../lib/metrics.ts'
import type { AuditEntry } from '../../model/audit.ts'
import type { KeptEntry } from './chain.ts'
import { Recorder } from './recorder.ts'

const entry = (subject: string, tenantId = 'clinic'): AuditEntry => ({
  tenantId,
  action: 'grant.given',
  actor: { kind: 'user', id: 'ann' },
  subject,
})

const startRecorder = (options: { readonly most?: number } = {}) => {
  const clock = fakeClock()
  const batches: { readonly tenantId: string; readonly subjects: readonly string[] }[] = []
  let fault: Error | undefined
  const said = ({ action, subject, detail }: KeptEntry) => subject ?? `${action} ${detail}`
  const recorder = new Recorder({
    clock,
    log: silentLog,
    metrics: noOwnMetrics,
    ...options,
    async keep(tenantId, entries) {
      await null
      if (fault) throw fault
      batches.push({ tenantId, subjects: entries.map(said) })
    },
  })
  return {
    recorder,
    clock,
    batches,
    subjects: () => batches.flatMap(({ subjects }) => subjects),
    away: () => {
      fault = new FanfareError('unavailable', 'the store is away')
    },
    broken: () => {
      fault = new Error('no such column')
    },
    back: () => {
      fault = undefined
    },
  }
}

test('while the store is away whoever waits is told, and what was told is kept once it is back, in order', async () => {
  const { recorder, clock, subjects, ...store } = startRecorder()
  store.away()
  await expect(recorder.record(entry('1'))).rejects.toThrow('the store is away')
  await expect(recorder.record(entry('2'))).rejects.toThrow('as soon as it can')
  await clock.advance(10_000)
  expect(subjects()).toEqual([])
  store.back()
  await clock.advance(5_000)
  expect(subjects()).toEqual(['1', '2'])
  await recorder.record(entry('3'))
  expect(subjects()).toEqual(['1', '2', '3'])
  expect(recorder.waiting).toBe(0)
})

test('nobody who does not wait hears of a store that is away', async () => {
  const { recorder, clock, ...store } = startRecorder({ most: 1 })
  store.away()
  void recorder.record(entry('1'))
  void recorder.record(entry('2'))
  await clock.advance(1_000)
  // An unhandled rejection would fail this test.
  expect(recorder.waiting).toBe(1)
})

test('what waits is bounded, and the chain says how many were lost', async () => {
  const { recorder, clock, subjects, ...store } = startRecorder({ most: 3 })
  store.away()
  for (let which = 1; which <= 8; which++) void recorder.record(entry(String(which)))
  await clock.advance(1_000)
  expect(recorder.waiting).toBe(3)
  store.back()
  await clock.advance(5_000)
  expect(subjects().sort()).toEqual(['1', '2', '3', 'entries.lost {"entries":5}'])
})

test('an error that time does not heal holds up nobody behind it, and what it took is counted', async () => {
  const { recorder, clock, subjects, ...store } = startRecorder()
  store.broken()
  await expect(recorder.record(entry('1'))).rejects.toThrow('could not be written')
  store.back()
  await clock.advance(0)
  await recorder.record(entry('2'))
  expect(subjects().sort()).toEqual(['2', 'entries.lost {"entries":1}'])
})

test('a batch is bounded, and tenants take turns', async () => {
  const { recorder, batches } = startRecorder()
  const many = Array.from({ length: 1_200 }, (_, which) => recorder.record(entry(String(which))))
  await Promise.all([...many, recorder.record(entry('other', 'other'))])
  expect(batches.map(({ tenantId, subjects }) => [tenantId, subjects.length])).toEqual([
    ['clinic', 500],
    ['other', 1],
    ['clinic', 500],
    ['clinic', 200],
  ])
})

test('at its end it writes what waits, and does not wait for a store that is away', async () => {
  const { recorder, subjects, ...store } = startRecorder()
  void recorder.record(entry('1'))
  await recorder.stop()
  expect(subjects()).toEqual(['1'])
  const other = startRecorder()
  other.away()
  void other.recorder.record(entry('1'))
  await other.recorder.stop()
  expect(other.recorder.waiting).toBe(0)
  expect(store).toBeDefined()
})

test('what nobody waits for goes together with what comes within a moment, or with what somebody waits for', async () => {
  const { recorder, clock, batches } = startRecorder()
  for (let which = 0; which < 50; which++) {
    void recorder.record(entry(String(which)), 'soon')
    await clock.advance(1)
  }
  expect(batches).toEqual([])
  await clock.advance(100)
  expect(batches.map(({ subjects }) => subjects.length)).toEqual([50])
  void recorder.record(entry('soon'), 'soon')
  await recorder.record(entry('now'))
  expect(batches.at(-1)?.subjects).toEqual(['soon', 'now'])
})

test('while a batch is being written, what nobody waits for gathers again', async () => {
  const { recorder, clock, batches } = startRecorder()
  const first = recorder.record(entry('now'))
  void recorder.record(entry('with it'), 'soon')
  await first
  void recorder.record(entry('later'), 'soon')
  await clock.advance(1)
  expect(batches).toHaveLength(1)
  await clock.advance(5_000)
  expect(batches.map(({ subjects }) => subjects)).toEqual([['now', 'with it'], ['later']])
})
