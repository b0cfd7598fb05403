import { expect, test } from 'bun:test'
import type { ChatRoom, MemberPage } from '@fanfare/protocol'
import { codeOf, openChat, say, visit } from './chat.world.ts'

test('only members may be in a room, from their first day to their last', async () => {
  await using world = await openChat()
  const [bob, eve] = [world.person('bob'), world.person('eve')]
  for (const room of [`chat:${visit}`, `chat:${visit}:receipts`, `chat:${visit}:typing`]) {
    expect([await bob.may('subscribe', room), await eve.may('subscribe', room)]).toEqual([true, false])
    expect(await bob.may('publish', room, 'message.created')).toBe(false)
  }
  expect(await bob.may('subscribe', 'chats:bob')).toBe(true)
  expect(await bob.may('subscribe', 'chats:ann')).toBe(false)
  await world.api().putMembers(visit, [{ userId: 'eve' }])
  expect(await eve.may('history', `chat:${visit}`)).toBe(true)
  await world.api().removeMember(visit, 'eve')
  expect(await eve.may('subscribe', `chat:${visit}`)).toBe(false)
  expect(await codeOf(say(world, 'eve', 'hi'))).toBe('not_found')
  await world.settled()
  const before = world.reweighed.length
  await world.api().removeMember(visit, 'eve')
  expect(world.reweighed.slice(before)).toEqual(['acme eve'])
})

test('subscriptions end even if the node that took a member out said so to nobody', async () => {
  await using world = await openChat()
  await world.api().removeMember(visit, 'bob')
  const event = world.heard(`chat:${visit}`).at(-1)!
  expect(event).toMatchObject({ type: 'member.left', data: { userId: 'bob' } })
  const before = world.reweighed.length
  for (const { react } of world.services.app.reactions('member.left')) await react(world.of(), event)
  expect(world.reweighed.slice(before)).toEqual(['acme bob'])
})

test('rights of owners and moderators over members', async () => {
  await using world = await openChat()
  const put = (by: string, userId: string, role: 'owner' | 'moderator' | 'member' | 'observer' = 'member') =>
    codeOf(world.person(by).says('member:put', { roomId: visit, members: [{ userId, role }] }))
  const remove = (by: string, userId: string) =>
    codeOf(world.person(by).says('member:remove', { roomId: visit, userId }))
  expect(await put('bob', 'dan')).toBe('forbidden')
  expect(await put('eve', 'eve', 'owner')).toBe('not_found')
  expect(await put('mo', 'dan')).toBe('done')
  expect([await put('mo', 'dan', 'moderator'), await put('mo', 'ann', 'observer')]).toEqual(['forbidden', 'forbidden'])
  expect(await put('ann', 'dan', 'moderator')).toBe('done')
  expect([await remove('mo', 'dan'), await remove('mo', 'ann'), await remove('bob', 'cid')]).toEqual([
    'forbidden',
    'forbidden',
    'forbidden',
  ])
  expect([await remove('bob', 'bob'), await remove('mo', 'cid'), await remove('ann', 'mo')]).toEqual([
    'done',
    'done',
    'done',
  ])
  const room = (await world.api().room(visit)) as ChatRoom
  expect(room.members).toBe(3)
  const { members } = await world.api().members(visit)
  expect(members.map(({ userId, role }) => `${userId} ${role}`)).toEqual([
    'ann owner',
    'dan moderator',
    'olga observer',
  ])
  const actions = world.audited.filter(({ action }) => action === 'member.removed')
  expect(actions.map(({ actor, subject }) => [actor, subject])).toEqual([
    [{ kind: 'user', id: 'bob' }, 'bob'],
    [{ kind: 'user', id: 'mo' }, 'cid'],
    [{ kind: 'user', id: 'ann' }, 'mo'],
  ])
})

test('a room has so many members and no more, and their list comes in pages', async () => {
  await using world = await openChat({ options: { members: 250 } })
  const many = (count: number) => Array.from({ length: count }, (_, index) => ({ userId: `u${1_000 + index}` }))
  expect(await codeOf(world.api().putMembers(visit, many(100_000)))).toBe('too_large')
  expect(await codeOf(world.api().putMembers(visit, many(246)))).toBe('too_large')
  expect((await world.api().putMembers(visit, many(245))).members).toBe(250)
  const seen: string[] = []
  for (let after: string | undefined = ''; after !== undefined; ) {
    const page: MemberPage = await world.person('bob').says('chat:members', { roomId: visit, after })
    seen.push(...page.members.map(({ userId }) => userId))
    after = page.after
  }
  expect(new Set(seen).size).toBe(250)
  expect(await codeOf(world.person('eve').says('chat:members', { roomId: visit }))).toBe('not_found')
})

test('the same id gives the room as it is, and who may make one is the application’s to say', async () => {
  await using world = await openChat({ options: { create: ({ user }) => user.is('doctor') } })
  const again = await world.api().createRoom({ id: visit, title: 'Other', members: [{ userId: 'eve' }] })
  expect(again).toEqual((await world.api().room(visit)) as ChatRoom)
  expect(again.title).toBe('Visit')
  const create = (userId: string, id: string, roles: readonly string[]) =>
    world.person(userId, { roles }).says<ChatRoom>('chat:create', { id, members: [{ userId: 'bob' }] })
  expect(await codeOf(create('eve', 'mine', []))).toBe('forbidden')
  expect(await codeOf(create('eve', visit, ['doctor']))).toBe('forbidden')
  expect((await create('dee', 'mine', ['doctor'])).members).toBe(2)
  expect(await world.api().role('mine', 'dee')).toBe('owner')
  for (const id of ['a:b', 'a b', '', '..']) {
    expect(await codeOf(world.api().createRoom({ id, members: [] }))).toBe('bad_name')
  }
})

test('the application’s own rule stands besides membership', async () => {
  const closed = new Set<string>()
  await using world = await openChat({
    options: {
      may: ({ roomId, action, user }) =>
        !['cid', 'eve'].includes(user.id) && !(closed.has(roomId) && action === 'send'),
    },
  })
  const send = (userId: string) => codeOf(world.person(userId).says('message:send', { roomId: visit, text: 'hi' }))
  expect([await send('bob'), await send('cid'), await send('eve')]).toEqual(['done', 'forbidden', 'not_found'])
  expect(await world.person('cid').may('subscribe', `chat:${visit}`)).toBe(false)
  expect(await world.person('cid').says('chat:list', {})).toEqual({ rooms: [] })
  closed.add(visit)
  expect(await send('bob')).toBe('forbidden')
  expect(await codeOf(world.person('bob').says('chat:open', { roomId: visit }))).toBe('done')
})

test('a room is renamed by those who may', async () => {
  await using world = await openChat()
  const rename = (userId: string, title: string) =>
    world.person(userId).says<ChatRoom>('chat:update', { roomId: visit, title })
  expect(await codeOf(rename('bob', 'Mine'))).toBe('forbidden')
  const room = await rename('mo', 'Second visit')
  expect(room.title).toBe('Second visit')
  expect(world.heard(`chat:${visit}`).at(-1)).toMatchObject({ type: 'room.updated', userId: 'mo', data: { room } })
})
