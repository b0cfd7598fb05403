import { expect, test } from 'bun:test'
import { alertRules, levelOf, quietWatch, transition, type Watch } from '../alerts.ts'
import { vitalsOf } from '../device-data.ts'
import { DeviceData } from '../events.ts'
import { roster } from './roster.ts'
import { createWardModel } from './ward-model.ts'

type Told = { readonly atMs: number; readonly patient: string; readonly alert: string; readonly what: string }

/** Runs the ward for a while and tells every alert that it would make. */
const runWard = (seed: number, minutes: number): Told[] => {
  const ward = createWardModel(seed)
  const watches = new Map<string, Watch>()
  const told: Told[] = []
  for (let atMs = 500; atMs <= minutes * 60_000; atMs += 500) {
    for (const data of ward.step(500)) {
      const vitals = vitalsOf(data)
      if (vitals === undefined) continue
      for (const rule of alertRules) {
        const level = levelOf(rule, vitals)
        if (level === undefined) continue
        const key = `${data.patient_id} ${rule.type}`
        const { watch, decision } = transition(watches.get(key) ?? quietWatch, level)
        watches.set(key, watch)
        if (decision.kind !== 'none') {
          told.push({ atMs, patient: data.patient_id ?? '', alert: rule.type, what: decision.kind })
        }
      }
    }
  }
  return told
}

test('the same seed gives the same ward', () => {
  const [one, two, other] = [createWardModel(7), createWardModel(7), createWardModel(8)]
  const minute = Array.from({ length: 120 }, () => 500)
  expect(minute.flatMap((ms) => one.step(ms))).toEqual(minute.flatMap((ms) => two.step(ms)))
  expect(minute.flatMap((ms) => other.step(ms))).not.toEqual(minute.flatMap((ms) => createWardModel(7).step(ms)))
})

test('every reading is one that the server takes, and every bed is heard', () => {
  const ward = createWardModel(1)
  const readings = Array.from({ length: 60 }, () => ward.step(500)).flat()
  for (const reading of readings) expect(DeviceData.parse(reading)).toEqual(reading)
  expect(new Set(readings.map((reading) => reading.patient_id)).size).toBe(roster.length)
  expect(new Set(readings.map((reading) => reading.data_type)).size).toBe(5)
})

test.each([1, 2, 3, 4, 5, 6])('seed %d: an alert within 20 seconds, then always something, never a storm', (seed) => {
  const told = runWard(seed, 15)
  const first = told.find((each) => each.what === 'raise')
  expect(first?.atMs).toBeLessThanOrEqual(20_000)
  const ill = new Set(told.filter((each) => each.what === 'raise').map((each) => each.patient))
  expect(ill.size).toBeGreaterThanOrEqual(4)
  expect(told.filter((each) => each.what === 'clear').length).toBeGreaterThanOrEqual(4)
  expect(told.length / 15).toBeLessThan(8)
  for (let minute = 1; minute + 4 <= 15; minute++) {
    const within = told.filter((each) => each.atMs >= minute * 60_000 && each.atMs < (minute + 4) * 60_000)
    expect(within.length).toBeGreaterThan(0)
  }
})

test('patients who are well make no alert', () => {
  const ward = createWardModel(3)
  const atIllness = new Set<number>()
  const alarmed = new Set<number>()
  for (let step = 0; step < 600; step++) {
    const readings = ward.step(500)
    for (const bed of ward.illBeds()) atIllness.add(bed)
    for (const reading of readings) {
      const vitals = vitalsOf(reading)
      const alarming =
        vitals && alertRules.some((rule) => ['warning', 'critical'].includes(levelOf(rule, vitals) ?? ''))
      if (alarming) alarmed.add(Number(reading.patient_id?.slice(1)))
    }
  }
  expect([...alarmed].filter((bed) => !atIllness.has(bed))).toEqual([])
  expect(alarmed.size).toBeGreaterThanOrEqual(2)
})
