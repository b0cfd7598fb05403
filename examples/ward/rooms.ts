/** The ward's rooms: which events each carries, how long they are kept, and who may read them. Only the server publishes. */
import type { AccessContext } from '@fanfare/server'
import {
  deviceEvents,
  deviceStatusEvents,
  feedEvents,
  hospitalEvents,
  PatientAlert,
  patientEvents,
  systemEvents,
  Vitals,
} from './events.ts'

const ofPatient = ({ user, params }: AccessContext<{ patientId: string }>) =>
  user.may('read', 'patient', params.patientId)
const ofHospital = ({ user, params }: AccessContext<{ hospitalId: string }>) =>
  user.may('read', 'hospital', params.hospitalId)
const ofDevice = ({ user, params }: AccessContext<{ deviceType: string; deviceId: string }>) =>
  user.may('read', 'device', params.deviceId)
const ofAdmins = ({ user }: AccessContext) => user.is('admin')
const ofOverseers = ({ user }: AccessContext) => user.is('admin') || user.may('read', 'feed')

/** Clinical facts: on disk before they are acknowledged, and long enough there for a client that was away over night. */
const clinical = { keep: 2_000, for: '24h', durable: true } as const
const alerts = { keep: 1_000, for: '7d', durable: true } as const

export const feedRoom = 'feed'

export const rooms = {
  'patient:{patientId}': { events: patientEvents, log: clinical, access: ofPatient },
  'patient:{patientId}:vitals': { events: { 'patient.vitals.update': Vitals }, log: clinical, access: ofPatient },
  'patient:{patientId}:alerts': { events: { 'patient.alert': PatientAlert }, log: alerts, access: ofPatient },
  'hospital:{hospitalId}': { events: hospitalEvents, log: clinical, access: ofHospital },
  'hospital:{hospitalId}:alerts': {
    events: { ...hospitalEvents, 'patient.alert': PatientAlert },
    log: alerts,
    access: ofHospital,
  },
  'hospital:{hospitalId}:devices': {
    events: { ...deviceStatusEvents, 'device.alert': deviceEvents['device.alert'] },
    log: clinical,
    access: ofHospital,
  },
  'device:{deviceType}:{deviceId}': { events: deviceEvents, log: clinical, access: ofDevice },
  'device:{deviceType}:{deviceId}:status': { events: deviceStatusEvents, log: clinical, access: ofDevice },
  'system:alerts': { events: systemEvents, log: alerts, access: 'tenant' },
  'admin:updates': { events: systemEvents, log: alerts, access: ofAdmins },
  [feedRoom]: { events: feedEvents, log: { keep: 5_000, for: '24h', durable: true }, access: ofOverseers },
} as const
