import { expect, test } from 'bun:test'
import { ownRoom } from '../own-room.ts'
import { publish } from '../publish.ts'
import { clinicWith } from './clinic.fixture.ts'
import { type FakeClient, SocketIoWorld } from './socketio.world.ts'

const windowMs = 120_000
const app = { kind: 'app', tenantId: 'acme' } as const

const open = async () => {
  const { app, diary } = clinicWith({ recovery: { for: '2m' } })
  return { world: await SocketIoWorld.open(app), diary }
}

const note = async (world: SocketIoWorld, text: string, room = 'ward:1'): Promise<void> => {
  await publish(world.services, app, { room, event: 'note.added', data: { text } })
  await world.settles()
}

/** The texts of the notes, without where they stood. */
const notes = (client: FakeClient): unknown[] =>
  client.heard('new note').map(([data]) => (data as { text: string }).text)

/** Somebody who comes back with what a stock client remembers. */
const comesBack = async (world: SocketIoWorld, before: FakeClient, changes: object = {}, userId = 'ann') => {
  const client = await world.person(userId, { ...before.memory(), ...changes })
  const reply = client.packets[0]?.data as { sid: string; pid: string }
  return { client, recovered: reply.pid === before.memory().pid, reply }
}

const joined = async (world: SocketIoWorld, room = 'ward:1'): Promise<FakeClient> => {
  const ann = await world.person('ann')
  await ann.sends(`21["join","${room}"]`)
  expect(await ann.answer(1)).toEqual([])
  return ann
}

test('the reply has a secret of its own, and every event ends with a position', async () => {
  const { world, diary } = await open()
  await using _ = world
  const ann = await joined(world)
  expect(ann.packets[0]?.data).toEqual({ sid: expect.any(String), pid: expect.any(String) })
  await note(world, 'one')
  diary.sockets[0]?.emit('direct', 1)
  diary.sockets[0]?.volatile.emit('volatile', 'a string at the end')
  diary.sockets[0]?.to({ everyone: true }).emit('to all')
  await world.settles()
  const lengths = ann.events().map((data) => [data[0], data.length, typeof data.at(-1)])
  expect(lengths.sort()).toEqual([
    ['direct', 3, 'string'],
    ['new note', 3, 'string'],
    ['to all', 2, 'string'],
    ['volatile', 3, 'string'],
  ])
})

test('a client that broke off is given what it missed, once and in order, in all its rooms', async () => {
  const { world, diary } = await open()
  await using _ = world
  const ann = await joined(world)
  await ann.sends('22["join","memory:a"]', '2["remember","tea"]')
  await note(world, 'one')
  ann.breaks()
  await world.settles()
  await note(world, 'two')
  await note(world, 'three')
  await publish(world.services, app, { room: 'memory:a', event: 'said', data: 'psst' })
  await publish(world.services, app, { room: 'user:ann', event: 'mail', data: 'dear ann' })
  diary.sockets[0]?.emit('meant for her', Buffer.of(1))
  const { client, recovered, reply } = await comesBack(world, ann)
  expect(recovered).toBe(true)
  expect(reply.sid).toBe(ann.sid)
  await note(world, 'four')
  expect(notes(client)).toEqual(['two', 'three', 'four'])
  expect(client.heard('said').map(([text]) => text)).toEqual(['psst'])
  expect(client.heard('mail').map(([text]) => text)).toEqual(['dear ann'])
  expect(client.heard('meant for her').map(([bytes]) => bytes)).toEqual([Buffer.of(1)])
  await client.sends('23["recall"]')
  expect(await client.answer(3)).toEqual([{ value: 'tea' }])
  expect(diary.sockets.map(({ recovered }) => recovered)).toEqual([false, true])
})

