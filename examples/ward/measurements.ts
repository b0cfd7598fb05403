/** What a device says, read as vital signs. Pure. */
import { z } from 'zod'

/** mmHg. */
const BloodPressure = z.object({ systolic: z.number().min(0).max(400), diastolic: z.number().min(0).max(300) })

/** The measurements that make a patient's vital signs; each may come alone. */
export const Measurements = z.object({
  blood_pressure: BloodPressure.optional(),
  /** Beats a minute. */
  heart_rate: z.number().min(0).max(400).optional(),
  /** Degrees Celsius. */
  temperature: z.number().min(10).max(50).optional(),
  /** Percent. */
  spo2: z.number().min(0).max(100).optional(),
  /** Breaths a minute. */
  respiration: z.number().min(0).max(120).optional(),
})
export type Measurements = z.infer<typeof Measurements>

/** A number is itself; of named numbers it is the one called `value`, or as the measurement is. */
const scalarOf = (name: string, values: unknown): unknown => {
  if (typeof values !== 'object' || values === null) return values
  const named = new Map(Object.entries(values))
  return named.get('value') ?? named.get(name)
}

/**
 * The vital signs in a device's values. `none`: not of a kind that is one. `unreadable`: of such a kind, but not with
 * values that a body can have.
 */
export const measurementsOf = (dataType: string, values: unknown): Measurements | 'none' | 'unreadable' => {
  if (!Object.hasOwn(Measurements.shape, dataType)) return 'none'
  const value = dataType === 'blood_pressure' ? values : scalarOf(dataType, values)
  const read = Measurements.safeParse({ [dataType]: value })
  return read.success && value !== undefined ? read.data : 'unreadable'
}
