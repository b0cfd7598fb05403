/**
 * When vital signs become an alert, and when the alert is over. Pure: readings and an earlier state in, decisions and the
 * next state out. Two thresholds a direction with a band between them, and a count of readings on either side, so that a
 * value that hovers at a limit makes one alert and not a hundred.
 */
import type { Severity, Vitals } from './events.ts'

/** Where a reading lies. `between`: too far from normal to end an alert, too near to begin one. */
export type Level = 'calm' | 'between' | 'warning' | 'critical'

/** One number of the vital signs with its limits. Beyond `warning` is not yet at it: 140 does not exceed 140. */
type Limit = {
  readonly of: (vitals: Vitals) => number | undefined
  readonly warning: number
  readonly critical: number
  /** An alert ends at this value or on its quiet side. */
  readonly clear: number
}

export type AlertRule = {
  readonly type: string
  readonly direction: 'above' | 'below'
  readonly limits: readonly Limit[]
  readonly message: (vitals: Vitals) => string
  /** The measured values that an alert carries. */
  readonly values: (vitals: Vitals) => { readonly [name: string]: number }
}

/** Readings in a row before an alert begins, becomes critical, or ends. */
export const sustainedReadings = 3

type Scalar = 'heart_rate' | 'temperature' | 'spo2' | 'respiration'

const scalar = (
  vital: Scalar,
  row: { type: string; direction: 'above' | 'below'; words: string; warning: number; critical: number; clear: number },
): AlertRule => ({
  type: row.type,
  direction: row.direction,
  limits: [{ of: (vitals) => vitals[vital], warning: row.warning, critical: row.critical, clear: row.clear }],
  message: (vitals) => `${row.words} detected: ${vitals[vital]}`,
  values: (vitals) => ({ [vital]: vitals[vital] ?? Number.NaN }),
})

const pressure = (
  row: { type: string; direction: 'above' | 'below'; words: string },
  systolic: Omit<Limit, 'of'>,
  diastolic: Omit<Limit, 'of'>,
): AlertRule => ({
  type: row.type,
  direction: row.direction,
  limits: [
    { of: (vitals) => vitals.blood_pressure?.systolic, ...systolic },
    { of: (vitals) => vitals.blood_pressure?.diastolic, ...diastolic },
  ],
  message: ({ blood_pressure: measured }) => `${row.words} detected: ${measured?.systolic}/${measured?.diastolic}`,
  values: ({ blood_pressure: measured }) => ({ ...measured }),
})

/** Limits for adults at rest. A demonstration, not a medical device. */
export const alertRules: readonly AlertRule[] = [
  pressure(
    { type: 'high_blood_pressure', direction: 'above', words: 'High blood pressure' },
    { warning: 140, critical: 180, clear: 135 },
    { warning: 90, critical: 120, clear: 85 },
  ),
  pressure(
    { type: 'low_blood_pressure', direction: 'below', words: 'Low blood pressure' },
    { warning: 90, critical: 80, clear: 95 },
    { warning: 50, critical: 40, clear: 55 },
  ),
  scalar('spo2', {
    type: 'low_spo2',
    direction: 'below',
    words: 'Low oxygen saturation',
    warning: 92,
    critical: 88,
    clear: 94,
  }),
  scalar('heart_rate', {
    type: 'high_heart_rate',
    direction: 'above',
    words: 'High heart rate',
    warning: 120,
    critical: 140,
    clear: 110,
  }),
  scalar('heart_rate', {
    type: 'low_heart_rate',
    direction: 'below',
    words: 'Low heart rate',
    warning: 50,
    critical: 40,
    clear: 55,
  }),
  scalar('temperature', {
    type: 'high_temperature',
    direction: 'above',
    words: 'High temperature',
    warning: 38.5,
    critical: 40,
    clear: 38,
  }),
  scalar('temperature', {
    type: 'low_temperature',
    direction: 'below',
    words: 'Low temperature',
    warning: 35.5,
    critical: 34,
    clear: 36,
  }),
  scalar('respiration', {
    type: 'high_respiration',
    direction: 'above',
    words: 'Fast breathing',
    warning: 24,
    critical: 30,
    clear: 20,
  }),
]

const worse: readonly Level[] = ['calm', 'between', 'warning', 'critical']

/** Where a reading lies for one rule; undefined when it has none of the rule's values. */
export const levelOf = (rule: AlertRule, vitals: Vitals): Level | undefined => {
  const sign = rule.direction === 'above' ? 1 : -1
  let level: Level | undefined
  for (const limit of rule.limits) {
    const value = limit.of(vitals)
    if (value === undefined) continue
    const here: Level =
      sign * (value - limit.critical) > 0
        ? 'critical'
        : sign * (value - limit.warning) > 0
          ? 'warning'
          : sign * (value - limit.clear) > 0
            ? 'between'
            : 'calm'
    if (level === undefined || worse.indexOf(here) > worse.indexOf(level)) level = here
  }
  return level
}

/** What is known of one rule for one patient. Runs count readings in a row. */
export type Watch = {
  readonly status: 'stable' | Severity
  readonly warningRun: number
  readonly criticalRun: number
  readonly calmRun: number
  readonly episode: number
}
export const quietWatch: Watch = { status: 'stable', warningRun: 0, criticalRun: 0, calmRun: 0, episode: 0 }

/** `raise` begins an episode or makes it critical: at most two in an episode. `clear` ends it. */
export type Decision =
  | { readonly kind: 'none' }
  | { readonly kind: 'raise'; readonly severity: Severity }
  | { readonly kind: 'clear' }

/** Counts never pass the number that matters, so that a state stays equal while nothing changes. */
const run = (before: number, goesOn: boolean) => (goesOn ? Math.min(before + 1, sustainedReadings) : 0)

export const transition = (watch: Watch, level: Level): { readonly watch: Watch; readonly decision: Decision } => {
  const counted: Watch = {
    ...watch,
    warningRun: run(watch.warningRun, level === 'warning' || level === 'critical'),
    criticalRun: run(watch.criticalRun, level === 'critical'),
    calmRun: run(watch.calmRun, level === 'calm'),
  }
  if (watch.status !== 'stable') {
    if (counted.calmRun === sustainedReadings) {
      return { watch: { ...counted, status: 'stable' }, decision: { kind: 'clear' } }
    }
    if (watch.status === 'warning' && counted.criticalRun === sustainedReadings) {
      return { watch: { ...counted, status: 'critical' }, decision: { kind: 'raise', severity: 'critical' } }
    }
    return { watch: counted, decision: { kind: 'none' } }
  }
  if (counted.warningRun < sustainedReadings) return { watch: counted, decision: { kind: 'none' } }
  const severity = counted.criticalRun === sustainedReadings ? 'critical' : 'warning'
  return {
    watch: { ...counted, status: severity, episode: watch.episode + 1 },
    decision: { kind: 'raise', severity },
  }
}