test('emits of all kinds and the acknowledgement after them come in that order', async () => {
  const { world, diary } = await open()
  await using _ = world
  const ann = await world.person('ann')
  await ann.sends('21["echo","first"]')
  await ann.answer(1)
  await world.settles()
  expect(ann.frames.slice(1).map((frame) => String(frame).slice(0, 9))).toEqual(['42["echoe', '431[]'])
  const [socket] = diary.sockets
  socket?.emit('one')
  socket?.volatile.emit('two')
  socket?.emitWithAck('three').catch(() => {})
  socket?.emit('four')
  await world.settles()
  expect(ann.events().map(([name]) => name)).toEqual(['echoed', 'one', 'two', 'three', 'four'])
})

test('a client that never received an event is given everything since it connected', async () => {
  const { world } = await open()
  await using _ = world
  await note(world, 'before')
  const ann = await joined(world)
  ann.breaks()
  await note(world, 'one')
  expect(ann.memory().offset).toBeUndefined()
  const { client, recovered } = await comesBack(world, ann)
  expect(recovered).toBe(true)
  expect(notes(client)).toEqual(['one'])
  client.breaks()
  await note(world, 'two')
  expect(notes((await comesBack(world, client)).client)).toEqual(['two'])
})

test('after a restart of the process too, in rooms that are on disk', async () => {
  const { world, diary } = await open()
  await using _ = world
  const ann = await joined(world)
  await note(world, 'one')
  diary.sockets[0]?.emit('direct', 'seen')
  await world.settles()
  ann.breaks()
  await note(world, 'two')
  diary.sockets[0]?.emit('direct', 'not seen')
  await world.settles()
  await world.restarts(30_000)
  const { client, recovered } = await comesBack(world, ann)
  expect(recovered).toBe(true)
  expect(notes(client)).toEqual(['two'])
  expect(client.heard('direct').map(([text]) => text)).toEqual(['not seen'])
  expect(diary.expired).toEqual([])
})

test('a room of which events are lost is not recovered, and the session begins anew', async () => {
  const { world, diary } = await open()
  await using _ = world
  const ann = await joined(world, 'memory:a')
  await publish(world.services, app, { room: 'memory:a', event: 'said', data: 'gone' })
  await world.settles()
  await world.restarts()
  const { recovered, reply } = await comesBack(world, ann)
  expect(recovered).toBe(false)
  expect(reply.sid).not.toBe(ann.sid)
  await world.passes(windowMs + 60_000)
  expect(diary.expired).toHaveLength(1)
})

test('after the window the session begins anew, and its end is told exactly once', async () => {
  const { world, diary } = await open()
  await using _ = world
  const ann = await joined(world)
  await ann.sends('2["remember","tea"]')
  ann.breaks()
  await world.settles()
  await world.passes(windowMs - 1_000)
  expect(diary.expired).toEqual([])
  await world.passes(2_000)
  const { sid } = ann
  const over = { id: sid, namespace: '/', userId: 'ann', rooms: ['user:ann', 'ward:1'], data: { value: 'tea' } }
  expect(diary.expired).toEqual([over])
  const { recovered } = await comesBack(world, ann)
  expect(recovered).toBe(false)
  await world.passes(windowMs)
  await world.restarts(10_000)
  await world.passes(5_000)
  expect(diary.expired.filter(({ id }) => id === sid)).toHaveLength(1)
})

test('a session whose process was killed for longer than the window is told of once, by the next', async () => {
  const { world, diary } = await open()
  await using _ = world
  await joined(world)
  await world.restarts(windowMs * 2)
  await world.passes(2_000)
  await world.passes(windowMs)
  expect(diary.expired).toHaveLength(1)
})

test('a live session does not end with the window', async () => {
  const { world, diary } = await open()
  await using _ = world
  const ann = await joined(world)
  await world.passes(windowMs * 3)
  expect(ann.closed).toBeUndefined()
  expect(diary.expired).toEqual([])
  ann.breaks()
  await note(world, 'late')
  const { client, recovered } = await comesBack(world, ann)
  expect(recovered).toBe(true)
  expect(notes(client)).toEqual(['late'])
})

