import { expect, test } from 'bun:test'
import { fileURLToPath } from 'node:url'
import type { World } from '@fanfare/testkit'
import { LineProgram } from './clients/lines.ts'
import { hospitalId, nurse, openWard, patientId, report, tokenOf } from './clients/ward.ts'

type Message = { readonly type: string; readonly data?: unknown; readonly [name: string]: unknown }

/** A browser's own WebSocket with the switch on `type` that the ward's screens have. */
class Screen implements AsyncDisposable {
  readonly messages: Message[] = []
  readonly socket: WebSocket
  readonly closed: Promise<{ code: number }>
  #waiting: (() => void)[] = []

  constructor(url: string) {
    this.socket = new WebSocket(url)
    this.socket.addEventListener('message', (event) => {
      this.messages.push(JSON.parse(event.data))
      for (const wake of this.#waiting.splice(0)) wake()
    })
    this.closed = new Promise((resolve) => this.socket.addEventListener('close', resolve))
  }

  opened(): Promise<unknown> {
    return new Promise((resolve, reject) => {
      this.socket.addEventListener('open', resolve)
      this.socket.addEventListener('error', reject)
    })
  }

  sends(message: object): void {
    this.socket.send(JSON.stringify(message))
  }

  async sees(type: string, match: (message: Message) => boolean = () => true): Promise<Message> {
    const deadline = Date.now() + 5_000
    for (;;) {
      const found = this.messages.find((message) => message.type === type && match(message))
      if (found) return found
      if (Date.now() > deadline) throw new Error(`No ${type} came, but ${JSON.stringify(this.messages)}`)
      await new Promise<void>((resolve) => {
        setTimeout(resolve, 100)
        this.#waiting.push(resolve)
      })
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.socket.close()
  }
}

const screenAt = async (ward: World, path: string, token?: string): Promise<Screen> => {
  const shown = token ?? (await tokenOf(ward, 'nurse1'))
  return new Screen(`${ward.url.replace('http', 'ws')}${path}?token=${shown}`)
}

test('a screen subscribes by hand, hears vital signs in its own words, and keeps the connection alive', async () => {
  await using ward = await openWard()
  await using screen = await screenAt(ward, '/realtime/ws')
  await screen.opened()
  screen.sends({ type: 'subscribe', room: `patient:${patientId}:vitals` })
  const subscription = await screen.sees('subscription')
  expect(subscription).toMatchObject({ room: `patient:${patientId}:vitals`, status: 'subscribed' })

  expect((await report(ward, 121)).status).toBe(200)
  const { data } = await screen.sees('vitals_update')
  expect(data).toMatchObject({
    blood_pressure: { systolic: 121, diastolic: 80 },
    device_type: 'ava4',
    device_id: 'ava4-1',
  })

  screen.sends({ type: 'ping' })
  expect(await screen.sees('pong')).toHaveProperty('timestamp')

  screen.sends({ type: 'unsubscribe', room: `patient:${patientId}:vitals` })
  await screen.sees('subscription', (message) => message.status === 'unsubscribed')
})

test('a patient’s address subscribes by itself, and an alert comes once', async () => {
  await using ward = await openWard()
  await using screen = await screenAt(ward, `/realtime/ws/patient/${patientId}`)
  for (const room of [`patient:${patientId}`, `patient:${patientId}:vitals`, `patient:${patientId}:alerts`]) {
    await screen.sees('subscription', (message) => message.room === room && message.status === 'subscribed')
  }
  for (const systolic of [150, 151, 152, 139, 150, 151]) await report(ward, systolic)
  const alert = await screen.sees('patient_alert')
  expect(alert.data).toMatchObject({
    alert_type: 'high_blood_pressure',
    severity: 'warning',
    message: 'High blood pressure detected: 152/80',
    data: { systolic: 152, diastolic: 80, device_id: 'ava4-1' },
  })
  await screen.sees('vitals_update', (message) => message.offset === 6)
  expect(screen.messages.filter((message) => message.type === 'patient_alert')).toHaveLength(1)
})

test('a hospital’s address brings the alerts of its patients and the state of its devices', async () => {
  await using ward = await openWard()
  await using screen = await screenAt(ward, `/realtime/ws/hospital/${hospitalId}`)
  await screen.sees('subscription', (message) => message.room === `hospital:${hospitalId}:devices`)
  for (const systolic of [190, 191, 192]) await report(ward, systolic)
  expect((await screen.sees('patient_alert')).data).toMatchObject({ patient_id: patientId, severity: 'critical' })
})

test('a screen that was away goes on from the offset that it has', async () => {
  await using ward = await openWard()
  const room = `patient:${patientId}:vitals`
  let position: { epoch: unknown; offset: unknown }
  {
    await using screen = await screenAt(ward, '/realtime/ws')
    await screen.opened()
    screen.sends({ type: 'subscribe', room })
    const { epoch } = await screen.sees('subscription')
    await report(ward, 120)
    const { offset } = await screen.sees('vitals_update')
    position = { epoch, offset }
  }
  await report(ward, 121)
  await ward.restarts()
  await report(ward, 122)
  await using screen = await screenAt(ward, '/realtime/ws')
  await screen.opened()
  screen.sends({ type: 'subscribe', room, since: position })
  await screen.sees('vitals_update', (message) => message.offset === 3)
  expect(screen.messages.flatMap((message) => (message.type === 'vitals_update' ? [message.offset] : []))).toEqual([
    2, 3,
  ])
})

test('rooms are for those who may read them', async () => {
  await using ward = await openWard()
  const token = await ward.token('visitor', { grants: ['read:patient:somebody-else'] })
  await using screen = await screenAt(ward, `/realtime/ws/patient/${patientId}`, token)
  expect(await screen.sees('error')).toMatchObject({ code: 'forbidden', room: `patient:${patientId}` })
  screen.sends({ type: 'subscribe', room: 'admin:updates' })
  await screen.sees('error', (message) => message.room === 'admin:updates')
  screen.sends({ type: 'subscribe', room: 'system:alerts' })
  await screen.sees('subscription', (message) => message.room === 'system:alerts' && message.status === 'subscribed')
})

test('a token that nobody signed opens nothing', async () => {
  await using ward = await openWard()
  await using screen = await screenAt(ward, '/realtime/ws', 'YOUR_JWT_TOKEN')
  expect((await screen.closed).code).toBe(4401)
  expect(screen.messages.map((message) => message.type)).not.toContain('connected')
})

test('a monitor in Python follows a patient', async () => {
  await using ward = await openWard()
  const python = process.env.PYTHON_PATH || '/usr/bin/python3'
  const program = fileURLToPath(new URL('./clients/ward_monitor.py', import.meta.url))
  const uri = `${ward.url.replace('http', 'ws')}/realtime/ws/patient/${patientId}?token=${await ward.token('py', nurse)}`
  await using monitor = new LineProgram(python, [program, uri])
  await monitor.says(/"open"/)
  for (const systolic of [150, 151, 152]) await report(ward, systolic)
  expect(JSON.parse(await monitor.says(/"vitals"/)).given).toMatchObject({
    blood_pressure: { systolic: 150, diastolic: 80 },
    timestamp: '2026-01-15T10:30:00Z',
  })
  expect(JSON.parse(await monitor.says(/"alert"/)).given).toMatchObject({ alert_type: 'high_blood_pressure' })
})
