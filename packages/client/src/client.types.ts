/**
 * Type tests: `tsc` is the runner, and each `@ts-expect-error` line fails the build if the mistake below it is ever taken.
 * Never imported, never run.
 */
import type { Described } from '@fanfare/protocol'
import { createClient } from './index.ts'

type Equal<One, Other> = (<T>() => T extends One ? 1 : 2) extends <T>() => T extends Other ? 1 : 2 ? true : false
const holds = <_Proof extends true>(): void => {}

type Vitals = { readonly heart_rate: number }
type Ward = Described<{
  readonly rooms: {
    readonly 'patient:{patientId}:vitals': {
      readonly 'patient.vitals.update': { readonly input: Vitals; readonly output: Vitals }
      readonly 'patient.noted': { readonly input: string; readonly output: number }
    }
    readonly lobby: {
      readonly said: { readonly input: { readonly text: string }; readonly output: { readonly text: string } }
    }
  }
  readonly commands: {
    readonly 'message:send': { readonly input: { readonly text: string }; readonly output: { readonly offset: number } }
  }
}>

const client = createClient<Ward>({ url: '/' })
const vitals = client.room('patient:42:vitals')

vitals.on('patient.vitals.update', (data, event) => {
  holds<Equal<typeof data, Vitals>>()
  holds<Equal<typeof event.type, 'patient.vitals.update'>>()
  // @ts-expect-error the event has no such field
  data.blood_type
})
vitals.on('patient.noted', (data) => holds<Equal<typeof data, number>>())
vitals.onAny((event) => {
  if (event.type === 'patient.noted') holds<Equal<typeof event.data, number>>()
})
void vitals.publish('patient.noted', 'as the publisher gives it')
for await (const page of vitals.history({ limit: 10 })) holds<Equal<(typeof page.events)[number]['room'], string>>()

// A name that is put together from a string is known too.
const bed = (patientId: string) => client.room(`patient:${patientId}:vitals`)
bed('7').on('patient.vitals.update', ({ heart_rate }) => holds<Equal<typeof heart_rate, number>>())

// @ts-expect-error the application has no such room
client.room('patient:42')
// @ts-expect-error nor this one
client.room('lobbby')
// @ts-expect-error the room has no such event
vitals.on('said', () => {})
// @ts-expect-error the event has other data
void vitals.publish('patient.vitals.update', { heart_rate: 'fast' })
// @ts-expect-error the event arrives as a number, but is given as text
void vitals.publish('patient.noted', 5)
// @ts-expect-error a page is read one way
void vitals.history({ after: 'earliest', before: { epoch: 'e', offset: 1 } })

const sent = client.command('message:send', { text: 'hi' })
holds<Equal<Awaited<typeof sent>, { readonly offset: number }>>()
// @ts-expect-error the application has no such command
void client.command('message:sent', { text: 'hi' })
// @ts-expect-error the command takes text
void client.command('message:send', { text: 5 })

// Told of no application, a client takes every name and any JSON.
const any = createClient({ url: '/' })
any.room('whatever').on('whatever', (data) => void data)
void any.room('whatever').publish('it.is', { text: ['deep'] })
void any.command('anything', null)

const state = client.state.getSnapshot()
if (state.status === 'reconnecting') holds<Equal<typeof state.retryAt, number>>()
// @ts-expect-error only a client that waits says until when
state.retryAt