test('who says goodbye, or is sent away, does not come back and does not expire', async () => {
  const { world, diary } = await open()
  await using _ = world
  const ann = await joined(world)
  await ann.sends('1')
  const { client, recovered } = await comesBack(world, ann)
  expect(recovered).toBe(false)
  diary.sockets.at(-1)?.disconnect()
  await world.settles()
  expect((await comesBack(world, client)).recovered).toBe(false)
  expect(diary.left).toEqual(['client namespace disconnect', 'server namespace disconnect'])
  await world.passes(windowMs / 2)
  expect(diary.expired).toEqual([])
})

test('nobody else can come back to a session: not another user, tenant or namespace, nor without the secret', async () => {
  const { world } = await open()
  await using _ = world
  const ann = await joined(world)
  ann.breaks()
  await note(world, 'for ann')
  const bob = await comesBack(world, ann, {}, 'bob')
  expect(bob.recovered).toBe(false)
  expect(notes(bob.client)).toEqual([])
  const elsewhere = world.client()
  const token = await world.token('ann', { tenantId: 'other' })
  expect((await elsewhere.connects({ token, ...ann.memory() }))?.data.pid).not.toBe(ann.memory().pid)
  const open2 = world.client()
  expect((await open2.connects({ name: 'ann', ...ann.memory() }, '/open'))?.data.pid).not.toBe(ann.memory().pid)
  for (const pid of [ann.memory().pid?.split('.')[0], `${ann.memory().pid?.split('.')[0]}.guess`, '.', 'x.y', '']) {
    expect((await comesBack(world, ann, { pid })).reply.sid).not.toBe(ann.sid)
  }
  const { client, recovered } = await comesBack(world, ann)
  expect(recovered).toBe(true)
  expect(notes(client)).toEqual(['for ann'])
})

test('who was blocked meanwhile is refused, and who lost a room begins anew without it', async () => {
  const { world } = await open()
  await using _ = world
  const grants = ['read:ward:closed']
  const ann = world.client()
  await ann.connects({ token: await world.token('ann', { grants }) })
  await ann.sends('21["join","ward:closed"]')
  await ann.answer(1)
  ann.breaks()
  await note(world, 'secret', 'ward:closed')
  await world.services.auth.grants.revoke('acme', 'ann', grants)
  const { client, recovered } = await comesBack(world, ann)
  expect(recovered).toBe(false)
  expect(notes(client)).toEqual([])
  client.breaks()
  const token = await world.token('ann')
  await world.passes(2_000)
  await world.services.auth.revokeTokens('acme', 'ann')
  const blocked = world.client()
  expect(await blocked.connects({ token, ...client.memory() })).toMatchObject({
    data: { data: { code: 'unauthenticated' } },
  })
})

test('a client that is back ends its old connection, which may not know yet that it is dead', async () => {
  const { world } = await open()
  await using _ = world
  const ann = await joined(world)
  const { client, recovered } = await comesBack(world, ann)
  expect(recovered).toBe(true)
  await world.settles()
  expect(ann.closed).toBe('forced close')
  expect(await world.sessions()).toHaveLength(1)
  await note(world, 'one')
  expect(notes(ann)).toEqual([])
  expect(notes(client)).toEqual(['one'])
  client.breaks()
  await note(world, 'two')
  expect(notes((await comesBack(world, client)).client)).toEqual(['two'])
})

test('a position of the session before this one, which clients keep, counts for nothing', async () => {
  const { world } = await open()
  await using _ = world
  const ann = await joined(world)
  await note(world, 'one')
  const { offset } = ann.memory()
  await ann.sends('1')
  await note(world, 'before her time')
  const again = await joined(world)
  again.breaks()
  await note(world, 'two')
  const { client, recovered } = await comesBack(world, again, { offset })
  expect(recovered).toBe(true)
  expect(notes(client)).toEqual(['two'])
})

test('nor does one from a log that is lost since', async () => {
  const { world } = await open()
  await using _ = world
  const said = async (data: string) => {
    await publish(world.services, app, { room: 'memory:a', event: 'said', data })
    await world.settles()
  }
  const ann = await joined(world, 'memory:a')
  await said('one')
  const { offset } = ann.memory()
  await world.restarts()
  const again = await joined(world, 'memory:a')
  again.breaks()
  await said('two')
  const { client, recovered } = await comesBack(world, again, { offset })
  expect(recovered).toBe(true)
  expect(client.heard('said').map(([text]) => text)).toEqual(['two'])
})

