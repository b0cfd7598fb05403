/** Many small rooms: 1,000 of 10, published to in turn, 64 messages in flight. What a message costs by itself weighs here, not its copies. */
import { type Comparison, figuresOf, ratiosOf } from '../lib/deliveries.ts'
import { planFor } from '../lib/plan.ts'
import { present, type Scenario } from '../lib/run.ts'
import { measureAll } from '../lib/stands.ts'

const wanted = ['bun-publish', 'ws', 'socketio', 'nchan', 'centrifugo', 'fanfare', 'fanfare-socketio'] as const
const rooms = 1_000
const perRoom = 10
const setting = { inFlight: 64, bytes: 100 }

export const smallRooms: Scenario = async (run) => {
  const scenario = 'small-rooms'
  const measured = await measureAll(run, {
    scenario,
    contenders: present(run, scenario, wanted),
    audience: { subscribers: rooms * perRoom, rooms },
    settings: [setting],
    plan: planFor(run.quick, 'few'),
  })
  const under = `${rooms.toLocaleString('en')} rooms of ${perRoom}, ${setting.bytes} bytes, ${setting.inFlight} in flight`
  return [
    ...measured.flatMap((one) => figuresOf(scenario, under, one)),
    ...ratiosOf({ scenario, under, setting }, comparisons, measured),
  ]
}

const comparisons: readonly Comparison[] = [
  { one: 'fanfare', other: 'bun-publish' },
  { one: 'fanfare', other: 'ws' },
  { one: 'fanfare', other: 'socketio' },
  { one: 'fanfare', other: 'nchan' },
  { one: 'fanfare', other: 'centrifugo' },
  { one: 'fanfare-socketio', other: 'fanfare' },
]
