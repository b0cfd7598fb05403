import { expect, test } from 'bun:test'
import type { Json } from '@fanfare/protocol'
import { acceptDeviceData } from './device-data.ts'
import type { DeviceData } from './events.ts'
import { createFakeContext, type FakeContext } from './fake-context.ts'

const reading = (systolic: number, more: Partial<DeviceData> = {}): DeviceData => ({
  device_type: 'ava4',
  device_id: 'dev-1',
  data_type: 'blood_pressure',
  values: { systolic, diastolic: 80 },
  patient_id: 'p1',
  hospital_id: 'h1',
  ...more,
})
const report = async (context: FakeContext, ...systolics: number[]) => {
  for (const systolic of systolics) await acceptDeviceData(context, reading(systolic))
}
const heard = (context: FakeContext, room: string) => context.events.filter((event) => event.room === room)
const dataOf = (context: FakeContext, room: string): Json[] => heard(context, room).map((event) => event.data)

test('a reading becomes the vital signs of its patient', async () => {
  const context = createFakeContext()
  await acceptDeviceData(context, reading(120))
  expect(dataOf(context, 'device:ava4:dev-1')).toEqual([reading(120) as unknown as Json])
  expect(dataOf(context, 'patient:p1:vitals')).toEqual([
    {
      blood_pressure: { systolic: 120, diastolic: 80 },
      patient_id: 'p1',
      hospital_id: 'h1',
      device_id: 'dev-1',
      device_type: 'ava4',
    },
  ])
})

test('a reading of nobody, or of what is no vital sign, stays with the device', async () => {
  const context = createFakeContext()
  await acceptDeviceData(context, { device_type: 'scale', device_id: 's1', data_type: 'heart_rate', values: 70 })
  await acceptDeviceData(context, reading(0, { data_type: 'steps', values: 9_000 }))
  expect(context.events.map((event) => event.type)).toEqual(['device.data.update', 'device.data.update'])
})

test('high pressure makes one alert, for the patient, the hospital and the feed', async () => {
  const context = createFakeContext()
  await report(context, 150, 152, 155, 139, 150, 151, 152)
  for (const room of ['patient:p1:alerts', 'hospital:h1:alerts']) {
    expect(dataOf(context, room)).toEqual([
      {
        patient_id: 'p1',
        alert_type: 'high_blood_pressure',
        severity: 'warning',
        message: 'High blood pressure detected: 155/80',
        data: { systolic: 155, diastolic: 80, device_id: 'dev-1' },
        episode: 1,
        hospital_id: 'h1',
      },
    ])
  }
  expect(heard(context, 'feed').filter((event) => event.type === 'patient.alert')).toHaveLength(1)
})

test('the patient’s status tells when the alert is over', async () => {
  const context = createFakeContext()
  await report(context, 150, 150, 150, 120, 120, 120)
  expect(dataOf(context, 'patient:p1')).toEqual([
    { patient_id: 'p1', status: 'warning', alerts: ['high_blood_pressure'], reason: 'high_blood_pressure warning' },
    { patient_id: 'p1', status: 'stable', alerts: [], reason: 'high_blood_pressure over' },
  ])
})

test('an episode outlives the process: what was raised before a restart is not raised again', async () => {
  const before = createFakeContext()
  await report(before, 150, 150, 150)
  const after = createFakeContext(before.kept)
  await report(after, 150, 150, 150)
  expect(heard(after, 'patient:p1:alerts')).toEqual([])
  await report(after, 120, 120, 120)
  expect(dataOf(after, 'patient:p1')).toMatchObject([{ status: 'stable' }])
})

test('a reading whose reaction runs again after a crash counts once', async () => {
  const context = createFakeContext()
  await report(context, 150)
  const [first] = heard(context, 'patient:p1:vitals')
  await context.react(first!)
  await context.react(first!)
  await report(context, 150)
  expect(heard(context, 'patient:p1:alerts')).toEqual([])
  await report(context, 150)
  expect(heard(context, 'patient:p1:alerts')).toHaveLength(1)
})

test('a crash between the alert and the memory of it makes no second alert', async () => {
  const context = createFakeContext()
  await report(context, 150, 150)
  const memory = new Map(context.kept)
  await report(context, 150)
  for (const [key, value] of memory) context.kept.set(key, value)
  await context.react(heard(context, 'patient:p1:vitals').at(-1)!)
  expect(heard(context, 'patient:p1:alerts')).toHaveLength(1)
  expect(heard(context, 'hospital:h1:alerts')).toHaveLength(1)
})

test('an admission tells where the alerts of a device that does not know go, until the discharge', async () => {
  const context = createFakeContext()
  const { hospital_id: _, ...lost } = reading(150)
  await context.publish('patient:p1', 'patient.admission', { patient_id: 'p1', hospital_id: 'h2' })
  for (let count = 0; count < 3; count++) await acceptDeviceData(context, lost)
  expect(heard(context, 'hospital:h2:alerts')).toHaveLength(1)
  await context.publish('patient:p1', 'patient.discharge', { patient_id: 'p1' })
  for (const systolic of [120, 120, 120, 150, 150, 150]) {
    await acceptDeviceData(context, { ...lost, values: { systolic, diastolic: 80 } })
  }
  expect(heard(context, 'patient:p1:alerts')).toHaveLength(2)
  expect(heard(context, 'hospital:h2:alerts')).toHaveLength(1)
})

test('a device’s state reaches the hospital of its patient', async () => {
  const context = createFakeContext()
  const notice = { device_type: 'ava4', device_id: 'dev-1', patient_id: 'p1', status: 'low battery' }
  await context.publish('patient:p1', 'patient.admission', { patient_id: 'p1', hospital_id: 'h2' })
  await context.publish('device:ava4:dev-1:status', 'device.status.change', notice)
  expect(dataOf(context, 'hospital:h2:devices')).toEqual([notice])
})