test('a room that the client left is not entered again', async () => {
  const { world } = await open()
  await using _ = world
  const ann = await joined(world)
  await ann.sends('22["leave","ward:1"]')
  await ann.answer(2)
  ann.breaks()
  const { client, recovered } = await comesBack(world, ann)
  await note(world, 'not for her')
  expect(recovered).toBe(true)
  expect(notes(client)).toEqual([])
})

test('what was said in a room while the client had left it is not replayed', async () => {
  const { world } = await open()
  await using _ = world
  const ann = await joined(world)
  await note(world, 'one')
  await ann.sends('22["leave","ward:1"]')
  await ann.answer(2)
  await note(world, 'while away')
  await ann.sends('23["join","ward:1"]')
  await ann.answer(3)
  ann.breaks()
  await note(world, 'two')
  const { client, recovered } = await comesBack(world, ann)
  expect(recovered).toBe(true)
  expect(notes(client)).toEqual(['two'])
})

test('a position that a client makes up gives it nothing from before its session', async () => {
  const { world } = await open()
  await using _ = world
  for (const text of ['a', 'b', 'c']) await note(world, text)
  const ann = await joined(world)
  await note(world, 'd')
  const { offset = '' } = ann.memory()
  ann.breaks()
  const forged = offset.replace(/\.(\w+)(?=~|$)/g, '.0')
  expect(forged).not.toBe(offset)
  const { client } = await comesBack(world, ann, { offset: forged })
  expect(notes(client)).toEqual(['d'])
})

test('an emit to a session that is away is kept for it', async () => {
  const { world, diary } = await open()
  await using _ = world
  const ann = await joined(world)
  await world.person('bob')
  const { sid } = ann
  ann.breaks()
  await world.settles()
  diary.sockets[1]?.to({ session: sid }).emit('for you', 1)
  await world.settles()
  expect((await comesBack(world, ann)).client.heard('for you').map(([value]) => value)).toEqual([1])
})

test('a room that keeps nothing promises nothing: it is entered again, and the rest is recovered', async () => {
  const { world } = await open()
  await using _ = world
  const ann = await joined(world)
  await ann.sends('22["join","live"]')
  await ann.answer(2)
  await note(world, 'one')
  ann.breaks()
  await publish(world.services, app, { room: 'live', event: 'beat', data: 1 })
  await note(world, 'two')
  const { client, recovered } = await comesBack(world, ann)
  expect(recovered).toBe(true)
  await publish(world.services, app, { room: 'live', event: 'beat', data: 2 })
  await world.settles()
  expect(notes(client)).toEqual(['two'])
  expect(client.heard('beat').map(([beat]) => beat)).toEqual([2])
})

test('nothing is left of a session’s own room once it is over', async () => {
  const { world, diary } = await open()
  await using _ = world
  const ann = await joined(world)
  diary.sockets[0]?.emit('direct', 1)
  await world.settles()
  const room = ownRoom({ tenantId: 'acme', session: ann.sid, forMs: windowMs })
  const top = async () => (await world.services.engine.log.read(room, { after: 'latest', limit: 1 })).top.offset
  expect(await top()).toBe(1)
  ann.breaks()
  await world.passes(windowMs + 2_000)
  expect(diary.expired).toHaveLength(1)
  expect(await top()).toBe(0)
})

test('a node that stops says when to come back, and the session is recovered on the next', async () => {
  const { world } = await open()
  await using _ = world
  const ann = await joined(world)
  await note(world, 'one')
  await world.restarts()
  expect(ann.heard('fanfare:reconnect')).toMatchObject([
    [{ afterMs: expect.any(Number), reason: 'shutting_down' }, expect.any(String)],
  ])
  expect(ann.closed).toBe('server shutting down')
  await note(world, 'two')
  const { client, recovered } = await comesBack(world, ann)
  expect(recovered).toBe(true)
  expect(notes(client)).toEqual(['two'])
})
