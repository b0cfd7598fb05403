import { expect, test } from 'bun:test'
import { startWorld } from '@fanfare/testkit'
import { clinic } from '../support/clinic.ts'

/** Every room's first page went into the outbox at once, and the reader that came to resume was closed as too slow. */
test('who resumes sixty rooms, each with a page that waits, is sent them all on the same link', async () => {
  await using world = await startWorld({ app: clinic })
  const { app, engine } = world.server.services
  const rooms = Array.from({ length: 60 }, (_, index) => `ward:${index}`)
  const text = 'x'.repeat(9_000)
  const publishes = rooms.flatMap((name) =>
    [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20].map((n) =>
      engine.log.publish(app.room('acme', name), {
        id: `${name}-${n}`,
        type: 'message.created',
        tenantId: 'acme',
        room: name,
        data: { text },
        timestamp: new Date(0).toISOString(),
      }),
    ),
  )
  await Promise.all(publishes)

  const ann = await world.person('ann')
  ann.sends({ type: 'subscribe', id: 1, rooms: rooms.map((room) => ({ room, since: 'earliest' })) })
  const offsets = new Map<string, number>()
  for (let count = 0; count < rooms.length * 20; count++) {
    const { room, offset } = await ann.hears('message.created')
    expect(offset).toBe((offsets.get(room) ?? 0) + 1)
    offsets.set(room, offset)
  }
  expect([...offsets.values()]).toEqual(rooms.map(() => 20))
})
