/**
 * What follows from what: a device's reading becomes vital signs, vital signs may become an alert, and what concerns many
 * is repeated where they listen. A repetition is never repeated again: each reaction acts on the event's home room only.
 */
import type { RoomEvent } from '@fanfare/protocol'
import type { App, AppContext } from '@fanfare/server'
import { watchVitals } from './alert-keeper.ts'
import { vitalsOf, withoutUndefined } from './device-data.ts'
import { Admission, DeviceData, DeviceNotice, feedEvents, PatientAlert, Vitals } from './events.ts'
import { feedRoom } from './rooms.ts'

type Reaction = ReturnType<App['reactions']>[number]['react']

const home: ReadonlyMap<string, (room: string) => boolean> = new Map([
  ['patient', (room: string) => room.startsWith('patient:')],
  ['device', (room: string) => room.startsWith('device:')],
  ['hospital', (room: string) => room.startsWith('hospital:')],
  ['system', (room: string) => room === 'system:alerts'],
])
/** Whether the event is where it happened, and not a repetition elsewhere. */
const isAtHome = ({ type, room }: RoomEvent) => home.get(type.split('.')[0] ?? '')?.(room) ?? false

const repeat = async (context: AppContext, event: RoomEvent, room: string): Promise<void> => {
  await context.publish(room, event.type, event.data, { key: event.id })
}

const admissionKey = (patientId: string) => `admission:${patientId}`

/** Where a patient lies, by the last admission that has not been undone. */
const hospitalOf = async (context: AppContext, patientId: string): Promise<string | undefined> => {
  const kept = await context.cache.get(admissionKey(patientId))
  return typeof kept === 'string' ? kept : undefined
}

const readingToVitals: Reaction = async (context, event) => {
  const vitals = vitalsOf(DeviceData.parse(event.data))
  if (vitals === undefined) return
  await context.publish(`patient:${vitals.patient_id}:vitals`, 'patient.vitals.update', withoutUndefined(vitals), {
    key: event.id,
  })
}

/** The patient is the room's: whoever published may have left it out of the data. */
const vitalsToAlerts: Reaction = async (context, event) => {
  const [, patientId = ''] = event.room.split(':')
  await watchVitals(context, event, { ...Vitals.parse(event.data), patient_id: patientId })
}

const alertToHospital: Reaction = async (context, event) => {
  const alert = PatientAlert.parse(event.data)
  const hospitalId = alert.hospital_id ?? (await hospitalOf(context, alert.patient_id))
  if (hospitalId !== undefined) await repeat(context, event, `hospital:${hospitalId}:alerts`)
}

const rememberAdmission: Reaction = async (context, event) => {
  const { patient_id: patientId, hospital_id: hospitalId } = Admission.parse(event.data)
  await context.cache.set(admissionKey(patientId), hospitalId)
}

const forgetAdmission: Reaction = async (context, event) => {
  const [, patientId = ''] = event.room.split(':')
  await context.cache.delete(admissionKey(patientId))
}

/** Where a device reports for a patient who is in a hospital, that hospital hears of the device's state. */
const deviceToHospital: Reaction = async (context, event) => {
  const { patient_id: patientId } = DeviceNotice.parse(event.data)
  const hospitalId = patientId === undefined ? undefined : await hospitalOf(context, patientId)
  if (hospitalId !== undefined) await repeat(context, event, `hospital:${hospitalId}:devices`)
}

const own: { readonly [type: string]: Reaction } = {
  'device.data.update': readingToVitals,
  'patient.vitals.update': vitalsToAlerts,
  'patient.alert': alertToHospital,
  'patient.admission': rememberAdmission,
  'patient.discharge': forgetAdmission,
  'device.status.change': deviceToHospital,
  'device.connected': deviceToHospital,
  'device.disconnected': deviceToHospital,
  'device.alert': deviceToHospital,
}

const types = new Set([...Object.keys(own), ...Object.keys(feedEvents)])

export const reactions: { readonly [type: string]: Reaction } = Object.fromEntries(
  [...types].map((type): [string, Reaction] => [
    type,
    async (context, event) => {
      if (!isAtHome(event)) return
      await own[type]?.(context, event)
      if (Object.hasOwn(feedEvents, type)) await repeat(context, event, feedRoom)
    },
  ]),
)
