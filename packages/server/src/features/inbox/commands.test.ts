import { expect, test } from 'bun:test'
import type { NotificationPage } from '@fanfare/protocol'
import { defineAppWith } from '../../app/define-app.ts'
import { openFeature } from '../feature.world.ts'
import { inbox } from './inbox.ts'
import { openInbox, toUser } from './inbox.world.ts'

const code = async (work: Promise<unknown>): Promise<string> => {
  try {
    await work
    return 'done'
  } catch (error) {
    return (error as { code?: string }).code ?? String(error)
  }
}

test('a user acts on their own inbox by commands, and is nowhere else', async () => {
  await using world = await openInbox()
  await world.node.api().notify(toUser('ann'), toUser('bob'))
  const ann = world.node.person('ann')
  const { notifications } = await ann.says<NotificationPage>('inbox:list', { limit: 10 })
  expect(notifications).toHaveLength(1)
  expect(await ann.says('inbox:count', {})).toEqual({ unseen: 1, unread: 1, version: 1 })
  expect(await ann.says('inbox:mark', { as: 'seen', ids: 'all' })).toEqual({ unseen: 0, unread: 1, version: 2 })
  expect(await world.node.api().count('bob')).toMatchObject({ unseen: 1 })
})

test('the room of an inbox is its user’s, and of whoever is granted to administer it', async () => {
  await using world = await openInbox()
  const { node } = world
  expect(await node.person('ann').may('subscribe', 'inbox:ann')).toBe(true)
  expect(await node.person('bob').may('subscribe', 'inbox:ann')).toBe(false)
  expect(await node.person('eve', { grants: ['admin:inbox:ann'] }).may('subscribe', 'inbox:ann')).toBe(true)
  expect(await node.person('ann').may('publish', 'inbox:ann', 'notification.created')).toBe(false)
})

test('a user follows the topics that the application lets them', async () => {
  await using world = await openInbox({ options: { topic: ({ user, topic }) => topic === `ward:${user.id}` } })
  const ann = world.node.person('ann')
  await ann.says('inbox:subscribe', { topic: 'ward:ann' })
  expect(await code(ann.says('inbox:subscribe', { topic: 'ward:bob' }))).toBe('forbidden')
  expect(await ann.says('inbox:topics', {})).toEqual({ topics: ['ward:ann'] })
  await ann.says('inbox:unsubscribe', { topic: 'ward:ann' })
  expect(await ann.says('inbox:topics', {})).toEqual({ topics: [] })
  await using closed = await openInbox()
  expect(await code(closed.node.person('ann').says('inbox:subscribe', { topic: 'news' }))).toBe('forbidden')
})

test('where the server has no keys for Web Push, a user is told so', async () => {
  await using world = await openInbox()
  const ann = world.node.person('ann')
  expect(await ann.says('inbox:push', {})).toEqual({ publicKey: null })
  const subscription = { endpoint: 'https://example.com/x', keys: { p256dh: 'x', auth: 'x' } }
  expect(await code(ann.says('inbox:push', { subscription }))).toBe('not_found')
})

test('what is no input of a command is refused before anything is done', async () => {
  await using world = await openInbox({ options: { topic: () => true } })
  const ann = world.node.person('ann')
  await world.node.api().notify(toUser('ann'))
  const wrong: readonly (readonly [string, unknown])[] = [
    ['inbox:list', { limit: 0 }],
    ['inbox:list', { limit: 1_000_000 }],
    ['inbox:list', { states: ['hidden'] }],
    ['inbox:mark', { as: 'unseen', ids: 'all' }],
    ['inbox:mark', { as: 'read', ids: Array.from({ length: 10_000 }, () => 'x') }],
    ['inbox:mark', { as: 'read' }],
    ['inbox:subscribe', { topic: '' }],
    ['inbox:subscribe', { topic: 'a\u0000b' }],
    ['inbox:subscribe', { topic: 'x'.repeat(1_000) }],
    ['inbox:prefer', { kinds: { '*': { inbox: true } } }],
    ['inbox:prefer', { kinds: {}, quiet: { from: '1', to: '2', timeZone: 'UTC' } }],
    ['inbox:push', { subscription: { endpoint: 'x'.repeat(10_000), keys: { p256dh: 'x', auth: 'x' } } }],
  ]
  for (const [name, input] of wrong)
    expect([name, await code(ann.says(name, input))]).toEqual([name, 'invalid_payload'])
  expect(await ann.says('inbox:count', {})).toEqual({ unseen: 1, unread: 1, version: 1 })
})

