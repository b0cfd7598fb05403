import { expect, test } from 'bun:test'
import type { ChatMessage } from '@fanfare/protocol'
import { codeOf, openChat, say, visit } from './chat.world.ts'

const hour = 3_600_000

test('an author edits for a while, and everybody sees it', async () => {
  await using world = await openChat({ options: { editable: '1h' } })
  const { id, offset } = await say(world, 'bob', 'helo')
  await world.clock.advance(1_000)
  const edit = (userId: string, text: string) => world.api().edit({ roomId: visit, id, userId, text })
  const message = await edit('bob', 'hello')
  expect(message).toMatchObject({ text: 'hello', number: 1, offset, editedAt: '2026-01-01T00:00:01.000Z' })
  expect(world.heard(`chat:${visit}`).at(-1)).toMatchObject({ type: 'message.edited', data: { message } })
  expect((await world.api().messages(visit, 'cid')).messages).toEqual([message])
  expect([await codeOf(edit('mo', 'x')), await codeOf(edit('eve', 'x'))]).toEqual(['forbidden', 'not_found'])
  expect(await codeOf(edit('bob', ' '))).toBe('invalid_payload')
  await world.clock.advance(hour)
  expect(await codeOf(edit('bob', 'late'))).toBe('forbidden')
})

test('what is deleted says nothing any more: not in its row, and in no event that told of it', async () => {
  await using world = await openChat()
  const { id } = await say(world, 'bob', 'a secret')
  await world.api().edit({ roomId: visit, id, userId: 'bob', text: 'another secret' })
  await world.api().react({ roomId: visit, id, userId: 'ann', reaction: '👍' })
  const gone = await world.api().delete({ roomId: visit, id, userId: 'bob' })
  expect(gone).toMatchObject({ id, number: 1, text: '', attachments: [], mentions: [], reactions: {} })
  expect(gone.deletedAt).toBeDefined()
  expect((await world.api().messages(visit, 'ann')).messages).toEqual([gone])
  const rows = await world.store.of('acme').read(async (rows) => ({
    messages: await rows.selectFrom('chat_message').selectAll().execute(),
    journal: await rows.selectFrom('journal').selectAll().execute(),
    reactions: await rows.selectFrom('chat_reaction').selectAll().execute(),
  }))
  expect(JSON.stringify(rows)).not.toContain('secret')
  expect(rows.reactions).toEqual([])
  expect(rows.journal.map(({ type }) => type).slice(1)).toEqual([
    'message.created',
    'message.edited',
    'message.reacted',
    'message.deleted',
  ])
  expect(await world.api().delete({ roomId: visit, id, userId: 'bob' })).toEqual(gone)
  expect(await codeOf(world.api().react({ roomId: visit, id, userId: 'ann', reaction: '👍' }))).toBe('not_found')
  expect(world.audited.filter(({ action }) => action === 'message.deleted')).toEqual([
    {
      tenantId: 'acme',
      action: 'message.deleted',
      actor: { kind: 'user', id: 'bob' },
      subject: id,
      detail: { room: `chat:${visit}`, author: 'bob' },
    },
  ])
})

test('moderators delete what others said, always; members only their own, for a while', async () => {
  await using world = await openChat({ options: { editable: '1h' } })
  const [one, two] = [await say(world, 'bob', 'one'), await say(world, 'bob', 'two')]
  const remove = (userId: string, id: string) => codeOf(world.api().delete({ roomId: visit, id, userId }))
  expect(await remove('cid', one.id)).toBe('forbidden')
  expect(await remove('eve', one.id)).toBe('not_found')
  await world.clock.advance(2 * hour)
  expect(await remove('bob', one.id)).toBe('forbidden')
  expect([await remove('mo', one.id), await remove('ann', two.id)]).toEqual(['done', 'done'])
})

test('a reaction counts once for each user, and can be taken back', async () => {
  await using world = await openChat()
  const { id } = await say(world, 'bob', 'hi')
  const react = (userId: string, remove = false) =>
    world.api().react({ roomId: visit, id, userId, reaction: '👍', remove })
  await Promise.all([react('ann'), react('cid'), react('ann')])
  expect((await react('ann')).reactions).toEqual({ '👍': { users: ['ann', 'cid'], more: 0 } })
  const before = world.heard(`chat:${visit}`).length
  expect((await react('ann', true)).reactions).toEqual({ '👍': { users: ['cid'], more: 0 } })
  await react('ann', true)
  expect(world.heard(`chat:${visit}`)).toHaveLength(before + 1)
  expect(await codeOf(react('olga'))).toBe('forbidden')
})

test('of many who react alike the first are named, and kinds are bounded', async () => {
  const members = Array.from({ length: 30 }, (_, index) => ({ userId: `u${index}` }))
  await using world = await openChat()
  await world.api().putMembers(visit, members)
  const { id } = await say(world, 'bob', 'hi')
  const react = (userId: string, reaction: string) => world.api().react({ roomId: visit, id, userId, reaction })
  for (const { userId } of members) await react(userId, 'ok')
  const { reactions } = (await world.api().messages(visit, 'ann')).messages[0] as ChatMessage
  expect(reactions.ok?.users).toHaveLength(20)
  expect(reactions.ok?.more).toBe(10)
  for (let kind = 1; kind < 20; kind++) await react('bob', `kind ${kind}`)
  expect(await codeOf(react('bob', 'one more'))).toBe('too_large')
  expect(await codeOf(react('cid', 'kind 3'))).toBe('done')
})
