/** An inbox over real sockets: two devices of one user, what was missed meanwhile, a mention in a chat, and a push to a phone. */
import { expect, test } from 'bun:test'
import type { Json, NotificationCount, NotificationPage } from '@fanfare/protocol'
import { command, defineApp } from '@fanfare/server'
import { type Actor, startWorld } from '@fanfare/testkit'
import { z } from 'zod'
import { newVapid, PushService } from '../../packages/server/src/features/inbox/push/push-service.world.ts'

const app = defineApp({
  rooms: {},
  features: { chat: { create: ({ user }) => user.is('doctor') } },
  commands: {
    'order:ship': command(z.object({ order: z.string(), to: z.string() }), async (context, { order, to }) =>
      context.inbox.notify({ to: { userId: to }, kind: 'shipped', title: `Order ${order} is on its way`, key: order }),
    ),
  },
})

const asks = async <Answer = Json>(actor: Actor, name: string, input: Json): Promise<Answer> =>
  (await actor.asks({ type: 'command', name, input })) as Answer

test('two devices show the same count, whichever marks, and one that was away misses nothing', async () => {
  await using world = await startWorld({ app })
  const clerk = await world.person('clerk')
  const [phone, laptop] = [await world.person('ann'), await world.person('ann')]
  await phone.joins('inbox:ann')
  const { epoch, offset } = await laptop.joins('inbox:ann')
  expect(await asks(clerk, 'order:ship', { order: '7', to: 'ann' })).toEqual({ notified: 1 })
  const told = await phone.hears('notification.created')
  expect(told.data).toMatchObject({
    notification: { title: 'Order 7 is on its way' },
    count: { unread: 1, version: 1 },
  })
  expect((await laptop.hears('notification.created')).data).toEqual(told.data)
  await laptop.drops()
  const marked = await asks<NotificationCount>(phone, 'inbox:mark', { as: 'read', ids: 'all' })
  await asks(clerk, 'order:ship', { order: '8', to: 'ann' })
  await world.restarts()
  const again = await world.person('ann')
  await again.joins('inbox:ann', { epoch, offset })
  expect((await again.hears('notification.created')).data).toEqual(told.data)
  expect((await again.hears('notification.updated')).data).toEqual({ all: true, as: 'read', count: marked })
  expect((await again.hears('notification.created')).data).toMatchObject({ count: { unread: 1, version: 3 } })
  const page = await asks<NotificationPage>(again, 'inbox:list', {})
  expect(page.notifications.map(({ title, state }) => [title, state])).toEqual([
    ['Order 8 is on its way', 'unseen'],
    ['Order 7 is on its way', 'read'],
  ])
  expect(page.count).toEqual({ unseen: 1, unread: 1, version: 3 })
})

test('whoever is mentioned in a chat has it in the inbox, once, and the sender has not', async () => {
  await using world = await startWorld({ app })
  const ann = await world.person('ann', { roles: ['doctor'] })
  await asks(ann, 'chat:create', { id: 'visit', members: [{ userId: 'bob' }] })
  const bob = await world.person('bob')
  await bob.joins('inbox:bob')
  const message = { roomId: 'visit', text: 'Look, @bob', mentions: ['bob', 'ann'], key: 'k1' }
  await asks(ann, 'message:send', message)
  await asks(ann, 'message:send', message)
  expect((await bob.hears('notification.created')).data).toMatchObject({ notification: { kind: 'mention' } })
  expect(await asks(bob, 'inbox:count', {})).toEqual({ unseen: 1, unread: 1, version: 1 })
  expect(await asks(ann, 'inbox:count', {})).toEqual({ unseen: 0, unread: 0, version: 0 })
})

test('whoever is nowhere to be seen is pushed to, with the keys of the settings', async () => {
  const vapid = newVapid()
  await using service = await new PushService(vapid.publicKey).open()
  const config = { vapidPublicKey: vapid.publicKey, vapidPrivateKey: vapid.privateKey, vapidSubject: vapid.subject }
  await using world = await startWorld({ app, config })
  const ann = await world.person('ann')
  expect(await asks(ann, 'inbox:push', { subscription: service.browser('phone') })).toEqual({
    publicKey: vapid.publicKey,
  })
  await ann.drops()
  await asks(await world.person('clerk'), 'order:ship', { order: '7', to: 'ann' })
  // The seconds for which a reload is waited for are real here.
  for (const deadline = Date.now() + 20_000; service.received.length === 0 && Date.now() < deadline; )
    await Bun.sleep(50)
  expect(service.shownBy('phone')).toMatchObject([{ title: 'Order 7 is on its way', unread: 1 }])
}, 30_000)
