import { expect, test } from 'bun:test'
import type { ChatRoom, MessagePage } from '@fanfare/protocol'
import { codeOf, openChat, say, visit } from './chat.world.ts'
import type { RoomPage } from './chat-api.ts'

const texts = ({ messages }: MessagePage) => messages.map(({ text }) => text)

test('history is read from both ends, page by page, with the offsets of any events', async () => {
  await using world = await openChat()
  for (let index = 1; index <= 5; index++) {
    const { id } = await say(world, 'ann', `${index}`)
    await world.api().react({ roomId: visit, id, userId: 'bob', reaction: 'ok' })
  }
  const read = (page: object) => world.api().messages(visit, 'bob', { limit: 2, ...page })
  const newest = await read({})
  expect([texts(newest), newest.after]).toEqual([['4', '5'], undefined])
  const before = await read({ before: newest.before! })
  expect(texts(before)).toEqual(['2', '3'])
  const first = await read({ before: before.before! })
  expect([texts(first), first.before]).toEqual([['1'], undefined])
  const forwards = await read({ after: 0 })
  expect([texts(forwards), forwards.before]).toEqual([['1', '2'], undefined])
  expect(texts(await read({ after: forwards.after! }))).toEqual(['3', '4'])
  // Of the reaction to the second: whatever came after it.
  expect(texts(await read({ after: forwards.messages[1]!.offset + 1 }))).toEqual(['3', '4'])
  expect(texts(await read({ after: 1e300 }))).toEqual([])
  expect(texts(await read({ before: 0 }))).toEqual([])
})

test('odd pages are refused, large ones bounded', async () => {
  await using world = await openChat()
  const read = (page: object) => codeOf(world.api().messages(visit, 'bob', page))
  for (const page of [{ before: -1 }, { after: Number.NaN }, { limit: 0 }, { before: 1, after: 1 }, { limit: 1.5 }]) {
    expect(await read(page)).toBe('invalid_payload')
  }
  expect(await read({ limit: 1_000_000 })).toBe('done')
  expect(await codeOf(world.api().messages(visit, 'eve'))).toBe('not_found')
  expect(await codeOf(world.api().open('nowhere', 'eve'))).toBe('not_found')
})

test('opening a room gives all of one moment, and where to go on from', async () => {
  await using world = await openChat()
  const message = await say(world, 'ann', 'hi')
  const opened = await world.api().open(visit, 'bob')
  const { epoch, offset } = opened.position
  expect(offset).toBe(message.offset)
  expect(opened.page).toMatchObject({ epoch, messages: [message] })
  expect(opened.room).toEqual((await world.api().room(visit)) as ChatRoom)
  expect(opened.members.map(({ userId }) => userId)).toEqual(['ann', 'bob', 'cid', 'mo', 'olga'])
  const next = await say(world, 'ann', 'again')
  expect(next.offset).toBe(offset + 1)
})

test('readings are audited with who, where and how much, and no text', async () => {
  await using world = await openChat()
  await say(world, 'ann', 'secret')
  await world.api().messages(visit, 'bob')
  await world.api().open(visit, 'cid')
  const readings = world.audited.filter(({ action }) => action === 'message.read')
  expect(readings.map(({ actor, subject, detail }) => [actor, subject, detail])).toEqual([
    [{ kind: 'user', id: 'bob' }, `chat:${visit}`, { messages: 1 }],
    [{ kind: 'user', id: 'cid' }, `chat:${visit}`, { messages: 1 }],
  ])
  expect(JSON.stringify(world.audited)).not.toContain('secret')
})

test('rooms are listed by who spoke last, with their last messages, in pages', async () => {
  await using world = await openChat()
  for (const id of ['a', 'b', 'c', 'd']) {
    await world.clock.advance(1_000)
    await world.api().createRoom({ id, members: [{ userId: 'bob' }] })
  }
  await world.clock.advance(1_000)
  const { message } = await world.api().send({ roomId: 'b', userId: 'bob', text: 'hi' })
  const list = (page: object) => world.person('bob').says<RoomPage>('chat:list', { limit: 2, ...page })
  const first = await list({})
  expect(first.rooms.map(({ id }) => id)).toEqual(['b', 'd'])
  expect(first.rooms[0]).toMatchObject({ role: 'member', read: 1, unread: 0, lastNumber: 1, lastMessage: message })
  expect(first.rooms[1]?.lastMessage).toBeUndefined()
  const second = await list({ before: first.before })
  const third = await list({ before: second.before })
  expect([...second.rooms, ...third.rooms].map(({ id }) => id)).toEqual(['c', 'a', visit])
  expect(third.before).toBeUndefined()
  expect(await codeOf(list({ before: 'nonsense' }))).toBe('invalid_payload')
})
