/**
 * Type tests: `tsc` is the runner, and each `@ts-expect-error` line fails the build if the mistake below it is ever taken.
 * Never imported, never run.
 */
import type {
  AnyApp,
  CommandInput,
  CommandName,
  CommandOutput,
  Described,
  EventOf,
  Json,
  KnownRoom,
  PatternOf,
  RoomEvents,
  RoomInputs,
  RoomName,
} from '@fanfare/protocol'
import { type } from 'arktype'
import * as v from 'valibot'
import { z } from 'zod'
import { command, defineApp } from './define-app.ts'
import type { FeatureCommands } from './features.ts'
import type { UserOffline } from './lifecycle.ts'

type Equal<One, Other> = (<T>() => T extends One ? 1 : 2) extends <T>() => T extends Other ? 1 : 2 ? true : false
const holds = <_Proof extends true>(): void => {}

const Vitals = z.object({ heart_rate: z.number(), note: z.string().optional() })
const Alert = v.object({ severity: v.picklist(['warning', 'critical']), message: v.string() })
const Status = type({ online: 'boolean' })

export const app = defineApp({
  rooms: {
    'patient:{patientId}': { events: {}, access: 'tenant' },
    'patient:{patientId}:vitals': {
      events: { 'patient.vitals.update': Vitals, 'patient.noted': z.string().transform((text) => text.length) },
      log: { keep: 1_000, for: '24h', durable: true, acks: 'replicas' },
      access: ({ user, params }) => {
        holds<Equal<typeof params.patientId, string>>()
        // @ts-expect-error the pattern has no such parameter
        params.bedId
        return user.may('read', 'patient', params.patientId)
      },
      publish: ({ params, event }) => params.patientId !== '' && event !== undefined,
      slow: {
        conflate(event) {
          holds<Equal<typeof event.type, 'patient.vitals.update' | 'patient.noted'>>()
          if (event.type !== 'patient.vitals.update') return event.type
          holds<Equal<typeof event.data.heart_rate, number>>()
          // @ts-expect-error the schema has no such field
          event.data.blood_type
          return event.type
        },
      },
    },
    'patient:{patientId}:alerts': { events: { 'patient.alert': Alert }, access: 'tenant', publish: 'tenant' },
    'device:{kind}:{deviceId}': { events: { 'device.status': Status }, access: ({ params }) => params.kind !== 'x' },
    'device:{kind}:all': { events: { 'device.count': z.number() }, access: 'tenant', log: 'none', presence: true },
    lobby: { events: { said: z.object({ text: z.string() }) }, access: 'tenant', presence: { grace: '15s' } },
  },
  commands: {
    'message:send': command(z.object({ text: z.string(), loud: z.boolean().default(false) }), async (ctx, input) => {
      holds<Equal<typeof input.loud, boolean>>()
      // @ts-expect-error the schema has no such field
      input.volume
      const { offset } = await ctx.publish('lobby', 'said', { text: input.text })
      return { offset, by: ctx.user.id }
    }),
    'door:close': command(v.object({ door: v.number() }), () => {}),
  },
  on: {
    'patient.vitals.update': async (ctx, event) => {
      holds<Equal<typeof event.type, 'patient.vitals.update'>>()
      holds<Equal<typeof event.data.heart_rate, number>>()
      // @ts-expect-error the schema has no such field
      event.data.blood_type
      await ctx.publish('patient:1:alerts', 'patient.alert', event.data)
    },
    'device.status': (_, event) => {
      holds<Equal<typeof event.data.online, boolean>>()
    },
  },
  endpoints: { '/ward/{id}': { subscribe: ['patient:{id}:vitals'], tokenInQuery: true } },
  routes: {
    'GET /beds/{bedId}': ({ params, user }) => ({ bed: params.bedId, by: user?.id }),
    'POST /login': { auth: 'none', handle: async ({ request }) => await request.json() },
  },
  lifecycle: {
    'user.offline': async (context, ended) => {
      holds<Equal<typeof ended, UserOffline>>()
      await context.publish('lobby', 'said', { text: `${ended.userId} was here since ${ended.since}` })
      // @ts-expect-error it is about a user
      ended.room
    },
    'room.vacated': (_context, { room }) => {
      holds<Equal<typeof room, string>>()
    },
    // @ts-expect-error there is no such end
    'user.online': () => {},
  },
  onStart: (server) => {
    server.log.info({}, 'up')
    return () => {}
  },
})
type App = typeof app

