import { expect, test } from 'bun:test'
import { LineProgram } from './clients/lines.ts'
import { hospitalId, nurse, openWard, patientId, post, report, tokenOf } from './clients/ward.ts'

const curl = async (...args: string[]): Promise<unknown> => {
  await using program = new LineProgram('curl', ['-sS', '-w', '\n', ...args])
  await program.ends()
  return JSON.parse(program.lines.join('\n'))
}

const withToken = (token: string) => ['-H', `Authorization: Bearer ${token}`]

test('a test event published with curl reaches the patient’s room', async () => {
  await using ward = await openWard()
  const screen = await ward.person('nurse1', nurse)
  await screen.joins(`patient:${patientId}:vitals`)
  const vitals = { blood_pressure: { systolic: 120, diastolic: 80 }, heart_rate: 72, temperature: 36.5 }
  const answer = await curl(
    '-X',
    'POST',
    `${ward.url}/realtime/test/publish`,
    ...withToken(await tokenOf(ward, 'nurse1')),
    '-H',
    'Content-Type: application/json',
    '-d',
    JSON.stringify({ event_type: 'patient.vitals.update', patient_id: patientId, vitals }),
  )
  expect(answer).toMatchObject({ success: true, data: { durability: 'disk' }, timestamp: expect.any(String) })
  expect((await screen.hears('patient.vitals.update')).data).toEqual({ ...vitals, patient_id: patientId })
})

test('statistics have the shape that dashboards read', async () => {
  await using ward = await openWard()
  for (const userId of ['operapanel', 'operapanel', 'nurse1']) {
    const screen = await ward.person(userId, nurse)
    await screen.joins(`patient:${patientId}:vitals`)
    if (userId === 'nurse1') await screen.joins(`hospital:${hospitalId}:alerts`)
  }
  const answer = await curl('-X', 'GET', `${ward.url}/realtime/stats`, ...withToken(await tokenOf(ward, 'nurse1')))
  expect(answer).toEqual({
    success: true,
    data: {
      total_connections: 3,
      unique_users: 2,
      active_rooms: 2,
      connections_by_room: { [`patient:${patientId}:vitals`]: 3, [`hospital:${hospitalId}:alerts`]: 1 },
      connections_by_user: { operapanel: 2, nurse1: 1 },
    },
    timestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/),
  })
})

test('a stream opened with curl and a header names its events and carries the vital signs themselves', async () => {
  await using ward = await openWard()
  const address = `${ward.url}/realtime/events/patient/${patientId}`
  await using stream = new LineProgram('curl', ['-sSN', address, ...withToken(await tokenOf(ward, 'nurse1'))])
  await stream.says(/^event: connected$/)
  for (const systolic of [150, 151, 152]) await report(ward, systolic)
  await stream.says(/^event: patient\.vitals\.update$/)
  const vitals = await stream.says(/^data: .*"systolic":150/)
  expect(JSON.parse(vitals.slice('data: '.length))).toMatchObject({ blood_pressure: { systolic: 150, diastolic: 80 } })
  await stream.says(/^event: patient\.alert$/)
  await stream.says(/^data: .*High blood pressure detected: 152\/80/)
  await stream.says(/^id: /)
})

test('a device’s stream, a hospital’s stream and the tenant’s stream each tell their part', async () => {
  await using ward = await openWard()
  const header = withToken(await tokenOf(ward, 'nurse1'))
  const open = (path: string) => new LineProgram('curl', ['-sSN', `${ward.url}/realtime/events${path}`, ...header])
  await using device = open('/device/ava4/ava4-1')
  await using hospital = open(`/hospital/${hospitalId}`)
  await using tenant = open('')
  for (const stream of [device, hospital, tenant]) await stream.says(/^event: connected$/)
  for (const systolic of [150, 151, 152]) await report(ward, systolic)
  await device.says(/^event: device\.data\.update$/)
  await hospital.says(/^event: patient\.alert$/)
  await tenant.says(/^event: patient\.vitals\.update$/)
  await tenant.says(/^event: patient\.alert$/)
})

test('what a device may not or cannot say is refused, in JSON that says why', async () => {
  await using ward = await openWard()
  const reading = { device_type: 'ava4', device_id: 'd1', data_type: 'spo2', values: 96, patient_id: patientId }
  const asked = async (body: unknown, claims?: object) => {
    const response = await post(ward, '/realtime/devices/data', body, claims)
    return { status: response.status, ...(await response.json()) }
  }
  expect(await asked(reading)).toMatchObject({ status: 200, success: true })
  expect(await asked({ ...reading, values: 140 })).toMatchObject({ status: 422, code: 'invalid_payload' })
  expect(await asked({ ...reading, device_id: 'd1:x' })).toMatchObject({ status: 422, code: 'invalid_payload' })
  const stranger = { grants: ['write:device:d1'] }
  expect(await asked(reading, stranger)).toMatchObject({ status: 403, code: 'forbidden' })
  const withoutToken = await fetch(`${ward.url}/realtime/stats`)
  expect({ status: withoutToken.status, ...(await withoutToken.json()) }).toMatchObject({ code: 'unauthenticated' })
})

test('only an administrator speaks for the system', async () => {
  await using ward = await openWard()
  const notice = { event_type: 'system.maintenance', message: 'The lifts stand still from 22:00.' }
  expect((await post(ward, '/realtime/test/publish', notice)).status).toBe(403)
  const listener = await ward.person('ann')
  await listener.joins('system:alerts')
  expect((await post(ward, '/realtime/test/publish', notice, { roles: ['admin'] })).status).toBe(200)
  expect((await listener.hears('system.maintenance')).data).toMatchObject({ message: notice.message })
})
