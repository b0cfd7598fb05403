import { expect, test } from 'bun:test'
import type { RoomEvent } from '@fanfare/protocol'
import { DeviceData } from './events.ts'
import { measurementsOf } from './measurements.ts'
import { readTestEvent } from './test-publish.ts'
import { socketWords, streamWords } from './words.ts'

const event = (type: string): RoomEvent => ({
  id: 'e1',
  type,
  tenantId: 'demo',
  room: 'patient:p1:vitals',
  offset: 4,
  data: { heart_rate: 72 },
  timestamp: '2026-01-01T00:00:00.000Z',
})

test('over a WebSocket an event has a short type, its data, and where it is in the log', () => {
  expect(socketWords.event(event('patient.vitals.update'))).toEqual({
    type: 'vitals_update',
    data: { heart_rate: 72 },
    event: 'patient.vitals.update',
    room: 'patient:p1:vitals',
    id: 'e1',
    offset: 4,
    timestamp: '2026-01-01T00:00:00.000Z',
  })
  expect(socketWords.event(event('patient.alert'))).toMatchObject({ type: 'patient_alert' })
  expect(socketWords.event(event('hospital.capacity.update'))).toMatchObject({ type: 'hospital_capacity_update' })
})

test('on an event stream the data is the payload itself', () => {
  expect(streamWords.event(event('patient.vitals.update'))).toEqual({ heart_rate: 72 })
})

test.each([
  ['heart_rate', 72, { heart_rate: 72 }],
  ['heart_rate', { value: 72 }, { heart_rate: 72 }],
  ['spo2', { spo2: 97 }, { spo2: 97 }],
  ['blood_pressure', { systolic: 120, diastolic: 80, pulse: 60 }, { blood_pressure: { systolic: 120, diastolic: 80 } }],
  ['blood_pressure', 120, 'unreadable'],
  ['blood_pressure', { systolic: 120 }, 'unreadable'],
  ['heart_rate', { value: 'fast' }, 'unreadable'],
  ['heart_rate', {}, 'unreadable'],
  ['spo2', 140, 'unreadable'],
  ['steps', 9_000, 'none'],
  ['constructor', 1, 'none'],
])('%s of %j reads as %j', (dataType, values, read) => {
  expect(measurementsOf(dataType, values)).toEqual(read as never)
})

test('a device that reports a vital sign which no body has is refused', () => {
  const data = { device_type: 'ava4', device_id: 'd1', data_type: 'spo2', values: 140 }
  expect(DeviceData.safeParse(data).success).toBe(false)
  expect(DeviceData.safeParse({ ...data, values: 96 }).success).toBe(true)
  expect(DeviceData.safeParse({ ...data, device_id: 'd1:status', values: 96 }).success).toBe(false)
})

test('a test event goes to the room of its kind', () => {
  const vitals = { heart_rate: 72 }
  expect(readTestEvent({ event_type: 'patient.vitals.update', patient_id: 'p1', vitals })).toEqual({
    subject: { resource: 'patient', id: 'p1' },
    room: 'patient:p1:vitals',
    type: 'patient.vitals.update',
    data: { heart_rate: 72, patient_id: 'p1' },
  })
  const rooms = (body: object) => readTestEvent(body).room
  expect(rooms({ event_type: 'patient.alert', patient_id: 'p1' })).toBe('patient:p1:alerts')
  expect(rooms({ event_type: 'patient.discharge', patient_id: 'p1' })).toBe('patient:p1')
  expect(rooms({ event_type: 'hospital.emergency', hospital_id: 'h1' })).toBe('hospital:h1:alerts')
  expect(rooms({ event_type: 'hospital.capacity.update', hospital_id: 'h1' })).toBe('hospital:h1')
  expect(rooms({ event_type: 'device.alert', device_type: 't', device_id: 'd' })).toBe('device:t:d')
  expect(rooms({ event_type: 'device.connected', device_type: 't', device_id: 'd' })).toBe('device:t:d:status')
  expect(rooms({ event_type: 'system.maintenance' })).toBe('system:alerts')
})

test.each([
  [{ event_type: 'patient.alert' }, /patient_id/],
  [{ event_type: 'rumour' }, /not one of the ward/],
  [{ event_type: 'patient.alert', patient_id: 'p1:vitals' }, /must be 1 to 64/],
  ['text', /expected object/i],
])('a test event %j is refused with what is wrong', (body, words) => {
  expect(() => readTestEvent(body)).toThrow(words)
})
