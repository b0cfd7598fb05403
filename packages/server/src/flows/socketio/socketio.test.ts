import { expect, test } from 'bun:test'
import { PacketType } from 'socket.io-parser'
import { publish } from '../publish.ts'
import { announceGrants, disconnectUser } from '../sessions.ts'
import { clinicWith } from './clinic.fixture.ts'
import { SocketIoWorld } from './socketio.world.ts'

const open = async (...options: Parameters<typeof clinicWith>) => {
  const { app, diary } = clinicWith(...options)
  return { world: await SocketIoWorld.open(app), diary }
}
const app = { kind: 'app', tenantId: 'acme' } as const

test('a client connects with a token, and the reply is its session id alone', async () => {
  await using world = (await open()).world
  const ann = world.client()
  const reply = await ann.connects({ token: await world.token('ann') })
  expect(reply).toEqual({ type: PacketType.CONNECT, nsp: '/', data: { sid: expect.any(String) } })
  expect(ann.frames[0]).toBe(`40{"sid":"${reply?.data.sid}"}`)
  expect(reply?.data.sid).not.toBe('engine')
  expect(await world.sessions()).toMatchObject([
    { session: reply?.data.sid, userId: 'ann', link: 'socket.io', rooms: ['user:ann'] },
  ])
})

test('a token may also come in a header', async () => {
  await using world = (await open()).world
  const ann = world.client({ headers: new Headers({ Authorization: `Bearer ${await world.token('ann')}` }) })
  expect(await ann.connects()).toMatchObject({ type: PacketType.CONNECT })
})

test('an unknown namespace is refused in the words of Socket.IO, and the connection stays', async () => {
  await using world = (await open()).world
  const ann = world.client()
  await ann.connects({ token: 'x' }, '/random')
  expect(ann.frames).toEqual(['44/random,{"message":"Invalid namespace"}'])
  expect(await ann.connects({ name: 'ann' }, '/open')).toMatchObject({ type: PacketType.CONNECT, nsp: '/open' })
})

test('a refusal says what to do', async () => {
  await using world = (await open()).world
  const none = world.client()
  expect(await none.connects()).toMatchObject({
    type: PacketType.CONNECT_ERROR,
    data: { message: expect.any(String), data: { code: 'unauthenticated', retry: 'never' } },
  })
  const token = await world.token('ann', { ttlSeconds: 60 })
  await world.passes(70_000)
  const late = world.client()
  expect(await late.connects({ token })).toMatchObject({ data: { data: { code: 'token_expired', retry: 'now' } } })
  const mallory = world.client()
  const refusal = await mallory.connects({ name: 'mallory' }, '/open')
  expect(refusal).toMatchObject({ nsp: '/open', data: { message: 'Not you.', data: { code: 'forbidden' } } })
  expect(mallory.closed).toBeUndefined()
})

test('who is in no namespace in time is sent away', async () => {
  await using world = (await open({ connectTimeout: '1s' })).world
  const silent = world.client()
  const ann = await world.person('ann')
  await world.passes(1_000)
  expect(silent.closed).toBe('forced close')
  expect(ann.closed).toBeUndefined()
  await ann.sends('1')
  await world.passes(1_000)
  expect(ann.closed).toBe('forced close')
})

test('each namespace has its own authentication, handlers and session', async () => {
  await using world = (await open()).world
  const ann = await world.person('ann')
  const reply = await ann.connects({ name: 'bob' }, '/open')
  expect(ann.packets.at(-1)).toMatchObject({ nsp: '/open', data: ['auth', { name: 'bob' }] })
  expect((await world.sessions()).map(({ userId }) => userId).sort()).toEqual(['ann', 'bob'])
  await ann.sends('1/open,')
  expect(await world.sessions()).toHaveLength(1)
  await ann.sends('2["echo",1]')
  expect(ann.heard('echoed')).toEqual([[1]])
  expect(reply?.data.sid).toBeString()
})

test.each([
  '9',
  '42',
  '2{}',
  '2abc["x"]',
  '2["connect"]',
  '2[]',
  '5["x"]',
  '511-["x"]',
  '4',
  '3{}',
  '1{}',
  '2["a",{"__proto__":1}]',
])('a bad packet ends the whole connection: %s', async (packet) => {
  const { world, diary } = await open()
  await using _ = world
  const ann = await world.person('ann')
  await ann.sends(packet)
  expect(ann.closed).toBe('parse error')
  expect(diary.left).toEqual(['parse error'])
  expect(await world.sessions()).toEqual([])
})

test('a packet for a namespace that was never joined ends the connection', async () => {
  await using world = (await open()).world
  const ann = await world.person('ann')
  await ann.sends('2/open,["x"]')
  expect(ann.closed).toBe('parse error')
})

