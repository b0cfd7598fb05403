import { expect, test } from 'bun:test'
import type { Receipt } from '@fanfare/protocol'
import { type ChatWorld, codeOf, openChat, say, visit } from './chat.world.ts'
import type { RoomPage } from './chat-api.ts'

const told = (world: ChatWorld) => world.heard(`chat:${visit}:receipts`).map(({ data }) => data)
const receiptsOf = async (world: ChatWorld, userId: string) => {
  const { receipts } = await world.api().open(visit, userId)
  return receipts.kind === 'members'
    ? receipts.receipts.filter(({ read, delivered }) => read + delivered > 0)
    : receipts
}
const unread = async (world: ChatWorld, userId: string) =>
  (await world.person(userId).says<RoomPage>('chat:list', {})).rooms.map((room) => room.unread)

test('what is unread is what was said since one has read, the same wherever one asks', async () => {
  await using world = await openChat()
  for (const text of ['one', 'two', 'three']) await say(world, 'ann', text)
  expect(await unread(world, 'bob')).toEqual([3])
  expect(await unread(world, 'ann')).toEqual([0])
  expect(await world.api().read(visit, 'bob', 2)).toEqual({ userId: 'bob', delivered: 2, read: 2 })
  expect(await unread(world, 'bob')).toEqual([1])
  expect((await world.api().open(visit, 'bob')).unread).toBe(1)
  await say(world, 'bob', 'mine')
  expect([await unread(world, 'bob'), await unread(world, 'cid')]).toEqual([[0], [4]])
  await world.api().putMembers(visit, [{ userId: 'late' }])
  expect(await unread(world, 'late')).toEqual([0])
})

test('receipts rise, each is told once, and nothing goes beyond the newest message', async () => {
  await using world = await openChat()
  for (const text of ['one', 'two', 'three']) await say(world, 'ann', text)
  await world.api().delivered(visit, 'bob', 3)
  await world.api().read(visit, 'bob', 2)
  await world.api().read(visit, 'bob', 1)
  await world.api().delivered(visit, 'bob', 3)
  expect(told(world)).toEqual([
    { userId: 'bob', delivered: 3, read: 0 },
    { userId: 'bob', delivered: 3, read: 2 },
  ])
  expect(await world.api().read(visit, 'bob', 1e15)).toEqual({ userId: 'bob', delivered: 3, read: 3 })
  expect(await receiptsOf(world, 'cid')).toEqual([
    { userId: 'ann', delivered: 3, read: 3 },
    { userId: 'bob', delivered: 3, read: 3 },
  ])
  for (const number of [-1, 0.5]) expect(await codeOf(world.api().read(visit, 'bob', number))).toBe('invalid_payload')
  expect(await codeOf(world.api().read(visit, 'eve', 1))).toBe('not_found')
})

test('many marks at once are one telling for each member', async () => {
  await using world = await openChat()
  for (let index = 0; index < 10; index++) await say(world, 'ann', `${index}`)
  const marks = Array.from({ length: 10 }, (_, index) => world.api().read(visit, 'bob', 10 - index))
  expect(new Set((await Promise.all(marks)).map(({ read }: Receipt) => read))).toEqual(new Set([10]))
  expect(told(world)).toEqual([{ userId: 'bob', delivered: 10, read: 10 }])
})

test('who keeps receipts private is shown to nobody but themselves, and their count is still right', async () => {
  await using world = await openChat()
  await say(world, 'ann', 'hi')
  await world.person('bob').says('chat:privacy', { shown: false })
  await world.api().read(visit, 'bob', 1)
  expect(told(world)).toEqual([])
  expect(await receiptsOf(world, 'ann')).toEqual([{ userId: 'ann', delivered: 1, read: 1 }])
  expect(await receiptsOf(world, 'bob')).toHaveLength(2)
  const shownTo = async (userId: string) =>
    (await world.api().open(visit, userId)).members.find((m) => m.userId === 'bob')
  expect((await shownTo('ann'))?.receipt).toBeUndefined()
  expect((await shownTo('bob'))?.receipt?.read).toBe(1)
  expect(await unread(world, 'bob')).toEqual([0])
  await world.person('bob').says('chat:privacy', { shown: true })
  expect(await receiptsOf(world, 'ann')).toHaveLength(2)
})

test('in a large room receipts are counts, and clients are told so', async () => {
  await using world = await openChat({ options: { receiptsUpTo: 4 } })
  for (const text of ['one', 'two', 'three']) await say(world, 'ann', text)
  await world.person('cid').says('chat:privacy', { shown: false })
  await Promise.all([
    world.api().read(visit, 'bob', 2),
    world.api().delivered(visit, 'mo', 2),
    world.api().read(visit, 'cid', 3),
  ])
  expect(told(world)).toEqual([{ number: 2, delivered: 3, read: 2 }])
  const { room, receipts, page } = await world.api().open(visit, 'olga')
  expect(room.receipts).toBe('counts')
  expect(receipts).toEqual({
    kind: 'counts',
    counts: [
      { number: 1, delivered: 3, read: 2 },
      { number: 2, delivered: 3, read: 2 },
      { number: 3, delivered: 1, read: 1 },
    ],
  })
  expect(page.receipts).toEqual(receipts)
})
