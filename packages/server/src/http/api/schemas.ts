/** The shapes that several operations speak of. Names and units are those of the frames. */
import type { Json, Member, PublishResult, RoomEvent } from '@fanfare/protocol'
import { z } from '@hono/zod-openapi'

export const roomParams = z.object({
  room: z.string().openapi({
    param: { name: 'room', in: 'path' },
    description: 'The room’s name, percent-encoded: `patient%3A42` for `patient:42`.',
    example: 'patient:42:vitals',
  }),
})

export const userParams = z.object({
  userId: z
    .string()
    .max(200)
    .openapi({ param: { name: 'userId', in: 'path' }, example: 'dr-lee' }),
})

/** What came through the JSON parser is JSON; the schema need not say more. */
export const anyJson = z.unknown().openapi({ description: 'Any JSON.', example: { heartRate: 72 } }) as z.ZodType<Json>

export const time = z.iso.datetime().openapi({ example: '2026-01-31T12:00:00.000Z' })

export const roomEvent: z.ZodType<RoomEvent> = z
  .object({
    id: z.string().openapi({ description: 'UUIDv7; the same on every link and after every replay.' }),
    type: z.string().openapi({ example: 'patient.vitals.update' }),
    tenantId: z.string().openapi({ example: 'north-clinic' }),
    room: z.string().openapi({ example: 'patient:42:vitals' }),
    offset: z.number().int().openapi({ description: 'Rises by 1 within an epoch.', example: 17 }),
    userId: z.string().optional().openapi({ description: 'Who caused it; absent when a server did.' }),
    data: anyJson,
    timestamp: time,
  })
  .openapi('RoomEvent') as z.ZodType<RoomEvent>

export const publishResult: z.ZodType<PublishResult> = z
  .object({
    id: z.string().openapi({ example: '019c1f6e-7a00-7000-8000-3f2a9d51c0de' }),
    room: z.string().openapi({ example: 'patient:42:vitals' }),
    epoch: z.string().openapi({ example: 'Zk3q9XbT' }),
    offset: z.number().int().openapi({ example: 17 }),
    timestamp: time,
    durability: z
      .enum(['memory', 'disk', 'broker', 'replicas'])
      .openapi({ description: 'How safe the event is by now.' }),
    duplicate: z.boolean().openapi({ description: 'An earlier publish with the same key made this event.' }),
  })
  .openapi('PublishResult')

export const member: z.ZodType<Member> = z
  .object({ userId: z.string().openapi({ example: 'dr-lee' }), state: anyJson, since: time })
  .openapi('Member')