test('an event has several arguments, a number may be its name, and the answer may be several too', async () => {
  await using world = (await open()).world
  const ann = await world.person('ann')
  await ann.sends(
    '2["echo",1,"two",{"three":[3]},null]',
    '2[7]',
    '21["several",1,"2",[3]]',
    '22["one","x"]',
    '23["nothing"]',
  )
  expect(ann.heard('echoed')).toEqual([[1, 'two', { three: [3] }, null]])
  expect(ann.packets.find(({ data }) => data?.[0] === 8)?.data).toEqual([8, 'eight'])
  expect(ann.acks()).toEqual([
    { id: 1, args: [1, '2', [3]] },
    { id: 2, args: ['x'] },
    { id: 3, args: [] },
  ])
})

test('binary goes both ways, alone and inside, with an acknowledgement', async () => {
  await using world = (await open()).world
  const ann = await world.person('ann')
  const bytes = Uint8Array.of(1, 2, 3)
  await ann.sends(
    '52-9["several",{"_placeholder":true,"num":0},{"in":[{"_placeholder":true,"num":1}]}]',
    bytes,
    Uint8Array.of(4),
  )
  expect(ann.acks()).toEqual([{ id: 9, args: [Buffer.from(bytes), { in: [Buffer.of(4)] }] }])
  await ann.sends('51-["echo",{"_placeholder":true,"num":0},1]', bytes)
  expect(ann.heard('echoed')).toEqual([[Buffer.from(bytes), 1]])
})

test('what an attachment is worth is checked before it is put together', async () => {
  await using world = (await open()).world
  const wrongPlace = await world.person('ann')
  await wrongPlace.sends('51-["echo",{"_placeholder":true,"num":1}]', Uint8Array.of(1))
  expect(wrongPlace.closed).toBe('parse error')
  const unannounced = await world.person('ann')
  await unannounced.sends(Uint8Array.of(1))
  expect(unannounced.closed).toBe('parse error')
  const interrupted = await world.person('ann')
  await interrupted.sends('51-["echo",{"_placeholder":true,"num":0}]', '2["echo"]')
  expect(interrupted.closed).toBe('parse error')
})

test('an emit is a command under the name that clients have for it; binary and several arguments reach it', async () => {
  await using world = (await open()).world
  const ann = await world.person('ann')
  await ann.sends('21["addNote",{"text":"hi"}]', '22["note:add",{"text":"ho"}]')
  expect(ann.acks()).toMatchObject([
    { id: 1, args: [{ offset: 1, by: 'ann' }] },
    { id: 2, args: [{ offset: 2, by: 'ann' }] },
  ])
  await ann.sends('51-3["countBytes",{"_placeholder":true,"num":0},2]', new Uint8Array(5))
  expect(ann.acks().at(-1)).toEqual({ id: 3, args: [10] })
  await ann.sends('2["tellMe"]')
  expect(ann.heard('told')).toEqual([['ann']])
})

test('a failure is answered with its code: to who asked, else as an event', async () => {
  await using world = (await open()).world
  const ann = await world.person('ann')
  await ann.sends(
    '21["fail"]',
    '22["addNote",{"text":7}]',
    '23["nobody knows"]',
    '24["break"]',
    '25["checked","x"]',
    '2["fail"]',
  )
  const codes = ann.acks().map(({ id, args }) => [id, (args[0] as { error: { code: string } }).error.code])
  expect(codes.sort()).toEqual([
    [1, 'rate_limited'],
    [2, 'invalid_payload'],
    [3, 'unknown_command'],
    [4, 'internal'],
    [5, 'invalid_payload'],
  ])
  expect(ann.heard('fanfare:error')).toMatchObject([[{ code: 'rate_limited', retry: 'later', retryAfterMs: 20 }]])
  expect(JSON.stringify(ann.packets)).not.toContain('a secret detail')
  await ann.sends('26["checked","ab",2]')
  expect(ann.acks().at(-1)).toEqual({ id: 6, args: ['abab'] })
})

test('an event of a room has the name that clients know, and is encoded once for all of them', async () => {
  await using world = (await open()).world
  const people = [await world.person('ann'), await world.person('bob')]
  for (const client of people) await client.sends('21["join","ward:1"]')
  await publish(world.services, app, { room: 'ward:1', event: 'note.added', data: { text: 'hi' } })
  await world.settles()
  for (const client of people) expect(client.heard('new note')).toEqual([[{ text: 'hi' }]])
  expect(people[0]?.frames.at(-1)).toBe('42["new note",{"text":"hi"}]')
  await people[0]?.sends('22["leave","ward:1"]')
  await publish(world.services, app, { room: 'ward:1', event: 'note.added', data: { text: 'ho' } })
  await world.settles()
  expect(people.map((client) => client.heard('new note').length)).toEqual([1, 2])
})

