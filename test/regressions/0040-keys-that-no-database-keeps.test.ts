/** A key with U+0000 failed in PostgreSQL, and with it the whole batch of whoever wrote at the same time, who were then written one by one. */
import { expect, test } from 'bun:test'
import { toFanfareError } from '@fanfare/protocol'
import { defineApp } from '@fanfare/server'
import { startWorld } from '@fanfare/testkit'
import { z } from 'zod'

const app = defineApp({
  rooms: {
    notes: { events: { note: z.object({}) }, log: { archive: '1d' }, access: 'tenant', publish: 'tenant' },
  },
})

test('a key with U+0000 is refused before it reaches a database, by every way in', async () => {
  await using world = await startWorld({ app })
  const ann = await world.person('ann')
  const key = 'k\u0000'
  const codeOf = (asked: Promise<unknown>) => asked.catch((error: unknown) => toFanfareError(error).code)
  expect(await codeOf(ann.says('notes', 'note', {}, key))).toBe('bad_frame')
  expect(await codeOf(ann.asks({ type: 'command', name: 'chat:list', input: {}, key }))).toBe('bad_frame')
  const post = (path: string, body: object) =>
    world.asks(path, {
      method: 'POST',
      as: 'ann',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify(body),
    })
  expect((await post('/v1/commands/chat:list', { input: {}, key })).status).toBe(400)
  expect((await post('/v1/rooms/notes/events', { event: 'note', data: {}, key })).status).toBe(400)
  expect(await codeOf(ann.says('notes', 'note', {}, 'k'))).toMatchObject({ durability: 'disk' })
})