// The wrong descriptions are of their own, so that one mistake does not hide another.
defineApp({
  rooms: {
    // @ts-expect-error access must be thought of
    a: { events: {} },
  },
})
defineApp({
  rooms: {
    a: {
      events: {},
      access: 'tenant',
      log: {
        // @ts-expect-error 24 what?
        for: '24',
        // @ts-expect-error nobody waits for all of them
        acks: 'all',
      },
    },
  },
})
defineApp({
  rooms: { a: { events: { said: Vitals }, access: 'tenant' } },
  on: {
    // @ts-expect-error no room has such an event
    shouted: () => {},
  },
})
defineApp({
  rooms: {
    a: {
      events: {
        // @ts-expect-error not a schema
        said: { text: 'string' },
      },
      access: 'tenant',
    },
  },
})

// ── what a client makes of it ────────────────────────────────────────────────────────────────────────────────────────

holds<Equal<PatternOf<App, 'patient:42:vitals'>, 'patient:{patientId}:vitals'>>()
holds<Equal<PatternOf<App, `patient:${string}:vitals`>, 'patient:{patientId}:vitals'>>()
holds<Equal<PatternOf<App, `patient:${number}`>, 'patient:{patientId}'>>()
holds<Equal<PatternOf<App, 'patient:constructor'>, 'patient:{patientId}'>>()
holds<Equal<PatternOf<App, 'lobby'>, 'lobby'>>()
holds<Equal<PatternOf<App, 'patient:42:vitalz'>, never>>()
holds<Equal<PatternOf<App, 'patient::vitals'>, never>>()
holds<Equal<PatternOf<App, 'patient:1:vitals:2'>, never>>()
holds<Equal<PatternOf<App, 'nowhere'>, never>>()
/** A literal part beats a parameter, as it does at run time. */
holds<Equal<PatternOf<App, 'device:pump:all'>, 'device:{kind}:all'>>()
holds<Equal<PatternOf<App, 'device:pump:7'>, 'device:{kind}:{deviceId}'>>()
holds<Equal<RoomName<App> & 'lobby', 'lobby'>>()
holds<`patient:${string}:alerts` extends RoomName<App> ? true : false>()

holds<Equal<RoomEvents<App, 'patient:42:vitals'>['patient.noted'], number>>()
holds<Equal<RoomInputs<App, 'patient:42:vitals'>['patient.noted'], string>>()
holds<Equal<RoomEvents<App, 'patient:42:alerts'>['patient.alert']['severity'], 'warning' | 'critical'>>()
holds<Equal<RoomEvents<App, 'device:pump:7'>['device.status']['online'], boolean>>()
holds<Equal<EventOf<App, 'lobby'>['type'], 'said'>>()
/** Besides those of features. */
holds<Equal<Exclude<CommandName<App>, Exclude<keyof FeatureCommands, 'message:send'>>, 'message:send' | 'door:close'>>()
holds<Equal<CommandInput<App, 'message:send'>, { text: string; loud?: boolean | undefined }>>()
holds<Equal<CommandOutput<App, 'message:send'>['offset'], number>>()
holds<Equal<CommandOutput<App, 'door:close'>, null>>()
holds<Equal<RoomEvents<AnyApp, 'anything'>[string], Json>>()

/** The shape of a client's door, to see the names checked where a user writes them. */
declare const client: {
  room<const Name extends string>(
    name: KnownRoom<App, Name>,
  ): {
    on<Type extends keyof RoomEvents<App, Name> & string>(
      type: Type,
      listener: (data: RoomEvents<App, Name>[Type]) => void,
    ): void
    publish<Type extends keyof RoomInputs<App, Name> & string>(type: Type, data: RoomInputs<App, Name>[Type]): void
  }
}
declare const id: string

export const clientTypes = (): void => {
  client.room('patient:42:vitals').on('patient.vitals.update', (vitals) => {
    holds<Equal<typeof vitals.heart_rate, number>>()
    // @ts-expect-error wrong field
    vitals.heartRate
  })
  client.room(`patient:${id}:vitals`).on('patient.noted', (length) => length.toFixed())
  client.room('lobby').publish('said', { text: 'hello' })
  // @ts-expect-error wrong room
  client.room('patient:42:vitalz')
  // @ts-expect-error wrong room, with a part that is only known to be a string
  client.room(`patients:${id}`)
  // @ts-expect-error wrong event
  client.room('patient:42:vitals').on('patient.vitals', () => {})
  // @ts-expect-error the event of another room
  client.room('patient:42').on('patient.alert', () => {})
  // @ts-expect-error wrong data
  client.room('lobby').publish('said', { text: 1 })
  const described: Described = app
  void described
}
