import { expect, test } from 'bun:test'
import { FanfareError } from '@fanfare/protocol'
import { fakeClock } from '../../lib/fake-clock.ts'
import type { Store } from '../../store/store.ts'
import { createActivity } from './activity.ts'
import { type ChatWorld, openChat, say, visit } from './chat.world.ts'

const heard = (world: ChatWorld, userId: string) => world.heard(`chats:${userId}`).map(({ type, data }) => [type, data])
const activity = (lastNumber: number, read: number) => [
  'chat.activity',
  { roomId: visit, lastNumber, read, unread: lastNumber - read },
]
/** What is told is read from the store, which takes turns of the event loop and no time. */
const pass = async (world: ChatWorld, ms: number) => {
  await world.clock.advance(ms)
  for (let turn = 0; turn < 5; turn++) await world.clock.advance(0)
}

test('many messages are one word to each member who is online, with the newest numbers', async () => {
  await using world = await openChat()
  await world.person('bob').connects()
  for (let index = 0; index < 5; index++) await say(world, 'ann', `${index}`)
  await pass(world, 199)
  expect(heard(world, 'bob')).toEqual([])
  await pass(world, 1)
  expect(heard(world, 'bob')).toEqual([activity(5, 0)])
  expect(heard(world, 'cid')).toEqual([])
})

test('reading on one device is told to the others of the user', async () => {
  await using world = await openChat()
  await world.person('bob').connects()
  await say(world, 'ann', 'hi')
  await pass(world, 200)
  await world.api().read(visit, 'bob', 1)
  await pass(world, 200)
  expect(heard(world, 'bob')).toEqual([activity(1, 0), activity(1, 1)])
})

test('who came online a moment ago is told, though the node did not know of it yet', async () => {
  await using world = await openChat()
  await say(world, 'ann', 'hi')
  await pass(world, 200)
  await world.person('bob').connects()
  await pass(world, 3_000)
  expect(heard(world, 'bob')).toEqual([activity(1, 0)])
  await pass(world, 10_000)
  expect(heard(world, 'cid')).toEqual([])
})

test('in a room of more than a hundred only the room itself tells of messages', async () => {
  await using world = await openChat()
  await world.api().putMembers(
    visit,
    Array.from({ length: 100 }, (_, index) => ({ userId: `u${index}` })),
  )
  await world.person('bob').connects()
  await say(world, 'ann', 'hi')
  await pass(world, 5_000)
  expect(heard(world, 'bob')).toEqual([])
})

test('users hear that they are in a room now, and that they are no more', async () => {
  await using world = await openChat()
  await world.person('dan').connects()
  await world.api().putMembers(visit, [{ userId: 'dan', role: 'observer' }])
  await world.settled()
  await world.api().removeMember(visit, 'dan')
  await world.settled()
  expect(heard(world, 'dan')).toEqual([
    ['chat.added', { roomId: visit, role: 'observer' }],
    ['chat.removed', { roomId: visit }],
  ])
})

test('what could not be told while the store was away is told when it is back', async () => {
  const clock = fakeClock()
  let away = true
  const told: unknown[] = []
  let failures = 0
  const row = { user_id: 'bob', room_id: visit, last_number: 5, read_number: 2 }
  const read = async () => {
    if (away) throw new FanfareError('unavailable')
    return [row]
  }
  const store = { of: () => ({ read }) } as unknown as Store
  const activity = createActivity({
    store,
    clock,
    isOnline: async () => true,
    tell: async (_tenantId, userId, { unread }) => void told.push([userId, unread]),
    failed: () => void failures++,
  })
  const seconds = async (count: number) => {
    for (let turn = 0; turn < count * 5; turn++) await clock.advance(200)
  }
  activity.spoken('clinic', visit, 1)
  await seconds(10)
  expect(told).toEqual([])
  // Not as often as it could be.
  expect([failures > 1, failures < 6]).toEqual([true, true])
  away = false
  await seconds(6)
  expect(told).toEqual([['bob', 3]])
  await activity.close()
})
