import { expect, test } from 'bun:test'
import { FakeWorld, said, settle } from '../test/fake-server.ts'
import type { Gap } from './index.ts'

/** A client in room `a` at offset 4, and what it heard. */
const inRoom = async () => {
  const world = new FakeWorld()
  const heard: number[] = []
  const gaps: Gap[] = []
  const room = world.client.room('a')
  room.onAny((event) => heard.push(event.offset))
  room.onGap((gap) => gaps.push(gap))
  const socket = await world.accept()
  socket.subscribes('a', 4)
  return { world, socket, room, heard, gaps, [Symbol.asyncDispose]: () => world[Symbol.asyncDispose]() }
}

test('nothing is opened before the first use', async () => {
  await using world = new FakeWorld()
  await settle()
  expect(world.status).toBe('idle')
  expect(world.sockets).toBeEmpty()
})

test('a room delivers its events in order, and by type', async () => {
  await using ann = await inRoom()
  const notes: unknown[] = []
  ann.room.on('note', (data, event) => notes.push([data, event.offset]))
  ann.room.on('other', () => notes.push('never'))
  ann.socket.says(said('a', 5), said('a', 6), said('elsewhere', 1))
  expect(ann.heard).toEqual([5, 6])
  expect(notes).toEqual([
    [5, 5],
    [6, 6],
  ])
  expect(await ann.room.subscribed).toEqual({ epoch: 'e1', offset: 4 })
  expect(ann.room.position).toEqual({ epoch: 'e1', offset: 6 })
})

test('after a drop all rooms resume in one frame, each from its position', async () => {
  await using ann = await inRoom()
  const other = ann.world.client.room('b')
  other.onAny(() => {})
  ann.socket.subscribes('b', 9)
  ann.socket.says(said('a', 5))
  const socket = await ann.world.reconnect()
  expect(socket.frames('subscribe')).toEqual([
    {
      type: 'subscribe',
      id: expect.any(Number),
      rooms: [
        { room: 'a', since: { epoch: 'e1', offset: 5 } },
        { room: 'b', since: { epoch: 'e1', offset: 9 } },
      ],
    },
  ])
})

test('a recovered resume continues without a gap and without a repeat', async () => {
  await using ann = await inRoom()
  ann.socket.says(said('a', 5))
  const socket = await ann.world.reconnect()
  socket.subscribes('a', 5, { recovered: true })
  socket.says(said('a', 5), said('a', 6), said('a', 7))
  expect(ann.heard).toEqual([5, 6, 7])
  expect(ann.gaps).toBeEmpty()
})

test('a resume that is not recovered is told once, and the room goes on from there', async () => {
  await using ann = await inRoom()
  const socket = await ann.world.reconnect()
  socket.subscribes('a', 2, { epoch: 'e2', recovered: false, reason: 'epoch' })
  socket.says(said('a', 3))
  const from = { epoch: 'e1', offset: 4 }
  expect(ann.gaps).toEqual([{ room: 'a', reason: 'epoch', from, to: { epoch: 'e2', offset: 2 } }])
  expect(ann.heard).toEqual([3])
})

test('a server that claims to have recovered and starts too late is not believed', async () => {
  await using ann = await inRoom()
  const socket = await ann.world.reconnect()
  socket.subscribes('a', 8, { recovered: true })
  expect(ann.gaps).toHaveLength(1)
})

test('a gap in the middle is told once, and the next event follows it', async () => {
  await using ann = await inRoom()
  const to = { epoch: 'e1', offset: 20 }
  ann.socket.says({ type: 'gap', room: 'a', reason: 'trimmed', from: { epoch: 'e1', offset: 4 }, to }, said('a', 21))
  expect(ann.gaps).toEqual([{ room: 'a', reason: 'trimmed', from: { epoch: 'e1', offset: 4 }, to }])
  expect(ann.heard).toEqual([21])
})

test('a hole makes the room ask again from before it, and nothing is skipped or doubled', async () => {
  await using ann = await inRoom()
  ann.socket.says(said('a', 5), said('a', 7), said('a', 8))
  expect(ann.heard).toEqual([5])
  const asked = ann.socket.last('subscribe')
  expect(asked).toMatchObject({ rooms: [{ room: 'a', since: { epoch: 'e1', offset: 5 } }] })
  expect(ann.socket.frames('subscribe')).toHaveLength(2)
  ann.socket.subscribes('a', 5, { recovered: true })
  ann.socket.says(said('a', 6), said('a', 7), said('a', 8), said('a', 9))
  expect(ann.heard).toEqual([5, 6, 7, 8, 9])
  expect(ann.gaps).toBeEmpty()
})

test('where only the latest are delivered, a jump is no hole', async () => {
  await using world = new FakeWorld()
  const heard: number[] = []
  world.client.room('a').onAny((event) => heard.push(event.offset))
  const socket = await world.accept()
  socket.subscribes('a', 0, { delivery: 'latest' })
  socket.says(said('a', 3), said('a', 2), said('a', 9))
  expect(heard).toEqual([3, 9])
  expect(socket.frames('subscribe')).toHaveLength(1)
})

