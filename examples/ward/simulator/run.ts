/** Lets the simulated ward live on one of the nodes: patients are admitted, monitors report. Time is the caller's. */
import { randomUUID } from 'node:crypto'
import type { AppContext } from '@fanfare/server'
import { acceptDeviceData } from '../device-data.ts'
import { demoHospital, roster } from './roster.ts'
import { createTurn, turnMs } from './turn.ts'
import { createWardModel, type WardModel } from './ward-model.ts'

export type SimulatorOptions = {
  readonly context: AppContext
  /** Calls back every `ms`; the result stops it. */
  readonly every: (ms: number, callback: () => void) => () => void
  readonly seed: number
}

const stepMs = 500

/** Resolves once the patients are in their beds, or another node sees to them; the result stops the ward. */
export const runSimulator = async ({ context, every, seed }: SimulatorOptions): Promise<() => void> => {
  const turn = createTurn(context, randomUUID())
  /** Undefined while another node has the turn, or nobody can say who has. */
  let ward: WardModel | undefined
  const ask = async () => {
    const mine = await turn.ask()
    if (mine && !ward) await admitPatients(context)
    ward = mine ? (ward ?? createWardModel(seed)) : undefined
  }
  const askAgain = alone(ask, (error) => {
    ward = undefined
    context.log.warn({ error }, 'nobody could say which node simulates the ward')
  })
  const step = alone(
    async () => {
      const readings = (ward?.step(stepMs) ?? []).map((data) => ({ ...data, timestamp: new Date().toISOString() }))
      await Promise.all(readings.map((data) => acceptDeviceData(context, data)))
    },
    (error) => context.log.warn({ error }, 'simulated readings were not stored'),
  )
  await ask()
  const stops = [every(stepMs, step), every(turnMs, askAgain)]
  return () => {
    for (const stop of stops) stop()
    ward = undefined
    turn.leave().catch((error) => context.log.warn({ error }, 'another node simulates the ward only in a few seconds'))
  }
}

/** One at a time: a server that cannot keep up gets fewer readings, not a queue of old ones. */
const alone = (work: () => Promise<void>, failed: (error: unknown) => void): (() => void) => {
  let busy = false
  return () => {
    if (busy) return
    busy = true
    work()
      .catch(failed)
      .finally(() => {
        busy = false
      })
  }
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