test('the server asks a client, and waits for its answer no longer than it said', async () => {
  const { world, diary } = await open()
  await using _ = world
  const ann = await world.person('ann')
  const [socket] = diary.sockets
  const answer = socket?.emitWithAck('how are you', 1)
  expect(socket).toBeDefined()
  await world.settles()
  expect(ann.packets.at(-1)).toMatchObject({ id: 1, data: ['how are you', 1] })
  await ann.sends('31["fine",2]')
  expect(await answer).toBe('fine')
  const late = socket?.timeout(500).emitWithAck('and now')
  const refused = late?.catch((error: unknown) => error)
  await world.passes(500)
  expect(await refused).toMatchObject({ code: 'unavailable', message: 'The client did not answer in 500 ms.' })
  await ann.sends('32["too late"]', '377["never asked"]')
  const gone = socket?.emitWithAck('still there?').catch((error: unknown) => error)
  ann.breaks()
  expect(await gone).toMatchObject({ code: 'unavailable' })
})

test('emits reach a session, a user, a room without the sender, and everyone of the tenant', async () => {
  const { world, diary } = await open()
  await using _ = world
  const [ann, annAgain, bob] = [await world.person('ann'), await world.person('ann'), await world.person('bob')]
  const zoe = world.client()
  await zoe.connects({ token: await world.token('zoe', { tenantId: 'other' }) })
  const guest = world.client()
  await guest.connects({ name: 'guest' }, '/open')
  for (const client of [ann, annAgain, bob]) await client.sends('2["join","ward:1"]')
  const [first] = diary.sockets
  await ann.sends('2["greet","ward:1"]')
  first?.to({ userId: 'ann' }).emit('to the user')
  first?.to({ session: diary.sockets[2]?.id ?? '' }).emit('to bob', Buffer.of(1))
  first?.to({ everyone: true }).emit('to all')
  await world.settles()
  const heard = [ann, annAgain, bob, zoe, guest].map((client) => client.events().map(([name]) => name))
  expect(heard).toEqual([
    ['to the user', 'to all'],
    ['hello', 'to the user', 'to all'],
    ['hello', 'to bob', 'to all'],
    [],
    ['auth'],
  ])
  expect(bob.heard('to bob')).toEqual([[Buffer.of(1)]])
  expect(() => first?.to({ room: 'no such room' }).emit('x')).toThrow()
  expect(() => first?.emit('disconnect')).toThrow()
})

test('a client that leaves is told nothing; one that is sent away is told, and the connection stays', async () => {
  const { world, diary } = await open()
  await using _ = world
  const ann = await world.person('ann')
  const before = ann.frames.length
  await ann.sends('1')
  expect(ann.frames).toHaveLength(before)
  expect(ann.closed).toBeUndefined()
  expect(diary.left).toEqual(['client namespace disconnect'])
  await ann.connects({ token: await world.token('ann') })
  diary.sockets[1]?.disconnect()
  await world.settles()
  expect(ann.frames.at(-1)).toBe('41')
  expect(diary.left.at(-1)).toBe('server namespace disconnect')
  await ann.sends('2["echo","crossed the goodbye"]', '31[]')
  expect(ann.closed).toBeUndefined()
})

test('an administrator ends sessions, and no client comes back by itself', async () => {
  await using world = (await open()).world
  const ann = await world.person('ann')
  await disconnectUser(world.services, 'acme', { userId: 'ann' })
  await world.settles()
  expect(ann.frames.at(-1)).toBe('41')
  expect(await world.sessions()).toEqual([])
})

test('a token that ends is said so, and the connection ends so that its client comes back with another', async () => {
  await using world = (await open()).world
  const ann = world.client()
  await ann.connects({ token: await world.token('ann', { ttlSeconds: 60 }) })
  await world.passes(61_000)
  expect(ann.heard('fanfare:error')).toMatchObject([[{ code: 'token_expired', retry: 'now' }]])
  expect(ann.closed).toBe('forced close')
})

test('a new token on the live connection lengthens it, for the same user only', async () => {
  await using world = (await open()).world
  const ann = world.client()
  await ann.connects({ token: await world.token('ann', { ttlSeconds: 60 }) })
  await ann.sends(`21["auth","${await world.token('bob')}"]`)
  expect(await ann.answer(1)).toMatchObject([{ error: { code: 'tenant_mismatch' } }])
  await ann.sends(`22["auth",{"token":"${await world.token('ann', { ttlSeconds: 600 })}"}]`)
  expect(await ann.answer(2)).toMatchObject([{ expiresAt: expect.any(String) }])
  await world.passes(61_000)
  expect(ann.closed).toBeUndefined()
})

