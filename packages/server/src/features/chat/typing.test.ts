import { expect, test } from 'bun:test'
import { type ChatWorld, codeOf, openChat, say, visit } from './chat.world.ts'

const heard = (world: ChatWorld) => world.heard(`chat:${visit}:typing`).map(({ type, data }) => [type, data])
const started = ['typing.started', { userId: 'bob', forMs: 5_000 }]
const stopped = ['typing.stopped', { userId: 'bob' }]

test('typing stops by itself', async () => {
  await using world = await openChat()
  await world.person('bob').says('typing:start', { roomId: visit })
  await world.clock.advance(4_999)
  expect(heard(world)).toEqual([started])
  await world.clock.advance(1)
  await world.settled()
  expect(heard(world)).toEqual([started, stopped])
})

test('many keys pressed are a word now and then, and none is too late for who listens', async () => {
  await using world = await openChat()
  for (let key = 0; key < 40; key++) {
    await world.person('bob').says('typing:start', { roomId: visit })
    await world.clock.advance(250)
  }
  expect(heard(world)).toEqual([started, started, started, started])
  await world.person('bob').says('typing:stop', { roomId: visit })
  await world.person('bob').says('typing:stop', { roomId: visit })
  expect(heard(world).slice(4)).toEqual([stopped])
})

test('who sends has stopped typing', async () => {
  await using world = await openChat()
  await world.person('bob').says('typing:start', { roomId: visit })
  await say(world, 'bob', 'hi')
  await world.settled()
  expect(heard(world)).toEqual([started, stopped])
  await world.clock.advance(10_000)
  expect(heard(world)).toHaveLength(2)
})

test('who may not send cannot be typing', async () => {
  await using world = await openChat()
  const start = (userId: string, roomId = visit) => codeOf(world.person(userId).says('typing:start', { roomId }))
  expect([await start('olga'), await start('eve'), await start('eve', 'nowhere')]).toEqual([
    'forbidden',
    'not_found',
    'not_found',
  ])
  expect(heard(world)).toEqual([])
})
