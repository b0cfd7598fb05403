import { expect, test } from 'bun:test'
import type { SentMessage } from '@fanfare/protocol'
import { codeOf, openChat, say, visit } from './chat.world.ts'

test('what a member says is kept, numbered and told to the room', async () => {
  await using world = await openChat()
  const message = await say(world, 'bob', '<script>alert(1)</script>')
  expect(message).toMatchObject({ number: 1, userId: 'bob', text: '<script>alert(1)</script>', reactions: {} })
  const [event] = world.heard(`chat:${visit}`).slice(-1)
  expect(event).toMatchObject({ type: 'message.created', userId: 'bob', offset: message.offset, data: { message } })
  expect((await say(world, 'ann', 'second')).number).toBe(2)
})

test('a retried send has one effect and the same answer, also at once and after the message changed', async () => {
  await using world = await openChat()
  const send = (text: string) => world.api().send({ roomId: visit, userId: 'bob', text, key: 'k1' })
  const [first, second] = await Promise.all([send('one'), send('one')])
  expect(first.duplicate).toBe(false)
  expect(second).toEqual({ message: first.message, duplicate: true })
  expect(await send('other')).toEqual({ message: first.message, duplicate: true })
  expect(world.heard(`chat:${visit}`).filter(({ type }) => type === 'message.created')).toHaveLength(1)
  const edited = await world.api().edit({ roomId: visit, id: first.message.id, userId: 'bob', text: 'two' })
  expect(await send('one')).toEqual({ message: edited, duplicate: true })
  // Of another user it is another key.
  expect((await world.api().send({ roomId: visit, userId: 'ann', text: 'mine', key: 'k1' })).duplicate).toBe(false)
})

test('a command with a key of its own is sent once', async () => {
  await using world = await openChat()
  const bob = world.person('bob')
  const once = () => bob.says<SentMessage>('message:send', { roomId: visit, text: 'hi' }, { key: 'c1' })
  const first = await once()
  await world.clock.advance(6 * 60_000)
  expect(await once()).toEqual({ message: first.message, duplicate: true })
})

test('who may not send is refused, and who is no member does not learn that there is a room', async () => {
  await using world = await openChat()
  expect(await codeOf(say(world, 'olga', 'hi'))).toBe('forbidden')
  const missing = await codeOf(world.api().send({ roomId: 'nowhere', userId: 'eve', text: 'hi' }))
  expect([await codeOf(say(world, 'eve', 'hi')), missing]).toEqual(['not_found', 'not_found'])
  const elsewhere = world.person('bob', { tenantId: 'other' })
  expect(await codeOf(elsewhere.says('message:send', { roomId: visit, text: 'hi' }))).toBe('not_found')
  expect(await codeOf(world.api().send({ roomId: visit, userId: 'bob', text: '  ' }))).toBe('invalid_payload')
  expect(await codeOf(say(world, 'bob', 'x'.repeat(1_000_000)))).toBe('too_large')
  expect(world.heard(`chat:${visit}`)).toHaveLength(1)
})

test('one refusal in a batch takes nobody with it', async () => {
  await using world = await openChat()
  const sends = ['bob', 'eve', 'ann', 'olga', 'cid'].map((userId) => codeOf(say(world, userId, 'hi')))
  expect(await Promise.all(sends)).toEqual(['done', 'not_found', 'done', 'forbidden', 'done'])
  const { messages } = await world.api().messages(visit, 'ann')
  expect(messages.map(({ number, userId }) => [number, userId])).toEqual([
    [1, 'bob'],
    [2, 'ann'],
    [3, 'cid'],
  ])
})

test('members who are mentioned are notified once each, with ids and no text', async () => {
  await using world = await openChat()
  const mentions = ['cid', 'cid', 'bob', 'eve', 'ann']
  const { message } = await world.api().send({ roomId: visit, userId: 'bob', text: 'secret', mentions })
  expect(message.mentions).toEqual(['cid', 'bob', 'ann'])
  expect(world.notified.map(({ to }) => to)).toEqual([{ userId: 'cid' }, { userId: 'ann' }])
  expect(JSON.stringify(world.notified)).not.toContain('secret')
  const many = Array.from({ length: 10_000 }, (_, index) => `u${index}`)
  expect(await codeOf(world.api().send({ roomId: visit, userId: 'bob', text: 'x', mentions: many }))).toBe('too_large')
})

test('an answer is to a message of the same room', async () => {
  await using world = await openChat()
  await world.api().createRoom({ id: 'other', members: [{ userId: 'bob' }] })
  const elsewhere = (await world.api().send({ roomId: 'other', userId: 'bob', text: 'hi' })).message
  const here = await say(world, 'ann', 'hi')
  const reply = (replyTo: string) => world.api().send({ roomId: visit, userId: 'bob', text: 're', replyTo })
  expect((await reply(here.id)).message.replyTo).toBe(here.id)
  expect(await codeOf(reply(elsewhere.id))).toBe('invalid_payload')
  expect(await codeOf(reply('no-such'))).toBe('invalid_payload')
})

test('attachments and data go with a message that has no text', async () => {
  await using world = await openChat()
  const attachments = [{ name: 'x.pdf', url: '/files/1', type: 'application/pdf', size: 5 }]
  const { message } = await world.api().send({ roomId: visit, userId: 'bob', text: '', attachments, data: { a: [1] } })
  const { messages } = await world.api().messages(visit, 'ann')
  expect(messages).toEqual([message])
  expect(message).toMatchObject({ text: '', attachments, data: { a: [1] } })
})
