/** Lets the simulated ward live on a server: patients are admitted, monitors report. Time is the caller's. */
import type { AppContext } from '@fanfare/server'
import { acceptDeviceData } from '../device-data.ts'
import { demoHospital, roster } from './roster.ts'
import { createWardModel } from './ward-model.ts'

export type SimulatorOptions = {
  readonly context: AppContext
  /** Calls back every `ms`; the result stops it. */
  readonly every: (ms: number, callback: () => void) => () => void
  readonly seed: number
}

const stepMs = 500

/** Resolves once the patients are in their beds; the result stops the ward. */
export const runSimulator = async ({ context, every, seed }: SimulatorOptions): Promise<() => void> => {
  await admitPatients(context)
  const ward = createWardModel(seed)
  let busy = false
  const step = async () => {
    // A server that cannot keep up gets fewer readings, not a queue of old ones.
    if (busy) return
    busy = true
    try {
      const readings = ward.step(stepMs).map((data) => ({ ...data, timestamp: new Date().toISOString() }))
      await Promise.all(readings.map((data) => acceptDeviceData(context, data)))
    } catch (error) {
      context.log.warn({ error }, 'simulated readings were not stored')
    } finally {
      busy = false
    }
  }
  return every(stepMs, () => void step())
}

/** Once: a patient who lay here before a restart still does. */
const admitPatients = async (context: AppContext): Promise<void> => {
  for (const { id, name, age, bed } of roster) {
    if ((await context.cache.get(`admission:${id}`)) === demoHospital) continue
    await context.publish(`patient:${id}`, 'patient.admission', {
      patient_id: id,
      hospital_id: demoHospital,
      name,
      age,
      bed,
    })
  }
  await context.publish(`hospital:${demoHospital}`, 'hospital.capacity.update', {
    hospital_id: demoHospital,
    beds: roster.length,
    occupied: roster.length,
  })
}
