import { expect, test } from 'bun:test'
import fc from 'fast-check'
import {
  type AlertRule,
  alertRules,
  type Decision,
  type Level,
  levelOf,
  quietWatch,
  sustainedReadings,
  transition,
} from './alerts.ts'
import type { Vitals } from './events.ts'

const rule = (type: string): AlertRule => alertRules.find((each) => each.type === type)!

/** Feeds readings to one rule and tells what was decided, leaving out the readings at which nothing was. */
const story = (type: string, readings: readonly Vitals[]): string[] => {
  let watch = quietWatch
  const told: string[] = []
  readings.forEach((vitals, index) => {
    const level = levelOf(rule(type), vitals)
    if (level === undefined) return
    const next = transition(watch, level)
    watch = next.watch
    if (next.decision.kind === 'raise') told.push(`${index}: ${next.decision.severity} #${watch.episode}`)
    if (next.decision.kind === 'clear') told.push(`${index}: clear #${watch.episode}`)
  })
  return told
}
const bloodPressure = (systolic: number, diastolic: number): Vitals => ({ blood_pressure: { systolic, diastolic } })
const heartRates = (...rates: number[]): Vitals[] => rates.map((heart_rate) => ({ heart_rate }))

test.each([
  ['high_blood_pressure', bloodPressure(120, 80), 'calm'],
  ['high_blood_pressure', bloodPressure(135, 85), 'calm'],
  ['high_blood_pressure', bloodPressure(136, 80), 'between'],
  ['high_blood_pressure', bloodPressure(140, 90), 'between'],
  ['high_blood_pressure', bloodPressure(141, 80), 'warning'],
  ['high_blood_pressure', bloodPressure(120, 91), 'warning'],
  ['high_blood_pressure', bloodPressure(181, 80), 'critical'],
  ['high_blood_pressure', bloodPressure(141, 121), 'critical'],
  ['high_blood_pressure', { heart_rate: 200 }, undefined],
  ['low_blood_pressure', bloodPressure(89, 60), 'warning'],
  ['low_blood_pressure', bloodPressure(79, 60), 'critical'],
  ['low_blood_pressure', bloodPressure(92, 60), 'between'],
  ['low_spo2', { spo2: 94 }, 'calm'],
  ['low_spo2', { spo2: 92 }, 'between'],
  ['low_spo2', { spo2: 91 }, 'warning'],
  ['low_spo2', { spo2: 87 }, 'critical'],
  ['high_heart_rate', { heart_rate: 110 }, 'calm'],
  ['high_heart_rate', { heart_rate: 121 }, 'warning'],
  ['high_heart_rate', { heart_rate: 141 }, 'critical'],
  ['low_heart_rate', { heart_rate: 49 }, 'warning'],
  ['low_heart_rate', { heart_rate: 39 }, 'critical'],
  ['high_temperature', { temperature: 38 }, 'calm'],
  ['high_temperature', { temperature: 38.6 }, 'warning'],
  ['high_temperature', { temperature: 40.1 }, 'critical'],
  ['low_temperature', { temperature: 35.4 }, 'warning'],
  ['high_respiration', { respiration: 31 }, 'critical'],
] satisfies [string, Vitals, Level | undefined][])('%s reads %j as %s', (type, vitals, level) => {
  expect(levelOf(rule(type), vitals)).toBe(level)
})

test('an alert needs three readings in a row, and ends only after three quiet ones', () => {
  expect(story('high_heart_rate', heartRates(125, 125, 100, 125, 125, 125, 125))).toEqual(['5: warning #1'])
  expect(story('high_heart_rate', heartRates(125, 125, 125, 105, 105, 115, 105, 105, 105))).toEqual([
    '2: warning #1',
    '8: clear #1',
  ])
})

test('a value that hovers at the limit makes one alert', () => {
  const hovering = Array.from({ length: 200 }, (_, index) => (index % 2 ? 121 : 119))
  expect(story('high_heart_rate', heartRates(125, 125, 125, ...hovering))).toEqual(['2: warning #1'])
})

test('an episode that gets worse is announced once more, and not again when it gets a little better', () => {
  const rates = [125, 125, 125, 145, 145, 145, 130, 130, 130, 145, 145, 145]
  expect(story('high_heart_rate', heartRates(...rates))).toEqual(['2: warning #1', '5: critical #1'])
})

test('an episode that begins critical says so at once', () => {
  expect(story('low_spo2', [{ spo2: 85 }, { spo2: 85 }, { spo2: 85 }])).toEqual(['2: critical #1'])
})

test('a second episode has the next number', () => {
  const rates = [125, 125, 125, 100, 100, 100, 125, 125, 125]
  expect(story('high_heart_rate', heartRates(...rates))).toEqual(['2: warning #1', '5: clear #1', '8: warning #2'])
})

test('readings of other vital signs neither feed nor break a run', () => {
  const mixed: Vitals[] = [
    { heart_rate: 125 },
    { spo2: 97 },
    { heart_rate: 125 },
    { temperature: 37 },
    { heart_rate: 125 },
  ]
  expect(story('high_heart_rate', mixed)).toEqual(['4: warning #1'])
})

test('the message names the values', () => {
  expect(rule('high_blood_pressure').message(bloodPressure(152, 96))).toBe('High blood pressure detected: 152/96')
  expect(rule('low_spo2').message({ spo2: 88 })).toBe('Low oxygen saturation detected: 88')
  expect(rule('high_blood_pressure').values(bloodPressure(152, 96))).toEqual({ systolic: 152, diastolic: 96 })
})

const levels = fc.array(fc.constantFrom('calm', 'between', 'warning', 'critical' as const), { maxLength: 300 })

test('property: whatever the readings, alerts come in order and an episode speaks at most twice', () => {
  fc.assert(
    fc.property(levels, (readings) => {
      let watch = quietWatch
      let open: Decision | undefined
      for (const [index, level] of readings.entries()) {
        const before = watch
        const next = transition(watch, level as never)
        watch = next.watch
        const recent = readings.slice(Math.max(0, index - sustainedReadings + 1), index + 1)
        if (next.decision.kind === 'raise') {
          expect(recent).toHaveLength(sustainedReadings)
          expect(recent.every((each) => each === 'warning' || each === 'critical')).toBe(true)
          if (open)
            expect([open, next.decision]).toEqual([
              { kind: 'raise', severity: 'warning' },
              { kind: 'raise', severity: 'critical' },
            ])
          expect(watch.episode).toBe(open ? before.episode : before.episode + 1)
          open = next.decision
        }
        if (next.decision.kind === 'clear') {
          expect(open).toBeDefined()
          expect(recent).toEqual(['calm', 'calm', 'calm'])
          open = undefined
        }
      }
    }),
  )
})

test('property: noise narrower than the band never flaps', () => {
  const band = fc.record({
    centre: fc.double({ min: 60, max: 180, noNaN: true }),
    noise: fc.array(fc.double({ min: -4.9, max: 4.9, noNaN: true }), { minLength: 20, maxLength: 300 }),
  })
  fc.assert(
    fc.property(band, ({ centre, noise }) => {
      const told = story('high_heart_rate', heartRates(...noise.map((offset) => centre + offset)))
      expect(told.filter((line) => line.includes('clear'))).toEqual([])
      expect(told.length).toBeLessThanOrEqual(2)
    }),
  )
})
