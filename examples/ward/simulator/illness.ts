/** How patients get worse and better again: what each illness does to the vital signs, and who falls ill when. */
import type { Random } from './random.ts'
import type { Signs } from './roster.ts'

/** What is added to the vital signs when the illness is at its worst. */
export type Illness = { readonly name: string; readonly effect: Signs }

export const illnesses = {
  respiratory: {
    name: 'respiratory failure',
    effect: { heartRate: 34, systolic: 8, diastolic: 4, spo2: -9.5, temperature: 0.4, respiration: 13 },
  },
  hypertensive: {
    name: 'hypertensive crisis',
    effect: { heartRate: 16, systolic: 66, diastolic: 30, spo2: -0.6, temperature: 0, respiration: 3 },
  },
  sepsis: {
    name: 'sepsis',
    effect: { heartRate: 58, systolic: -42, diastolic: -24, spo2: -4, temperature: 2.7, respiration: 11 },
  },
  bradycardia: {
    name: 'slow heart',
    effect: { heartRate: -32, systolic: -22, diastolic: -10, spo2: -1.5, temperature: 0, respiration: 0 },
  },
} as const satisfies Record<string, Illness>

/** A patient's illness: it grows, stays, and goes. Times in ms since the simulator began. */
export type Course = {
  readonly bed: number
  readonly illness: Illness
  readonly beginsAt: number
  readonly growsMs: number
  readonly staysMs: number
  readonly goesMs: number
}

const smooth = (share: number) => share * share * (3 - 2 * share)

export const endOf = (course: Course) => course.beginsAt + course.growsMs + course.staysMs + course.goesMs

/** From 0, well, to 1, at its worst. */
export const severityAt = (course: Course, time: number): number => {
  const since = time - course.beginsAt
  if (since <= 0 || time >= endOf(course)) return 0
  if (since < course.growsMs) return smooth(since / course.growsMs)
  if (since < course.growsMs + course.staysMs) return 1
  return smooth((endOf(course) - time) / course.goesMs)
}

/** The first begins at once, so that somebody who has just started the server has something to see. */
export const openingCourses: readonly Course[] = [
  { bed: 4, illness: illnesses.respiratory, beginsAt: 0, growsMs: 10_000, staysMs: 60_000, goesMs: 50_000 },
  { bed: 9, illness: illnesses.hypertensive, beginsAt: 15_000, growsMs: 60_000, staysMs: 75_000, goesMs: 70_000 },
  { bed: 7, illness: illnesses.sepsis, beginsAt: 50_000, growsMs: 90_000, staysMs: 80_000, goesMs: 90_000 },
]

/** Who falls ill next, when a course is over: somebody who is well now. */
export const nextCourse = (random: Random, now: number, wellBeds: readonly number[]): Course => ({
  bed: random.pick(wellBeds),
  illness: random.pick(Object.values(illnesses)),
  beginsAt: now + random.between(5_000, 25_000),
  growsMs: random.between(40_000, 90_000),
  staysMs: random.between(50_000, 100_000),
  goesMs: random.between(50_000, 90_000),
})