test('an answer to nobody is not taken for ours', async () => {
  await using ann = await inRoom()
  const socket = await ann.world.reconnect()
  // An endpoint enters the room by itself before it answers the resume.
  socket.says({ type: 'subscription', room: 'a', status: 'subscribed', epoch: 'e1', offset: 50, delivery: 'every' })
  socket.says(said('a', 51))
  socket.subscribes('a', 4, { recovered: true })
  socket.says(said('a', 5))
  expect(ann.gaps).toBeEmpty()
  expect(ann.heard).toEqual([5])
})

test('handles of one room share one subscription; the last to leave ends it', async () => {
  await using ann = await inRoom()
  const second = ann.world.client.room('a')
  const heard: number[] = []
  second.onAny((event) => heard.push(event.offset))
  expect(ann.socket.frames('subscribe')).toHaveLength(1)
  ann.room.leave()
  ann.socket.says(said('a', 5))
  expect([ann.heard, heard]).toEqual([[], [5]])
  second.leave()
  second.leave()
  await ann.world.clock.advance(249)
  expect(ann.socket.frames('unsubscribe')).toBeEmpty()
  await ann.world.clock.advance(1)
  expect(ann.socket.frames('unsubscribe')).toEqual([{ type: 'unsubscribe', room: 'a' }])
})

test('mount, unmount, mount (as React does in strict mode) is one subscription', async () => {
  await using world = new FakeWorld()
  const heard: number[] = []
  const mount = () => {
    const room = world.client.room('a')
    room.onAny((event) => heard.push(event.offset))
    return () => room.leave()
  }
  mount()()
  const unmount = mount()
  const socket = await world.accept()
  socket.subscribes('a', 0)
  await world.clock.advance(1_000)
  socket.says(said('a', 1))
  expect(world.sockets).toHaveLength(1)
  expect(heard).toEqual([1])
  expect(socket.frames('subscribe')).toHaveLength(1)
  expect(socket.frames('unsubscribe')).toBeEmpty()
  unmount()
})

test('a refused room rejects `subscribed`, stays out of the resume, and a new handle asks again', async () => {
  await using world = new FakeWorld()
  const room = world.client.room('a')
  const subscribed = room.subscribed
  const socket = await world.accept()
  const { id } = socket.last('subscribe')
  socket.says({ type: 'error', id: id!, room: 'a', code: 'forbidden', message: 'no', retry: 'never' })
  await expect(subscribed).rejects.toMatchObject({ code: 'forbidden' })
  expect(room.state.getSnapshot()).toMatchObject({ status: 'refused' })
  const next = await world.reconnect()
  expect(next.frames('subscribe')).toBeEmpty()
  void world.client.room('a').subscribed
  expect(next.frames('subscribe')).toHaveLength(1)
})

test('a room that cannot be had just now is asked for again when the server says', async () => {
  await using world = new FakeWorld()
  void world.client.room('a').subscribed
  const socket = await world.accept()
  const { id } = socket.last('subscribe')
  // The whole request was refused, so no room is named.
  socket.says({ type: 'error', id: id!, code: 'rate_limited', message: '', retry: 'later', retryAfterMs: 700 })
  await world.clock.advance(699)
  expect(socket.frames('subscribe')).toHaveLength(1)
  await world.clock.advance(1)
  expect(socket.frames('subscribe')).toHaveLength(2)
})

test('a right taken away ends the room and says so', async () => {
  await using ann = await inRoom()
  ann.socket.says({ type: 'subscription', room: 'a', status: 'unsubscribed', reason: 'revoked' })
  ann.socket.says(said('a', 5))
  expect(ann.room.state.getSnapshot()).toMatchObject({ status: 'refused', error: { code: 'forbidden' } })
  expect(ann.heard).toBeEmpty()
})

test('a listener that throws is reported and harms no other', async () => {
  await using ann = await inRoom()
  ann.room.onAny(() => {
    throw new Error('mine')
  })
  const heard: number[] = []
  ann.room.onAny((event) => heard.push(event.offset))
  ann.socket.says(said('a', 5))
  expect(heard).toEqual([5])
  expect(ann.world.reported).toMatchObject([{ message: 'mine' }])
})

test('a kept position starts a new client where the old one ended', async () => {
  await using world = new FakeWorld()
  const since = { epoch: 'e1', offset: 30 }
  const gaps: Gap[] = []
  world.client.room('a', { since }).onGap((gap) => gaps.push(gap))
  const socket = await world.accept()
  expect(socket.last('subscribe')).toMatchObject({ rooms: [{ room: 'a', since }] })
  socket.subscribes('a', 90, { recovered: false, reason: 'trimmed' })
  expect(gaps).toMatchObject([{ reason: 'trimmed', from: since, to: { offset: 90 } }])
})
