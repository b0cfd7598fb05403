import { expect, test } from 'bun:test'
import type { PublishResult } from '@fanfare/protocol'
import { type FakeSocket, FakeWorld, settle } from '../test/fake-server.ts'
import { FanfareError } from './index.ts'

const resultOf = (offset: number): PublishResult => ({
  id: `id-${offset}`,
  room: 'a',
  epoch: 'e1',
  offset,
  timestamp: '2026-01-01T00:00:00.000Z',
  durability: 'memory',
  duplicate: false,
})

/** A log that does what the server promises: one effect a key. */
const logOf = () => {
  const effects = new Map<string, number>()
  const take = (socket: FakeSocket, answer: boolean) => {
    for (const { key, id } of socket.frames('publish')) {
      if (!effects.has(key!)) effects.set(key!, effects.size + 1)
      if (answer) socket.says({ type: 'reply', id: id!, result: resultOf(effects.get(key!)!) as never })
    }
  }
  return { effects, take }
}

test('a publish resolves with where it landed', async () => {
  await using world = new FakeWorld()
  const published = world.client.room('a').publish('note', { text: 'hi' })
  const socket = await world.accept()
  const frame = socket.last('publish')
  expect(frame).toMatchObject({ room: 'a', event: 'note', data: { text: 'hi' }, key: 'key-1' })
  expect(socket.frames('subscribe')).toBeEmpty()
  socket.says({ type: 'reply', id: frame.id!, result: resultOf(1) as never })
  expect(await published).toEqual(resultOf(1))
})

test('publishes made while away are sent in order, the next after the answer to the one before', async () => {
  await using world = new FakeWorld()
  const room = world.client.room('a')
  const published = Promise.all([1, 2, 3].map((data) => room.publish('note', data)))
  const socket = await world.accept()
  for (const offset of [1, 2, 3]) {
    expect(socket.frames('publish').map((frame) => frame.data)).toEqual([1, 2, 3].slice(0, offset))
    socket.says({ type: 'reply', id: socket.last('publish').id!, result: resultOf(offset) as never })
  }
  expect((await published).map((result) => result.offset)).toEqual([1, 2, 3])
})

test('a lost acknowledgement is asked for again with the same key: one effect', async () => {
  await using world = new FakeWorld()
  const log = logOf()
  const published = world.client.room('a').publish('note', 1)
  const first = await world.accept()
  log.take(first, false)
  const second = await world.reconnect()
  log.take(second, true)
  expect((await published).offset).toBe(1)
  expect([...log.effects.keys()]).toEqual(['key-1'])
})

test('a definite refusal rejects and lets the next one go', async () => {
  await using world = new FakeWorld()
  const room = world.client.room('a')
  const refused = room.publish('note', 1)
  const next = room.publish('note', 2)
  const socket = await world.accept()
  const { id } = socket.last('publish')
  socket.says({
    type: 'error',
    id: id!,
    room: 'a',
    code: 'invalid_payload',
    message: 'text is missing',
    retry: 'never',
  })
  await expect(refused).rejects.toMatchObject({ code: 'invalid_payload', message: 'text is missing' })
  expect(socket.last('publish').data).toBe(2)
  socket.says({ type: 'reply', id: socket.last('publish').id!, result: resultOf(1) as never })
  await next
})

test('one that is refused for a while is tried again, and none overtakes it', async () => {
  await using world = new FakeWorld({ queue: { maxInFlight: 2 } })
  const room = world.client.room('a')
  const all = [1, 2, 3].map((data) => room.publish('note', data))
  const socket = await world.accept()
  const [first, second] = socket.frames('publish')
  const error = { type: 'error', code: 'rate_limited', message: '', retry: 'later', retryAfterMs: 400 } as const
  socket.says({ ...error, id: first!.id! }, { ...error, id: second!.id! })
  await world.clock.advance(399)
  expect(socket.frames('publish')).toHaveLength(2)
  await world.clock.advance(1)
  expect(socket.frames('publish').map((frame) => frame.data)).toEqual([1, 2, 1, 2])
  for (const promise of all) promise.catch(() => {})
})