test('more at once than is taken is refused, and nobody has any of it', async () => {
  await using world = await openInbox()
  const api = world.node.api()
  const many = Array.from({ length: 1_001 }, () => toUser('ann'))
  expect(await code(api.notify(...many))).toBe('too_large')
  expect(await code(api.notify(toUser('ann'), toUser('ann', { title: 'x'.repeat(1_000_000) })))).toBe('too_large')
  expect(await api.count('ann')).toMatchObject({ unread: 0 })
  expect(await code(api.mark({ userId: 'ann', as: 'read', ids: many.map(() => 'x') }))).toBe('too_large')
  expect(await code(api.mark({ userId: '|'.repeat(100), as: 'read', ids: 'all' }))).toBe('invalid_payload')
  expect(
    await code(
      api.setRoles(
        'ann',
        Array.from({ length: 65 }, (_, index) => `role-${index}`),
      ),
    ),
  ).toBe('invalid_payload')
})

test('a user follows at most a thousand topics', async () => {
  await using world = await openInbox()
  await world.store.of('acme').change(({ rows }) =>
    rows
      .insertInto('inbox_follow')
      .values(Array.from({ length: 1_000 }, (_, index) => ({ topic: `t${index}`, user_id: 'ann' })))
      .execute(),
  )
  expect(await code(world.node.api().subscribe('ann', 'one more'))).toBe('too_large')
  expect(await code(world.node.api().subscribe('ann', 't7'))).toBe('done')
})

test('who connects with an id that can have no inbox connects all the same', async () => {
  await using world = await openInbox()
  await world.node.person('|'.repeat(100), { roles: ['nurse'] }).connects()
  expect(await world.node.api().notify(toUser('', { to: { role: 'nurse' } }))).toEqual({ notified: 0 })
})

test('a tenant’s server notifies, and reads what a user has, with a key that is for it', async () => {
  await using world = await openInbox()
  const { node } = world
  const notifications = [toUser('ann', { key: 'order 7' })]
  const sent = await node.asks('POST /v1/notifications', { json: { notifications }, scopes: ['publish'] })
  expect([sent.status, await sent.json()]).toEqual([200, { notified: 1 }])
  const read = await node.asks('GET /v1/users/ann/notifications?limit=5&states=unseen,seen', { scopes: ['read'] })
  expect([read.status, ((await read.json()) as NotificationPage).notifications.length]).toEqual([200, 1])
  expect(node.audited).toMatchObject([
    { action: 'message.read', subject: 'ann', detail: { what: 'inbox', notifications: 1 } },
  ])
  const asked = { json: { notifications } }
  expect((await node.asks('POST /v1/notifications', { ...asked, scopes: ['read'] })).status).toBe(403)
  expect((await node.asks('GET /v1/users/ann/notifications', { scopes: ['publish'] })).status).toBe(403)
  expect((await node.person('ann').asks('POST /v1/notifications', asked)).status).toBe(403)
  const wrong = [{ notifications: 7 }, { notifications: [{ to: { userId: 'ann' }, kind: 'x' }] }, {}]
  for (const json of wrong) {
    expect((await node.asks('POST /v1/notifications', { json, scopes: ['publish'] })).status).toBe(422)
  }
  const elsewhere = await node.asks('GET /v1/users/ann/notifications', { scopes: ['read'], tenantId: 'other' })
  expect(await elsewhere.json()).toEqual({ notifications: [], count: { unseen: 0, unread: 0, version: 0 } })
})

test('options that make no sense are told when the application is defined', () => {
  const wrong = [
    { keep: '90 days' },
    { reach: 0 },
    { perUser: 1.5 },
    { topic: 'all' },
    { preferences: { kinds: { x: { inbox: true, push: true, digestMs: -1 } } } },
  ]
  for (const options of wrong) {
    expect(() => defineAppWith([inbox], { rooms: {}, features: { inbox: options as never } })).toThrow('inbox')
  }
})

test('keys for Web Push that are no pair are told at the start', async () => {
  const { newVapid } = await import('./push/push-service.world.ts')
  const vapid = { ...newVapid(), publicKey: newVapid().publicKey }
  expect(await code(openFeature(inbox, { settings: { vapid } }))).toContain('not of one pair')
  expect(await code(openFeature(inbox, { settings: { vapid: { ...newVapid(), subject: 'nobody' } } }))).toContain(
    'subject',
  )
})

test('a user of a sign-in service has an inbox, under a name that a room can have', async () => {
  await using world = await openInbox()
  await world.node.api().notify(toUser('auth0|7'))
  expect(world.node.heard('inbox:auth0%7C7').map(({ type }) => type)).toEqual(['notification.created'])
})
