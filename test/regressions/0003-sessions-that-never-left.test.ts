import { expect, test } from 'bun:test'
import { defineApp } from '@fanfare/server'
import { homeTenant, startWorld } from '@fanfare/testkit'
import { z } from 'zod'
import { clinic } from '../support/clinic.ts'

/** The session was counted, then its greeting failed, and nobody was left to take it back. */
test('an endpoint whose words fail leaves no session behind, over a WebSocket or a stream', async () => {
  const app = defineApp({
    rooms: { 'bed:{id}': { events: { noted: z.object({}) }, access: 'tenant' } },
    endpoints: {
      '/broken': {
        subscribe: ['bed:1'],
        words: {
          connected: () => {
            throw new Error('broken words')
          },
        },
      },
    },
  })
  await using world = await startWorld({ app, config: { limits: { sessionsPerUser: 2 } } })
  for (let count = 0; count < 3; count++) {
    const ann = await world.open('ann', { path: '/broken', token: await world.token('ann') })
    expect(await ann.sees('error')).toMatchObject({ code: 'internal' })
    await ann.closed
    expect((await world.asks('/broken', { as: 'ann' })).status).toBe(500)
  }
  expect(world.server.services.hub.stats(homeTenant)).toMatchObject({ sessions: 0, rooms: 0 })
  await world.person('ann')
})

/** Its rooms were entered for a session that had already left. */
test('a stream whose reader goes while it is asked who they are leaves no subscription behind', async () => {
  await using world = await startWorld({ app: clinic })
  const { app, auth, hub } = world.server.services
  const asked = Promise.withResolvers<void>()
  const gate = Promise.withResolvers<void>()
  const verify = auth.verifyToken
  auth.verifyToken = async (token) => {
    asked.resolve()
    await gate.promise
    return verify(token)
  }
  const reader = new AbortController()
  const gone = Promise.withResolvers<void>()
  const stream = world
    .asks('/v1/stream?room=ward:1', { as: 'ann', signal: reader.signal })
    .catch((error: unknown) => error)
  await asked.promise
  reader.abort()
  await stream
  // The server learns of it from the socket.
  setTimeout(gone.resolve, 50)
  await gone.promise
  gate.resolve()
  await world.person('bob')
  expect(hub.sessions.size).toBe(1)
  expect(hub.isEmpty(app.room(homeTenant, 'ward:1'))).toBe(true)
})
