/** What members may try against each other: to fail what others do at the same time, to fill the store, to be somebody else. */
import { expect, test } from 'bun:test'
import type { ChatMessage } from '@fanfare/protocol'
import { codeOf, openChat, say, visit } from './chat.world.ts'
import { bounds } from './options.ts'

const nul = '\u0000'

test('an id that no database takes is refused, and fails nobody who asks at the same time', async () => {
  await using world = await openChat()
  const bob = world.person('bob')
  const { id } = await say(world, 'bob', 'hi')
  const refused = [
    bob.says('message:edit', { roomId: visit, id: nul, text: 'x' }),
    bob.says('message:react', { roomId: visit, id: nul, reaction: 'x' }),
    bob.says('message:send', { roomId: visit, text: 'x', replyTo: nul }),
    bob.says('chat:members', { roomId: visit, after: nul }),
    bob.says('chat:list', { before: `1 ${nul}` }),
    world.api().removeMember(visit, nul),
    world.api().messages(visit, nul),
  ].map(codeOf)
  const others = [bob.says('message:send', { roomId: visit, text: 'y', replyTo: id }), world.api().role(visit, 'bob')]
  const [sent, role] = await Promise.all(others)
  expect([sent, role]).toMatchObject([{ message: { text: 'y' } }, 'member'])
  expect(new Set(await Promise.all(refused))).toEqual(new Set(['invalid_payload']))
  const roles = [`${visit}${nul}`, visit].map((roomId) => world.api().role(roomId, 'bob'))
  expect(await Promise.all(roles)).toEqual([undefined, 'member'])
})

test('a name with the mark between room and user is no place of another', async () => {
  await using world = await openChat()
  await world.api().putMembers(visit, [{ userId: 'team|ann', role: 'owner' }])
  expect(await world.api().role(visit, 'team|ann')).toBe('owner')
  expect(await world.api().role(`${visit}|team`, 'ann')).toBeUndefined()
})

test('a message is told again so often and no more, and its author can still put it right and take it away', async () => {
  await using world = await openChat()
  const { id } = await say(world, 'bob', 'hi')
  const [bob, cid] = [world.person('bob'), world.person('cid')]
  const react = (remove = false) => cid.says('message:react', { roomId: visit, id, reaction: '+', remove })
  const edit = (text: string) => bob.says<ChatMessage>('message:edit', { roomId: visit, id, text })
  const told = (from: number, to: number) =>
    world.store.of('acme').change(async ({ rows }) => {
      const offsets = Array.from({ length: to - from }, (_, n) => 1_000_000 + from + n)
      for (const event_offset of offsets) {
        await rows.insertInto('chat_retelling').values({ message_id: id, event_offset }).execute()
      }
    })
  await react()
  await told(1, bounds.changes)
  expect(await codeOf(react(true))).toBe('done')
  expect(await codeOf(react())).toBe('too_large')
  expect((await edit('better')).text).toBe('better')
  await told(bounds.changes, 2 * bounds.changes)
  expect(await codeOf(edit('best'))).toBe('too_large')
  expect(await codeOf(bob.says('message:delete', { roomId: visit, id }))).toBe('done')
})

test('of two who make a room of one name at once, the other hears nothing of it', async () => {
  await using world = await openChat({ options: { create: () => true } })
  const make = (userId: string) =>
    codeOf(world.person(userId).says('chat:create', { id: 'same', title: `of ${userId}`, members: [] }))
  const made = await Promise.all(['ann', 'eve', 'bob'].map(make))
  expect(made.sort()).toEqual(['done', 'forbidden', 'forbidden'])
})

test('a room may be larger than what one statement takes', async () => {
  await using world = await openChat({ options: { members: 50_000 } })
  const members = Array.from({ length: 33_000 }, (_, n) => ({ userId: `user-${n}` }))
  expect((await world.api().putMembers(visit, members)).members).toBe(33_005)
}, 20_000)