test('one that rests holds back even what there would be room for', async () => {
  await using world = new FakeWorld({ queue: { maxInFlight: 2 } })
  const room = world.client.room('a')
  const all = [1, 2, 3].map((data) => room.publish('note', data))
  const socket = await world.accept()
  const [first, second] = socket.frames('publish')
  socket.says({ type: 'error', id: first!.id!, code: 'unavailable', message: '', retry: 'later', retryAfterMs: 400 })
  socket.says({ type: 'reply', id: second!.id!, result: resultOf(1) as never })
  expect(socket.frames('publish').map((frame) => frame.data)).toEqual([1, 2])
  await world.clock.advance(400)
  expect(socket.frames('publish').map((frame) => frame.data)).toEqual([1, 2, 1, 3])
  for (const promise of all) promise.catch(() => {})
})

test('the queue is bounded by items and by bytes, and says so', async () => {
  await using world = new FakeWorld({ queue: { maxItems: 2, maxBytes: 1_000 } })
  const room = world.client.room('a')
  const waiting = [room.publish('note', 1), room.publish('note', 2)]
  await expect(room.publish('note', 3)).rejects.toMatchObject({ code: 'overloaded' })
  await using small = new FakeWorld({ queue: { maxBytes: 100 } })
  await expect(small.client.room('a').publish('note', 'x'.repeat(100))).rejects.toMatchObject({ code: 'overloaded' })
  await using tiny = new FakeWorld({ maxMessageBytes: 100 })
  await expect(tiny.client.room('a').publish('note', 'ü'.repeat(50))).rejects.toMatchObject({ code: 'too_large' })
  for (const promise of waiting) promise.catch(() => {})
})

test('a command is answered, once, by name', async () => {
  await using world = new FakeWorld()
  const answer = world.client.command('message:send', { text: 'hi' })
  const socket = await world.accept()
  const frame = socket.last('command')
  expect(frame).toMatchObject({ name: 'message:send', input: { text: 'hi' }, key: 'key-1' })
  socket.says({ type: 'reply', id: frame.id!, result: { ok: true } })
  expect(await answer).toEqual({ ok: true })
})

test('history is one page when awaited and every page in a loop', async () => {
  await using world = new FakeWorld()
  const room = world.client.room('a')
  const socketOf = async (reply: (frame: { limit?: number; after?: unknown }) => object) => {
    const socket = world.sockets.length > 0 ? world.socket : await world.accept()
    await settle()
    const frame = socket.last('history')
    socket.says({ type: 'reply', id: frame.id!, result: reply(frame) as never })
  }
  const page = Promise.resolve(room.history({ limit: 5 }))
  await socketOf(() => ({ room: 'a', events: [], epoch: 'e1' }))
  expect((await page).epoch).toBe('e1')
  const seen: unknown[] = []
  const reading = (async () => {
    for await (const next of room.history({ after: 'earliest', limit: 2 })) seen.push(next.events)
  })()
  await socketOf(() => ({ room: 'a', events: ['first'], epoch: 'e1', next: { epoch: 'e1', offset: 2 } }))
  await socketOf(({ after }) => ({ room: 'a', events: [after], epoch: 'e1' }))
  await reading
  expect(seen).toEqual([['first'], [{ epoch: 'e1', offset: 2 }]])
})

test('close waits for what is on its way, then ends for good', async () => {
  const world = new FakeWorld()
  const published = world.client.room('a').publish('note', 1)
  const socket = await world.accept()
  const closing = world.client.close()
  await settle()
  expect(world.status).toBe('connected')
  socket.says({ type: 'reply', id: socket.last('publish').id!, result: resultOf(1) as never })
  await closing
  expect((await published).offset).toBe(1)
  expect(socket.closedWith).toBe(1000)
  expect(world.client.room.bind(undefined, 'a')).toThrow(FanfareError)
})

test('close while away rejects what waits, and leaves no timer, socket or listener behind', async () => {
  const world = new FakeWorld()
  const room = world.client.room('a')
  room.onAny(() => {})
  const published = room.publish('note', 1)
  await world.accept()
  world.socket.drops()
  await world.client.close()
  await expect(published).rejects.toMatchObject({ code: 'unavailable' })
  await settle()
  expect(world.status).toBe('closed')
  expect(world.clock.pending).toBe(0)
  expect(world.watchers).toBeEmpty()
  expect([world.socket.onmessage, world.socket.onclose]).toEqual([null, null])
})
