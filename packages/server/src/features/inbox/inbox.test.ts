import { expect, test } from 'bun:test'
import type { NewNotification } from '@fanfare/protocol'
import { openFeature } from '../feature.world.ts'
import { inbox } from './inbox.ts'

const toAnn = (title: string, more: Partial<NewNotification> = {}): NewNotification => ({
  to: { userId: 'ann' },
  kind: 'mention',
  title,
  ...more,
})

test('a notification is kept, counted and told', async () => {
  await using world = await openFeature(inbox)
  expect(await world.api().notify(toAnn('Bob mentioned you', { data: { room: 'r1' } }))).toEqual({ notified: 1 })
  const page = await world.api().list('ann')
  expect(page).toMatchObject({
    notifications: [{ title: 'Bob mentioned you', message: '', data: { room: 'r1' }, state: 'unseen', count: 1 }],
    count: { unseen: 1, unread: 1, version: 1 },
  })
  expect(world.heard('inbox:ann')).toMatchObject([
    { type: 'notification.created', data: { notification: page.notifications[0]!, count: page.count } },
  ])
})
