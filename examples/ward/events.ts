/** Every event of the ward and the shape of its data. Where an event may be published is in `rooms.ts`. */
import { z } from 'zod'
import { Measurements, measurementsOf } from './measurements.ts'

/** Patients, hospitals, device types and devices: one part of a room name, so no colon. */
export const Id = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/, 'must be 1 to 64 of A-Z a-z 0-9 . _ -')
const Text = z.string().min(1).max(500)
const Time = z.iso.datetime({ offset: true })

export const Vitals = Measurements.extend({
  patient_id: Id.optional(),
  hospital_id: Id.optional(),
  device_id: Id.optional(),
  device_type: Id.optional(),
  timestamp: Time.optional(),
})
export type Vitals = z.infer<typeof Vitals>

export const Severity = z.enum(['warning', 'critical'])
export type Severity = z.infer<typeof Severity>

export const PatientAlert = z.object({
  patient_id: Id,
  alert_type: Id,
  severity: Severity,
  message: Text,
  data: z.record(z.string(), z.json()).default({}),
  /** Where the patient lies, when the one who raised it knows. */
  hospital_id: Id.optional(),
  /** Counts this patient's episodes of this kind: two alerts of one episode are one story. */
  episode: z.number().int().min(1).optional(),
})

export const PatientStatus = z.object({
  patient_id: Id,
  status: z.enum(['stable', 'warning', 'critical']),
  /** The kinds of alert that are open now. */
  alerts: z.array(Id).max(20).default([]),
  reason: Text.optional(),
})

export const Admission = z.object({
  patient_id: Id,
  hospital_id: Id,
  name: Text.optional(),
  age: z.number().int().min(0).max(130).optional(),
  bed: z.number().int().min(1).optional(),
})
export type Admission = z.infer<typeof Admission>

export const Discharge = z.object({ patient_id: Id, hospital_id: Id.optional(), reason: Text.optional() })

const Reading = z.object({
  device_type: Id,
  device_id: Id,
  data_type: Id,
  /** One number, or named numbers such as `systolic` and `diastolic`. */
  values: z.union([z.number(), z.record(Id, z.json())]),
  /** Whom the device is attached to; without it the reading concerns no patient. */
  patient_id: Id.optional(),
  /** Where, when the patient has not been admitted anywhere. */
  hospital_id: Id.optional(),
  timestamp: Time.optional(),
})
/** A reading of a vital sign must be one that can be read; other readings are the device's own affair. */
export const DeviceData = Reading.refine(
  ({ data_type, values }) => measurementsOf(data_type, values) !== 'unreadable',
  {
    path: ['values'],
    message: 'must be a number or, for blood_pressure, systolic and diastolic, within what a body can have',
  },
)
export type DeviceData = z.infer<typeof DeviceData>

export const DeviceNotice = z.object({
  device_type: Id,
  device_id: Id,
  status: Text.optional(),
  patient_id: Id.optional(),
  timestamp: Time.optional(),
})
export const DeviceAlert = DeviceNotice.extend({ severity: Severity, message: Text })

export const HospitalAlert = z.object({
  hospital_id: Id,
  severity: Severity,
  message: Text,
  data: z.record(z.string(), z.json()).default({}),
})
export const Capacity = z.object({ hospital_id: Id, beds: z.number().int().min(0), occupied: z.number().int().min(0) })

export const SystemNotice = z.object({
  message: Text,
  severity: z.enum(['info', 'warning', 'critical']).default('info'),
  data: z.record(z.string(), z.json()).default({}),
})

export const patientEvents = {
  'patient.status.change': PatientStatus,
  'patient.admission': Admission,
  'patient.discharge': Discharge,
}
export const deviceStatusEvents = {
  'device.status.change': DeviceNotice,
  'device.connected': DeviceNotice,
  'device.disconnected': DeviceNotice,
}
export const deviceEvents = { 'device.data.update': DeviceData, 'device.alert': DeviceAlert }
export const hospitalEvents = {
  'hospital.alert': HospitalAlert,
  'hospital.capacity.update': Capacity,
  'hospital.emergency': HospitalAlert,
}
export const systemEvents = {
  'system.alert': SystemNotice,
  'system.maintenance': SystemNotice,
  'system.update': SystemNotice,
}

/** Everything that may go round the tenant: device readings stay with their device. */
export const feedEvents = {
  ...patientEvents,
  'patient.vitals.update': Vitals,
  'patient.alert': PatientAlert,
  ...deviceStatusEvents,
  'device.alert': DeviceAlert,
  ...hospitalEvents,
  ...systemEvents,
}
