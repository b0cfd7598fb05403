/** Twelve patients whose vital signs wander as real ones do. Pure but for its own state: time and chance come from outside. */
import type { DeviceData } from '../events.ts'
import { type Course, endOf, nextCourse, openingCourses, severityAt } from './illness.ts'
import { seededRandom } from './random.ts'
import { demoHospital, type Patient, roster, type Signs } from './roster.ts'

type Sign = keyof Signs

/** How far a vital sign strays from normal when nothing is wrong: one standard deviation. */
const spread: Signs = { heartRate: 3, systolic: 3.5, diastolic: 2.2, spo2: 0.4, temperature: 0.1, respiration: 0.9 }
const lowest: Signs = { heartRate: 25, systolic: 50, diastolic: 25, spo2: 60, temperature: 33, respiration: 4 }
const highest: Signs = { heartRate: 210, systolic: 240, diastolic: 140, spo2: 100, temperature: 42, respiration: 45 }
const signs = Object.keys(spread) as Sign[]

/** In how many ms a straying value has gone most of the way back to normal. */
const returnMs = 20_000

type Monitor = {
  readonly dataType: DeviceData['data_type']
  readonly everyMs: number
  readonly read: (signs: Signs) => DeviceData['values']
}

const tenth = (value: number) => Math.round(value * 10) / 10

/** What hangs at each bed, and how often it speaks. */
const monitors: readonly Monitor[] = [
  { dataType: 'heart_rate', everyMs: 2_000, read: (now) => Math.round(now.heartRate) },
  { dataType: 'spo2', everyMs: 2_000, read: (now) => Math.round(now.spo2) },
  { dataType: 'respiration', everyMs: 4_000, read: (now) => Math.round(now.respiration) },
  {
    dataType: 'blood_pressure',
    everyMs: 5_000,
    read: (now) => ({ systolic: Math.round(now.systolic), diastolic: Math.round(now.diastolic) }),
  },
  { dataType: 'temperature', everyMs: 10_000, read: (now) => tenth(now.temperature) },
]

export type WardModel = {
  /** Lets time pass and returns what the monitors said meanwhile. */
  step(ms: number): readonly DeviceData[]
  /** Beds whose patient is ill at this moment. */
  illBeds(): readonly number[]
}

const clamp = (sign: Sign, value: number) => Math.min(highest[sign], Math.max(lowest[sign], value))

export const createWardModel = (seed: number): WardModel => {
  const random = seededRandom(seed)
  const stray = new Map(roster.map((patient) => [patient.bed, signs.map((sign) => random.normal() * spread[sign])]))
  let courses: readonly Course[] = openingCourses
  let time = 0

  /** A walk that is pulled back to normal (Ornstein-Uhlenbeck), so that it neither jumps nor runs away. */
  const wander = (ms: number) => {
    const kept = Math.exp(-ms / returnMs)
    const kick = Math.sqrt(1 - kept * kept)
    for (const values of stray.values()) {
      signs.forEach((sign, index) => {
        values[index] = (values[index] ?? 0) * kept + random.normal() * spread[sign] * kick
      })
    }
  }

  const renewCourses = () => {
    courses = courses.map((course) => {
      if (time < endOf(course)) return course
      const taken = new Set(courses.map((each) => each.bed))
      return nextCourse(
        random,
        time,
        roster.map((patient) => patient.bed).filter((bed) => !taken.has(bed)),
      )
    })
  }

  const signsOf = (patient: Patient): Signs => {
    const values = stray.get(patient.bed) ?? []
    const own = courses.filter((course) => course.bed === patient.bed)
    return Object.fromEntries(
      signs.map((sign, index) => {
        const ill = own.reduce((sum, course) => sum + severityAt(course, time) * course.illness.effect[sign], 0)
        return [sign, clamp(sign, patient.normal[sign] + (values[index] ?? 0) + ill)]
      }),
    ) as Signs
  }

  const report = (patient: Patient, from: number): DeviceData[] => {
    const now = signsOf(patient)
    // Beds speak at different moments, as real ones do; it also spreads the load.
    const shift = patient.bed * 137
    return monitors
      .filter(({ everyMs }) => Math.floor((time + shift) / everyMs) > Math.floor((from + shift) / everyMs))
      .map(({ dataType, read }) => ({
        device_type: 'bedside-monitor',
        device_id: `bm-${String(patient.bed).padStart(2, '0')}`,
        data_type: dataType,
        values: read(now),
        patient_id: patient.id,
        hospital_id: demoHospital,
      }))
  }

  return {
    step(ms) {
      const from = time
      time += ms
      wander(ms)
      renewCourses()
      return roster.flatMap((patient) => report(patient, from))
    },
    illBeds: () => courses.filter((course) => severityAt(course, time) > 0).map((course) => course.bed),
  }
}
