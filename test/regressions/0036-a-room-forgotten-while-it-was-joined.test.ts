/**
 * While a Socket.IO session joined a room, the node's periodic writing of what sessions are in took the room for one that it
 * had lost, and kept the session without it. Its client heard the room until the next cut, was then told that it was
 * recovered, and never heard the room again.
 */
import { expect, test } from 'bun:test'
import { startWorld } from '@fanfare/testkit'
import { connectClient } from '../journeys/clients/socketio.ts'
import { createPractice } from '../support/socketio-practice.ts'

test('a room that is being joined while sessions are written is recovered with the session', async () => {
  // What sessions are in is written every half second.
  await using world = await startWorld({ app: createPractice({ recovery: { for: '2s' } }) })
  const { sessions } = world.server.services.engine
  const { update } = sessions
  Object.assign(sessions, {
    update: async (...change: Parameters<typeof update>) => {
      const updated = await update.call(sessions, ...change)
      await Bun.sleep(700)
      return updated
    },
  })
  using ann = await connectClient({ url: world.url, token: await world.token('ann'), transports: ['websocket'] })
  await ann.asks('join', 'ward:joined')
  const teller = await world.person('teller')
  await teller.says('ward:joined', 'counted', { n: 1 })
  await ann.until('the first', () => ann.told('counted').length === 1)
  // Beyond another writing.
  await Bun.sleep(1_500)
  ann.breaks()
  await ann.until('the break', () => ann.left.length === 1)
  await teller.says('ward:joined', 'counted', { n: 2 })
  await ann.connected()
  expect(ann.socket.recovered).toBe(true)
  await ann.until('the second', () => ann.told('counted').length === 2)
}, 20_000)
