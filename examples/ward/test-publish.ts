/** Reads a request to publish a test event: which event, in which room, with what data. Pure; rights are the route's. */
import { FanfareError, type Json, type JsonObject } from '@fanfare/protocol'
import { z } from 'zod'
import { Id } from './events.ts'

const Body = z
  .object({
    event_type: z.string().max(64),
    patient_id: Id.optional(),
    hospital_id: Id.optional(),
    device_type: Id.optional(),
    device_id: Id.optional(),
    /** The data of `patient.vitals.update`. */
    vitals: z.record(z.string(), z.json()).optional(),
  })
  .catchall(z.json())

/** What the event is about: the right to publish it is asked for this. */
export type Subject = { readonly resource: 'patient' | 'hospital' | 'device' | 'system'; readonly id: string }
export type TestEvent = { readonly subject: Subject; readonly room: string; readonly type: string; readonly data: Json }

/** @throws FanfareError `invalid_payload` */
export const readTestEvent = (body: unknown): TestEvent => {
  const read = Body.safeParse(body)
  if (!read.success) throw new FanfareError('invalid_payload', z.prettifyError(read.error))
  const { event_type: type, vitals, ...rest } = read.data
  const named = (name: 'patient_id' | 'hospital_id' | 'device_type' | 'device_id'): string => {
    const value = read.data[name]
    if (value === undefined) throw new FanfareError('invalid_payload', `An event of type ${type} needs ${name}.`)
    return value
  }
  const data = Object.fromEntries(Object.entries(rest).filter(([, value]) => value !== undefined)) as JsonObject
  switch (type.split('.')[0]) {
    case 'patient': {
      const id = named('patient_id')
      const part = type === 'patient.vitals.update' ? ':vitals' : type === 'patient.alert' ? ':alerts' : ''
      const about = part === ':vitals' ? { ...vitals, patient_id: id } : data
      return { subject: { resource: 'patient', id }, room: `patient:${id}${part}`, type, data: about }
    }
    case 'hospital': {
      const id = named('hospital_id')
      const part = type === 'hospital.alert' || type === 'hospital.emergency' ? ':alerts' : ''
      return { subject: { resource: 'hospital', id }, room: `hospital:${id}${part}`, type, data }
    }
    case 'device': {
      const id = named('device_id')
      const part = type === 'device.data.update' || type === 'device.alert' ? '' : ':status'
      return { subject: { resource: 'device', id }, room: `device:${named('device_type')}:${id}${part}`, type, data }
    }
    case 'system':
      return { subject: { resource: 'system', id: 'alerts' }, room: 'system:alerts', type, data }
    default:
      throw new FanfareError('invalid_payload', `${type} is not one of the ward's events.`)
  }
}
