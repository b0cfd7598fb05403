import { expect, test } from 'bun:test'
import type { CommandInput, CommandOutput, Described, MessagePage, SentMessage } from '@fanfare/protocol'
import type { FeatureCommands } from '../../app/features.ts'
import { codeOf, openChat, say, visit } from './chat.world.ts'
import { chatCommands } from './commands.ts'

test('a server makes rooms, sends as members and reads as members', async () => {
  await using world = await openChat()
  const made = await world.asks('POST /v1/chat/rooms', {
    scopes: ['admin'],
    json: { id: 'lab', title: 'Lab', members: [{ userId: 'ann' }] },
  })
  expect([made.status, await made.json()]).toEqual([200, expect.objectContaining({ id: 'lab', members: 1 })])
  const put = await world.asks('PUT /v1/chat/rooms/lab/members', {
    scopes: ['admin'],
    json: { members: [{ userId: 'bob', role: 'observer' }] },
  })
  expect(((await put.json()) as { members: number }).members).toBe(2)
  const send = () =>
    world.asks('POST /v1/chat/rooms/lab/messages', {
      scopes: ['publish:chat:lab'],
      json: { userId: 'ann', text: 'ready', key: 'k1' },
    })
  const first = (await (await send()).json()) as SentMessage
  expect(await (await send()).json()).toEqual({ message: first.message, duplicate: true })
  const read = await world.asks('GET /v1/chat/rooms/lab/messages?userId=bob&limit=1', { scopes: ['read'] })
  expect(((await read.json()) as MessagePage).messages).toEqual([first.message])
  const removed = await world.asks('DELETE /v1/chat/rooms/lab/members/bob', { scopes: ['admin'] })
  expect(removed.ok).toBe(true)
  expect(await world.api().role('lab', 'bob')).toBeUndefined()
})

test('what a server asks wrongly is refused with the status that says so', async () => {
  await using world = await openChat()
  const status = async (request: string, asked: object) => (await world.asks(request, asked)).status
  const said = { userId: 'eve', text: 'hi' }
  const messages = `/v1/chat/rooms/${visit}/messages`
  expect(await status(`POST ${messages}`, { scopes: ['publish'], json: said })).toBe(404)
  expect(await status(`POST ${messages}`, { scopes: ['read'], json: said })).toBe(403)
  expect(await status(`POST ${messages}`, { scopes: ['publish:chat:other'], json: said })).toBe(403)
  expect(await status(`POST ${messages}`, { scopes: ['publish'], json: { userId: 'ann' } })).toBe(422)
  expect(await status(`POST ${messages}`, { scopes: ['publish'], json: said, tenantId: 'other' })).toBe(404)
  expect(await status(`GET ${messages}?userId=bob&before=-1`, { scopes: ['read'] })).toBe(422)
  expect(await status(`GET ${messages}?userId=bob&before=NaN`, { scopes: ['read'] })).toBe(422)
  expect(await status('POST /v1/chat/rooms', { scopes: ['publish'], json: { members: [] } })).toBe(403)
})

test('what commands are given is checked before anything else', async () => {
  await using world = await openChat()
  const bob = world.person('bob')
  const { id } = await say(world, 'bob', 'hi')
  const asks = (name: string, input: object) => codeOf(bob.says(name, input))
  expect(await asks('message:send', { roomId: visit, text: 5 })).toBe('invalid_payload')
  expect(await asks('message:send', { roomId: visit, text: 'x', mentions: 'ann' })).toBe('invalid_payload')
  expect(await asks('message:react', { roomId: visit, id, reaction: 'x'.repeat(1_000_000) })).toBe('invalid_payload')
  expect(await asks('message:read', { roomId: visit, number: '1' })).toBe('invalid_payload')
  expect(await asks('chat:messages', { roomId: visit, before: -5 })).toBe('invalid_payload')
  expect(await asks('chat:open', { roomId: 'a:b' })).toBe('bad_name')
  expect(await asks('message:edit', { roomId: visit, id: 'nope', text: 'x' })).toBe('not_found')
})

test('a typed client knows exactly the commands that there are', () => {
  type App = Described<{
    readonly rooms: Record<never, never>
    readonly commands: FeatureCommands & Record<string, never>
  }>
  type Known = Extract<
    keyof FeatureCommands,
    `chat:${string}` | `message:${string}` | `member:${string}` | `typing:${string}`
  >
  const names: { readonly [Name in Known]: true } & { readonly [Name in keyof ReturnType<typeof chatCommands>]: true } =
    {
      'chat:create': true,
      'chat:list': true,
      'chat:members': true,
      'chat:messages': true,
      'chat:open': true,
      'chat:privacy': true,
      'chat:update': true,
      'member:put': true,
      'member:remove': true,
      'message:delete': true,
      'message:delivered': true,
      'message:edit': true,
      'message:react': true,
      'message:read': true,
      'message:send': true,
      'typing:start': true,
      'typing:stop': true,
    }
  const input: CommandInput<App, 'message:send'> = { roomId: visit, text: 'hi' }
  const answer = (sent: CommandOutput<App, 'message:send'>): boolean => sent.duplicate
  expect(answer).toBeFunction()
  expect(input.text).toBe('hi')
  expect(Object.keys(chatCommands({})).sort()).toEqual(Object.keys(names))
})
