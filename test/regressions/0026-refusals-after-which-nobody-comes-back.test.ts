/**
 * A stock Socket.IO client that was let in while a node began to stop, or while Redis was away, was answered with a
 * `connect_error`; after that such a client never tries again by itself.
 */
import { expect, test } from 'bun:test'
import { type ErrorCode, FanfareError } from '@fanfare/protocol'
import { defineApp } from '@fanfare/server'
import { startWorld } from '@fanfare/testkit'
import { openClient } from '../journeys/clients/socketio.ts'

/** Refuses with each of these once, and then lets in. */
const troubled = (troubles: ErrorCode[]) =>
  defineApp({
    rooms: {},
    socketio: {
      namespaces: {
        '/': {
          authenticate: () => {
            const trouble = troubles.shift()
            if (trouble) throw new FanfareError(trouble)
            return { tenantId: 'acme', userId: 'ann' }
          },
        },
      },
    },
  })

for (const transports of [['websocket'], ['polling']] as const) {
  test(`over ${transports[0]}, whoever is refused for what passes by itself comes back by itself`, async () => {
    const troubles: ErrorCode[] = ['shutting_down', 'unavailable', 'overloaded']
    await using world = await startWorld({ app: troubled(troubles) })
    using ann = await (await openClient({ url: world.url, transports: [...transports] })).connected(20_000)
    expect(ann.socket.connected).toBe(true)
    expect(troubles).toEqual([])
  }, 30_000)
}

test('whoever must change something is told so', async () => {
  await using world = await startWorld({ app: troubled(['token_expired']) })
  using ann = await openClient({ url: world.url, transports: ['websocket'] })
  expect(await ann.refused()).toMatchObject({ data: { code: 'token_expired', retry: 'now' } })
})
