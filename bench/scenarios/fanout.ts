/** Fan-out to the subscribers of one room: how many, how many messages in flight, how large; every contender in turn in every round. */
import type { Comparison } from '../lib/deliveries.ts'
import { measureFanOut } from '../lib/fan-out.ts'
import type { Scenario } from '../lib/run.ts'

const wanted = [
  'bun-publish',
  'ws',
  'socketio',
  'nchan',
  'centrifugo',
  'fanfare',
  'fanfare-lines',
  'fanfare-socketio',
] as const

export const fanout: Scenario = (run) =>
  measureFanOut(run, { scenario: 'fanout', wanted, subscribers: 1_000, comparisons })

export const largeRoom: Scenario = (run) =>
  measureFanOut(run, { scenario: 'large-room', wanted, subscribers: 10_000, comparisons: others })

/** For small payloads, where what a server does itself weighs most. */
const least =
  (goals: { readonly [inFlight: number]: number }): NonNullable<Comparison['goal']> =>
  ({ inFlight, bytes }) => {
    const goal = goals[inFlight]
    return goal === undefined || bytes !== 100 ? undefined : { least: goal }
  }

const comparisons: readonly Comparison[] = [
  { one: 'fanfare', other: 'bun-publish', goal: least({ 1: 0.9, 16: 0.8 }) },
  { one: 'fanfare', other: 'socketio', goal: least({ 16: 15 }) },
  { one: 'fanfare', other: 'centrifugo', goal: least({ 16: 2 }) },
  { one: 'fanfare', other: 'ws' },
  { one: 'fanfare', other: 'nchan' },
  { one: 'fanfare-lines', other: 'bun-publish', goal: least({ 1: 0.9, 16: 0.8 }) },
  { one: 'fanfare-lines', other: 'socketio', goal: least({ 16: 15 }) },
  { one: 'fanfare-lines', other: 'centrifugo', goal: least({ 16: 2 }) },
  { one: 'fanfare-lines', other: 'fanfare' },
  { one: 'fanfare-socketio', other: 'fanfare', goal: least({ 1: 0.9, 16: 0.9 }) },
  { one: 'fanfare-socketio', other: 'socketio' },
]

/** The goals are for 1,000 subscribers. */
const others: readonly Comparison[] = comparisons.map(({ one, other }) => ({ one, other }))
