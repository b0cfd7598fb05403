/** The one way in for what devices report: the route, the command and the simulator all come through here. */
import type { PublishResult } from '@fanfare/protocol'
import type { AppContext } from '@fanfare/server'
import type { DeviceData, Vitals } from './events.ts'
import { measurementsOf } from './measurements.ts'

export const deviceRoom = (data: Pick<DeviceData, 'device_type' | 'device_id'>) =>
  `device:${data.device_type}:${data.device_id}`

/** Publishes the reading as an event of its device; reactions make vital signs and alerts of it. */
export const acceptDeviceData = (context: Pick<AppContext, 'publish'>, data: DeviceData): Promise<PublishResult> =>
  context.publish(deviceRoom(data), 'device.data.update', withoutUndefined(data))

/** The patient's vital signs in a reading; undefined when it has none or belongs to nobody. */
export const vitalsOf = (data: DeviceData): Vitals | undefined => {
  if (data.patient_id === undefined) return undefined
  const measured = measurementsOf(data.data_type, data.values)
  if (typeof measured === 'string') return undefined
  return {
    ...measured,
    patient_id: data.patient_id,
    device_id: data.device_id,
    device_type: data.device_type,
    ...(data.hospital_id === undefined ? {} : { hospital_id: data.hospital_id }),
    ...(data.timestamp === undefined ? {} : { timestamp: data.timestamp }),
  }
}

type Present<T> = { [Name in keyof T]: Exclude<T[Name], undefined> }

/** The same members, without those that are there as undefined: JSON has no such value. */
export const withoutUndefined = <T extends object>(value: T): Present<T> =>
  Object.fromEntries(Object.entries(value).filter(([, member]) => member !== undefined)) as Present<T>
