import { expect, test } from 'bun:test'
import { randomBytes } from 'node:crypto'
import { fakeClock } from '../../lib/fake-clock.ts'
import { openTestStore } from '../../store/store.world.ts'
import { openChat, say, visit } from './chat.world.ts'
import { chatSchema } from './tables.ts'

test('with a key nothing of what is said stands open in the store, and all of it is read again', async () => {
  const clock = fakeClock()
  const encryptionKeys = [randomBytes(32).toString('base64')]
  await using store = await openTestStore({ clock, schemas: [chatSchema], encryptionKeys })
  await using world = await openChat({ store, clock })
  const attachments = [{ name: 'secret.pdf', url: '/files/secret', type: 'application/pdf', size: 5 }]
  const data = { note: 'secret' }
  const send = () => world.api().send({ roomId: visit, userId: 'ann', text: 'secret', attachments, data, key: 'k' })
  const { message } = await send()
  const { id } = await say(world, 'bob', 'a secret too')
  const edited = await world.api().edit({ roomId: visit, id, userId: 'bob', text: 'still secret' })
  const rows = await store.of('acme').read(async (all) => ({
    messages: await all.selectFrom('chat_message').selectAll().execute(),
    journal: await all.selectFrom('journal').selectAll().execute(),
  }))
  expect(JSON.stringify(rows)).not.toContain('secret')
  expect(rows.messages.every(({ body_key }) => body_key !== null)).toBe(true)
  await world.restarts()
  expect((await world.api().messages(visit, 'cid')).messages).toEqual([message, edited])
  expect(await send()).toEqual({ message, duplicate: true })
  const moved = rows.messages[0]!
  await store
    .of('acme')
    .change(({ rows: all }) =>
      all
        .updateTable('chat_message')
        .set({ body: moved.body, body_key: moved.body_key })
        .where('id', '=', id)
        .execute(),
    )
  await expect(world.api().messages(visit, 'cid')).rejects.toThrow()
})