test('a room that the user may not read is refused; one that is taken away is left', async () => {
  await using world = (await open()).world
  const ann = world.client()
  const bob = await world.person('bob')
  const grants = ['read:ward:closed']
  await ann.connects({ token: await world.token('ann', { grants }) })
  for (const client of [ann, bob]) await client.sends('21["join","ward:closed"]')
  expect(await bob.answer(1)).toMatchObject([{ error: { code: 'forbidden' } }])
  expect(await ann.answer(1)).toEqual([])
  await world.services.auth.grants.revoke('acme', 'ann', grants)
  await announceGrants(world.services, 'acme', 'ann')
  await world.settles()
  expect(ann.heard('fanfare:unsubscribed')).toEqual([[{ room: 'ward:closed', reason: 'revoked' }]])
})

test('a reader that is too slow is closed, and its client comes back by itself', async () => {
  const { world, diary } = await open()
  await using _ = world
  const ann = await world.person('ann')
  ann.unsent = 600_000
  for (let count = 0; count < 12; count++) diary.sockets[0]?.emit('much', 'x'.repeat(50_000))
  await world.settles()
  expect(ann.closed).toBe('forced close')
  expect(diary.left).toEqual(['forced close'])
})

test('a volatile emit is left out while the client is not keeping up', async () => {
  const { world, diary } = await open()
  await using _ = world
  const ann = await world.person('ann')
  const [socket] = diary.sockets
  ann.unsent = 100_000
  socket?.emit('first')
  await world.settles()
  socket?.volatile.emit('dropped')
  socket?.emit('second')
  ann.unsent = 0
  await world.passes(1_000)
  socket?.volatile.emit('third')
  await world.settles()
  expect(ann.events().map(([name]) => name)).toEqual(['first', 'second', 'third'])
})

test('what a client held back comes at once, and is handled at the pace of its limits, in order', async () => {
  await using world = (await open()).world
  const ann = await world.person('ann')
  await ann.sends(...Array.from({ length: 300 }, (_, index) => `2${index}["one",${index}]`))
  const first = ann.acks().length
  expect(first).toBeLessThan(300)
  await world.passes(10_000)
  expect(ann.acks().map(({ id }) => id)).toEqual(Array.from({ length: 300 }, (_, index) => index))
  expect(ann.closed).toBeUndefined()
})

test('who sends more than that is cut off and told', async () => {
  await using world = (await open()).world
  const ann = await world.person('ann')
  await ann.sends(...Array.from({ length: 1_200 }, (_, index) => `2${index}["one",${index}]`))
  expect(ann.closed).toBe('forced close')
  expect(ann.heard('fanfare:error')).toMatchObject([[{ code: 'rate_limited' }]])
})

test('answers that the server asked for cost nothing, others do', async () => {
  const { world, diary } = await open()
  await using _ = world
  const ann = await world.person('ann')
  const asked = Array.from({ length: 400 }, () => diary.sockets[0]?.emitWithAck('ask'))
  await ann.sends(...asked.map((_, index) => `3${index + 1}[${index}]`))
  expect(await Promise.all(asked)).toEqual(asked.map((_, index) => index))
  expect(ann.closed).toBeUndefined()
  await ann.sends(...Array.from({ length: 400 }, (_, index) => `3${index + 1}[]`))
  expect(ann.closed).toBe('forced close')
})

test('others see a user whose connection broke off until the grace is over', async () => {
  const { world, diary } = await open()
  await using _ = world
  const ann = await world.person('ann')
  const bob = await world.person('bob')
  for (const client of [ann, bob]) await client.sends('2["join","ward:1"]')
  await diary.sockets[0]?.appear('ward:1', { mood: 'fine' })
  await world.settles()
  expect(bob.heard('fanfare:presence')).toMatchObject([[{ change: 'join', member: { userId: 'ann' } }]])
  ann.breaks()
  await world.passes(14_000)
  expect(bob.heard('fanfare:presence')).toHaveLength(1)
  await world.passes(3_000)
  const leave = [{ change: 'leave', member: { userId: 'ann' } }]
  expect(bob.heard('fanfare:presence').at(-1)).toMatchObject(leave)
  const again = await world.person('ann')
  await again.sends('21["join","ward:1"]')
  await diary.sockets[2]?.appear('ward:1')
  await again.sends('1')
  expect(bob.heard('fanfare:presence')).toHaveLength(4)
  expect(bob.heard('fanfare:presence').at(-1)).toMatchObject(leave)
})
