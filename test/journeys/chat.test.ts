/** A chat over real sockets: what is said is heard, what was missed is replayed, and who is taken out hears nothing more. */
import { expect, test } from 'bun:test'
import type { ChatMessage, Json, SentMessage } from '@fanfare/protocol'
import { defineApp } from '@fanfare/server'
import { type Actor, startWorld, type World } from '@fanfare/testkit'

const app = defineApp({
  rooms: { lobby: { events: {}, access: 'tenant' } },
  features: { chat: { create: ({ user }) => user.is('doctor') } },
})

const command = (actor: Actor, name: string, input: Json): Promise<Json> => actor.asks({ type: 'command', name, input })

/** Ann, who has made a room with Bob. */
const openVisit = async (world: World): Promise<Actor> => {
  const ann = await world.person('ann', { roles: ['doctor'] })
  await command(ann, 'chat:create', { id: 'visit', members: [{ userId: 'bob' }] })
  return ann
}

const say = async (actor: Actor, text: string, key?: string): Promise<ChatMessage> => {
  const said = await command(actor, 'message:send', { roomId: 'visit', text, ...(key === undefined ? {} : { key }) })
  return (said as unknown as SentMessage).message
}

test('members hear each other, and who was away hears what was said meanwhile, once', async () => {
  await using world = await startWorld({ app })
  const ann = await openVisit(world)
  const bob = await world.person('bob')
  const { epoch } = await bob.joins('chat:visit')
  const message = await say(ann, 'hello', 'k1')
  expect(await bob.hears('message.created')).toMatchObject({ offset: message.offset, data: { message } })
  await bob.drops()
  await say(ann, 'are you there?')
  await say(ann, 'hello', 'k1')
  const back = await world.person('bob')
  const since = { epoch, offset: message.offset }
  expect((await back.joins('chat:visit', since)).recovered).toBe(true)
  expect(await back.hears('message.created')).toMatchObject({
    data: { message: { number: 2, text: 'are you there?' } },
  })
  await say(ann, 'good')
  expect(await back.hears('message.created')).toMatchObject({ data: { message: { number: 3, text: 'good' } } })
  expect(back.heard).toHaveLength(2)
})

test('what a room opens with and what it says from there on leave nothing out', async () => {
  await using world = await startWorld({ app })
  const ann = await openVisit(world)
  await say(ann, 'one')
  const bob = await world.person('bob')
  const opened = (await command(bob, 'chat:open', { roomId: 'visit' })) as {
    readonly position: { readonly epoch: string; readonly offset: number }
    readonly unread: number
  }
  expect(opened.unread).toBe(1)
  await say(ann, 'two')
  expect((await bob.joins('chat:visit', opened.position)).recovered).toBe(true)
  expect(await bob.hears('message.created')).toMatchObject({ data: { message: { number: 2, text: 'two' } } })
})

test('who is taken out hears nothing more within a second, and learns of no room', async () => {
  await using world = await startWorld({ app })
  const ann = await openVisit(world)
  const bob = await world.person('bob')
  await bob.joins('chat:visit')
  await bob.joins('chat:visit:typing')
  await bob.joins('chats:bob')
  const removed = performance.now()
  await command(ann, 'member:remove', { roomId: 'visit', userId: 'bob' })
  const ended = [await bob.sees('subscription'), await bob.sees('subscription')]
  expect(performance.now() - removed).toBeLessThan(1_000)
  expect(ended.map(({ room, status }) => `${room} ${status}`).sort()).toEqual([
    'chat:visit unsubscribed',
    'chat:visit:typing unsubscribed',
  ])
  await expect(bob.joins('chat:visit')).rejects.toThrow('may not subscribe')
  await expect(say(bob, 'hi')).rejects.toThrow('no such chat room')
})

test('a second device knows how much is unread without being in the room', async () => {
  await using world = await startWorld({ app })
  const ann = await openVisit(world)
  const [phone, laptop] = [await world.person('bob'), await world.person('bob')]
  for (const device of [phone, laptop]) await device.joins('chats:bob')
  await say(ann, 'one')
  await say(ann, 'two')
  const activity = { roomId: 'visit', lastNumber: 2 }
  for (const device of [phone, laptop]) {
    expect(await device.hears('chat.activity')).toMatchObject({ data: { ...activity, read: 0, unread: 2 } })
  }
  await command(phone, 'message:read', { roomId: 'visit', number: 2 })
  expect(await laptop.hears('chat.activity')).toMatchObject({ data: { ...activity, read: 2, unread: 0 } })
})
