/**
 * Type tests: `tsc` is the runner, and each `@ts-expect-error` line fails the build if the mistake below it is ever taken.
 * Never imported, never run.
 */
import type { Described } from '@fanfare/protocol'
import { createBackend } from './index.ts'

type Clinic = Described<{
  readonly rooms: {
    readonly 'patient:{patientId}': {
      readonly noted: { readonly input: { readonly text: string }; readonly output: { readonly text: string } }
    }
  }
  readonly commands: Record<never, never>
}>

const options = { url: 'https://fanfare.test', apiKey: 'ff_' }
const backend = createBackend<Clinic>(options)

void backend.publish('patient:42', 'noted', { text: 'hi' })
// @ts-expect-error the application has no such room
void backend.publish('patients:42', 'noted', { text: 'hi' })
// @ts-expect-error the room has no such event
void backend.publish('patient:42', 'said', { text: 'hi' })
// @ts-expect-error the event has other data
void backend.publish('patient:42', 'noted', { text: 42 })
const { events } = await backend.history('patient:42')
const texts: readonly string[] = events.map(({ data }) => data.text)
void texts

// Told of no application, it takes every name and any JSON.
void createBackend(options).publish('whatever', 'it.is', { text: ['deep'] })
// @ts-expect-error a notification says of what kind it is
void backend.notify({ to: { userId: 'ann' }, title: 'x' })
