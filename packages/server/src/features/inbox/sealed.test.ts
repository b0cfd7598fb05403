import { expect, test } from 'bun:test'
import { randomBytes } from 'node:crypto'
import { openInbox, toUser } from './inbox.world.ts'
import { newVapid, PushService } from './push/push-service.world.ts'
import { inboxSchema } from './tables.ts'

const encryptionKeys = [randomBytes(32).toString('base64')]
const secret = { title: 'secret title', message: 'secret message', data: { note: 'secret note' } }

test('with a key nothing of what is said stands open in the store, and all of it is read again', async () => {
  const vapid = newVapid()
  await using service = await new PushService(vapid.publicKey).open()
  const preferences = { kinds: { like: { inbox: true, push: false, digestMs: 60_000 } } }
  await using world = await openInbox({ encryptionKeys, settings: { vapid }, options: { preferences } })
  const api = world.node.api()
  const phone = service.browser('secret-phone')
  await api.addPush('ann', phone)
  await world.store.of('acme').change(({ rows }) =>
    rows
      .insertInto('inbox_follow')
      .values(Array.from({ length: 501 }, (_, index) => ({ topic: 'all', user_id: `user-${index}` })))
      .execute(),
  )
  await api.notify(toUser('ann', secret), toUser('bob', { ...secret, kind: 'like' }))
  await api.notify(toUser('', { ...secret, to: { topic: 'all' } }))
  const everything = await world.store.everywhere('read', async (rows) => {
    const names = ['inbox_notification', 'inbox_digest', 'inbox_task', 'inbox_push', 'journal'] as const
    return Promise.all(names.map(async (name) => [name, await rows.selectFrom(name).selectAll().execute()] as const))
  })
  for (const [name, rows] of everything) {
    expect([name, rows.length > 0]).toEqual([name, true])
    expect(JSON.stringify(rows)).not.toContain('secret')
    expect(JSON.stringify(rows)).not.toContain(phone.keys.auth)
  }
  await world.node.restarts()
  await world.passes(61_000)
  const again = world.node.api()
  expect((await again.list('ann')).notifications).toMatchObject([secret])
  expect((await again.list('bob')).notifications).toMatchObject([secret])
  expect((await again.list('user-500')).notifications).toMatchObject([secret])
  expect(service.shownBy('secret-phone')).toMatchObject([secret])
})

test('every sealed column is one that a rotation of keys finds, by the row it is sealed for', async () => {
  await using world = await openInbox({ encryptionKeys })
  await world.node.api().notify(toUser('ann', secret))
  const [row] = await world.store.of('acme').read((rows) => rows.selectFrom('inbox_notification').selectAll().execute())
  const sealer = await world.store.of('acme').sealer()
  const column = inboxSchema.sealed!.find(({ table }) => table === 'inbox_notification')!
  expect(JSON.parse(sealer.open({ text: row!.content, keyId: row!.key_id }, column.about(row!)))).toEqual(secret)
  expect(inboxSchema.sealed!.map(({ table }) => table as string).sort()).toEqual(
    inboxSchema.migrations
      .flatMap(({ statements }) => statements)
      .filter((statement) => statement.includes('key_id TEXT'))
      .map((statement) => /CREATE TABLE (\w+)/.exec(statement)![1]!)
      .sort(),
  )
})
