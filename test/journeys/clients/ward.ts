/** The ward without its simulated patients, and what its people may do. */
import { startWorld, type World } from '@fanfare/testkit'
import { createWard } from '../../../examples/ward/app.ts'

export const patientId = '507f1f77bcf86cd799439011'
export const hospitalId = '507f1f77bcf86cd799439012'

export const openWard = () => startWorld({ app: createWard({ simulate: false }) })

/** Reads and writes for everyone here. */
export const nurse = {
  roles: ['nurse'],
  grants: ['read:patient', 'read:hospital', 'read:device', 'read:feed', 'write:patient', 'write:device'],
}

export const tokenOf = (ward: World, userId: string) => ward.token(userId, nurse)

/** Reports as a device does. */
export const report = (ward: World, systolic: number, diastolic = 80) =>
  post(ward, '/realtime/devices/data', {
    device_type: 'ava4',
    device_id: 'ava4-1',
    data_type: 'blood_pressure',
    values: { systolic, diastolic },
    patient_id: patientId,
    hospital_id: hospitalId,
    timestamp: '2026-01-15T10:30:00Z',
  })

export const post = (ward: World, path: string, body: unknown, claims: object = nurse) =>
  ward.asks(path, {
    method: 'POST',
    as: 'nurse1',
    claims,
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
