/** What people and servers of two tenants may ask for, as steps that a property test puts in any order. */
import fc from 'fast-check'

export const tenants = ['acme', 'acme.eu'] as const
export type Tenant = (typeof tenants)[number]

export const users = ['ann', 'bob', 'eve'] as const
export const rooms = ['visit', 'ward'] as const
const ways = ['native', 'native', 'http', 'socket.io'] as const

const text = fc.constantFrom('one', '<b>two</b>', "three' OR 1=1 --", '%', '__proto__')
const roomId = fc.constantFrom(...rooms)
const user = fc.constantFrom(...users)
/** Ann stays, so that somebody owns the rooms. */
const guest = fc.constantFrom('bob', 'eve')
const count = fc.constantFrom(0, 1, 2, 5, 2 ** 53)
/** Whose message or notification is named: the newest or an older one of the tenant's own, or one that the other tenant has. */
const which = fc.constantFrom('newest' as const, 'older' as const, 'foreign' as const)
const key = fc.constantFrom(undefined, 'k1', 'k2')

const verbs = fc.oneof(
  fc.record({
    name: fc.constant('chat:create'),
    input: fc.record({ id: roomId, title: text, members: fc.constant([{ userId: 'bob' }]) }),
  }),
  fc.record({ name: fc.constant('chat:update'), input: fc.record({ roomId, title: text }) }),
  fc.record({ name: fc.constantFrom('chat:list', 'inbox:list', 'chat:list'), input: fc.constant({}) }),
  fc.record({
    name: fc.constantFrom('chat:open', 'chat:messages', 'chat:members', 'typing:start', 'typing:stop'),
    input: fc.record({ roomId }),
  }),
  fc.record({ name: fc.constant('chat:messages'), input: fc.record({ roomId, after: count }) }),
  fc.record({ name: fc.constant('chat:privacy'), input: fc.record({ shown: fc.boolean() }) }),
  fc.record({
    name: fc.constant('member:put'),
    input: fc.record({
      roomId,
      members: fc.array(
        fc.record({ userId: guest, role: fc.constantFrom('owner', 'moderator', 'member', 'observer') }),
        { maxLength: 2 },
      ),
    }),
  }),
  fc.record({ name: fc.constant('member:remove'), input: fc.record({ roomId, userId: guest }) }),
  fc.record({
    name: fc.constant('message:send'),
    input: fc.record({ roomId, text }),
    naming: fc.record({ as: fc.constant('replyTo' as const), which }),
  }),
  fc.record({
    name: fc.constantFrom('message:edit'),
    input: fc.record({ roomId, text }),
    naming: fc.record({ as: fc.constant('id' as const), which }),
  }),
  fc.record({
    name: fc.constant('message:delete'),
    input: fc.record({ roomId }),
    naming: fc.record({ as: fc.constant('id' as const), which }),
  }),
  fc.record({
    name: fc.constantFrom('message:delivered', 'message:read'),
    input: fc.record({ roomId, number: count }),
  }),
  fc.record({ name: fc.constantFrom('inbox:count', 'inbox:topics', 'inbox:preferences'), input: fc.constant({}) }),
  fc.record({ name: fc.constantFrom('inbox:subscribe', 'inbox:unsubscribe'), input: fc.record({ topic: text }) }),
  fc.record({
    name: fc.constant('inbox:mark'),
    input: fc.record({ as: fc.constantFrom('seen', 'read', 'archived', 'unread'), ids: fc.constant('all') }),
  }),
  fc.record({
    name: fc.constant('inbox:mark'),
    input: fc.record({ as: fc.constantFrom('seen', 'read', 'archived') }),
    naming: fc.record({ as: fc.constant('ids' as const), which }),
  }),
  fc.record({
    name: fc.constant('inbox:prefer'),
    input: fc.record({
      kinds: fc.constantFrom(
        {},
        { mention: { inbox: false, push: false } },
        { news: { inbox: true, push: true, digestMs: 600_000 } },
      ),
    }),
  }),
  fc.record({
    name: fc.constantFrom('inbox:push', 'inbox:unpush'),
    input: fc.constant({ endpoint: 'https://push.example/1' }),
  }),
  fc.record({
    name: fc.constant('status:set'),
    input: fc.record({ state: fc.constantFrom('online', 'away', 'busy', 'offline'), text }),
  }),
  fc.record({
    name: fc.constant('status:get'),
    input: fc.record({ userIds: fc.subarray([...users], { minLength: 1 }) }),
  }),
)

const reactions = fc.record({
  name: fc.constant('message:react'),
  input: fc.record({ roomId, reaction: fc.constantFrom('+', 'toString'), remove: fc.boolean() }),
  naming: fc.record({ as: fc.constant('id' as const), which }),
})

/** Most of what people do is to talk. */
const command = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({
      name: fc.constant('message:send'),
      input: fc.record({ roomId, text, mentions: fc.subarray([...users]) }),
      key,
    }),
  },
  { weight: 2, arbitrary: reactions },
  { weight: 7, arbitrary: verbs },
)

const asked = (method: string, path: string) => fc.constant({ method, path })
const route = fc.oneof(
  fc.record({
    at: asked('POST', '/v1/chat/rooms'),
    body: fc.record({
      id: roomId,
      title: text,
      members: fc.constant([{ userId: 'ann', role: 'owner' }, { userId: 'bob' }]),
    }),
  }),
  fc.record({
    at: roomId.map((id) => ({ method: 'PUT', path: `/v1/chat/rooms/${id}/members` })),
    body: fc.record({ members: fc.array(fc.record({ userId: user }), { maxLength: 3 }) }),
  }),
  fc.record({
    at: fc
      .tuple(roomId, guest)
      .map(([id, userId]) => ({ method: 'DELETE', path: `/v1/chat/rooms/${id}/members/${userId}` })),
  }),
  fc.record({
    at: roomId.map((id) => ({ method: 'POST', path: `/v1/chat/rooms/${id}/messages` })),
    body: fc.record({ userId: user, text }),
  }),
  fc.record({
    at: fc
      .tuple(roomId, user)
      .map(([id, userId]) => ({ method: 'GET', path: `/v1/chat/rooms/${id}/messages?userId=${userId}` })),
  }),
  fc.record({
    at: asked('POST', '/v1/notifications'),
    body: fc.record({
      notifications: fc.array(
        fc.record({
          to: fc.oneof(fc.record({ userId: user }), fc.record({ topic: text }), fc.constant({ role: 'nurse' })),
          kind: fc.constantFrom('news', 'mention'),
          title: text,
        }),
        { minLength: 1, maxLength: 3 },
      ),
    }),
  }),
  fc.record({ at: user.map((userId) => ({ method: 'GET', path: `/v1/users/${userId}/notifications` })) }),
  fc.record({ at: user.map((userId) => ({ method: 'GET', path: `/v1/users/${userId}/status` })) }),
  fc.record({
    at: fc
      .constantFrom('chat:visit', 'inbox:ann', 'status:bob', 'notes:1')
      .map((room) => ({ method: 'GET', path: `/v1/rooms/${room}/history` })),
  }),
)

const heardRooms = [
  'chat:visit',
  'chat:ward',
  'chat:visit:receipts',
  'inbox:ann',
  'inbox:bob',
  'status:ann',
  'notes:1',
] as const
const room = fc.constantFrom(...heardRooms)

const verb = fc.oneof(
  {
    weight: 12,
    arbitrary: fc.record({ kind: fc.constant('command' as const), command, way: fc.constantFrom(...ways) }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('route' as const),
      route,
      foreignKey: fc.constantFrom(false, false, false, true),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constantFrom('join' as const, 'leave' as const, 'history' as const), room }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('resume' as const),
      room,
      from: fc.constantFrom('own' as const, 'foreign' as const),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('publish' as const), text, key }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constantFrom('ticket' as const, 'foreign ticket' as const) }) },
)

export const step = fc.record({ tenant: fc.constantFrom(...tenants), user, verb })
export type Step = typeof step extends fc.Arbitrary<infer Value> ? Value : never
export type Command = typeof command extends fc.Arbitrary<infer Value> ? Value : never
export type Verb = Step['verb']
