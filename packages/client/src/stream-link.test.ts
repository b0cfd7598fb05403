import { expect, test } from 'bun:test'
import type { HistoryPage, RoomEvent } from '@fanfare/protocol'
import { FakeHttp } from '../test/fake-http.ts'
import { eventOf, FakeWorld, greeting, said, settle } from '../test/fake-server.ts'
import type { ClientOptions, Gap } from './index.ts'

/** A client whose WebSockets do not get through. */
const startBlocked = (options: Partial<ClientOptions> = {}) => {
  const http = new FakeHttp()
  const world = new FakeWorld({ ...options, surroundings: { WebSocket: undefined, fetch: http.fetch } })
  return { http, world, client: world.client, [Symbol.asyncDispose]: () => world[Symbol.asyncDispose]() }
}

/** …in room `a`, which the stream shows from offset 4. */
const inRoom = async () => {
  const blocked = startBlocked()
  const heard: number[] = []
  const gaps: Gap[] = []
  const room = blocked.client.room('a')
  room.onAny((event) => heard.push(event.offset))
  room.onGap((gap) => gaps.push(gap))
  await blocked.world.clock.advance(0)
  const stream = blocked.http.stream
  stream.subscribes('a', 4)
  await settle()
  return { ...blocked, room, stream, heard, gaps, [Symbol.asyncDispose]: () => blocked[Symbol.asyncDispose]() }
}

const page = (...events: RoomEvent[]): HistoryPage => ({ room: 'a', events, epoch: 'e1' })

test('two WebSockets that do not open, and the client goes on over HTTP', async () => {
  const http = new FakeHttp()
  await using world = new FakeWorld({ surroundings: { fetch: http.fetch } })
  world.client.connect()
  await settle()
  await world.comesBack()
  world.socket.drops()
  await world.clock.advance(500)
  expect(world.sockets).toHaveLength(2)
  expect(world.client.state.getSnapshot()).toMatchObject({ status: 'connected', transport: 'event-stream' })
})

test('a WebSocket that cannot even be made counts as one that does not open', async () => {
  const http = new FakeHttp()
  class Forbidden {
    constructor() {
      throw new Error('blocked by policy')
    }
  }
  await using world = new FakeWorld({ surroundings: { fetch: http.fetch, WebSocket: Forbidden as never } })
  world.client.connect()
  for (let turn = 0; turn < 2; turn++) await world.clock.advance(500)
  expect(world.client.state.getSnapshot()).toMatchObject({ status: 'connected', transport: 'event-stream' })
  await world.clock.advance(130_000)
  expect(world.status).toBe('connected')
})

test('and goes back to a WebSocket when one opens again, from its position', async () => {
  const http = new FakeHttp()
  await using world = new FakeWorld({ surroundings: { fetch: http.fetch } })
  const heard: number[] = []
  world.client.room('a').onAny((event) => heard.push(event.offset))
  await settle()
  await world.comesBack()
  world.socket.drops()
  await world.clock.advance(500)
  http.stream.subscribes('a', 4)
  http.stream.tells(eventOf('a', 5))
  await settle()
  for (let comments = 0; comments < 5; comments++) {
    http.stream.comments()
    await world.clock.advance(12_000)
  }
  expect(world.sockets).toHaveLength(3)
  world.socket.opens()
  await world.clock.advance(0)
  expect(http.stream.aborted).toBe(true)
  const socket = await world.accept()
  expect(socket.last('subscribe')).toMatchObject({ rooms: [{ room: 'a', since: { epoch: 'e1', offset: 5 } }] })
  socket.subscribes('a', 5, { recovered: true })
  socket.says(said('a', 6))
  expect(heard).toEqual([5, 6])
})

test('events come through the stream, opened with the token in a header', async () => {
  await using ann = await inRoom()
  expect(ann.stream.url).toBe('http://server.test/v1/stream?room=a')
  expect(ann.stream.headers.get('authorization')).toBe('Bearer token-1')
  ann.stream.tells(eventOf('a', 5), eventOf('a', 6))
  await settle()
  expect(ann.heard).toEqual([5, 6])
})

test('an event may have the name of a frame', async () => {
  await using ann = await inRoom()
  ann.stream.tells({ ...eventOf('a', 5), type: 'gap' })
  await settle()
  expect([ann.heard, ann.gaps]).toEqual([[5], []])
})

test('another room reopens the stream with its cursor', async () => {
  await using ann = await inRoom()
  ann.stream.tells(eventOf('a', 5))
  await settle()
  ann.client.room('b').onAny(() => {})
  await ann.world.clock.advance(0)
  expect(ann.stream.aborted).toBe(true)
  expect(ann.http.stream.url).toBe('http://server.test/v1/stream?room=a&room=b')
  expect(ann.http.stream.headers.get('last-event-id')).toBe('cursor-a-5')
  ann.http.stream.subscribes('a', 5, { recovered: true })
  ann.http.stream.subscribes('b', 0)
  ann.http.stream.tells(eventOf('a', 6))
  await settle()
  expect([ann.heard, ann.gaps]).toEqual([[5, 6], []])
})

test('a stream that ends is opened again, and what was missed comes from history first', async () => {
  await using ann = await inRoom()
  ann.http.answers('GET', '/v1/rooms/a/history?limit=300&after=e1.4', page(eventOf('a', 5), eventOf('a', 6)))
  ann.stream.ends()
  await ann.world.clock.advance(500)
  await ann.world.clock.advance(0)
  expect(ann.http.stream).not.toBe(ann.stream)
  ann.http.stream.subscribes('a', 6)
  ann.http.stream.tells(eventOf('a', 7))
  await settle()
  expect([ann.heard, ann.gaps]).toEqual([[5, 6, 7], []])
})

test('and a gap is told when history no longer has it', async () => {
  await using ann = await inRoom()
  ann.http.refuses('GET', '/v1/rooms/a/history?limit=300&after=e1.4', { status: 410, code: 'position_lost' })
  ann.stream.ends()
  await ann.world.clock.advance(500)
  await ann.world.clock.advance(0)
  ann.http.stream.subscribes('a', 60)
  ann.http.stream.tells(eventOf('a', 61))
  await settle()
  expect(ann.gaps).toMatchObject([{ reason: 'trimmed', from: { offset: 4 }, to: { offset: 60 } }])
  expect(ann.heard).toEqual([61])
})

test('publishes, commands, history and presence are requests', async () => {
  await using blocked = startBlocked()
  const { http, client } = blocked
  http.answers('POST', '/v1/rooms/a%3A1/events', { offset: 1 })
  http.answers('POST', '/v1/commands/message%3Asend', 'done')
  http.answers('GET', '/v1/rooms/a%3A1/history?limit=2&before=e1.9', { ...page(), next: 'e1.7' })
  const room = client.room('a:1')
  expect(await room.publish('note', { text: 'hi' })).toMatchObject({ offset: 1 })
  expect(await client.command('message:send', { text: 'hi' })).toBe('done')
  const read = await room.history({ limit: 2, before: { epoch: 'e1', offset: 9 } })
  expect(read).toEqual({ ...page(), next: { epoch: 'e1', offset: 7 } })
  expect(http.bodies).toEqual([
    { event: 'note', data: { text: 'hi' }, key: 'key-1' },
    { input: { text: 'hi' }, key: 'key-2' },
  ])
})

test('a refusal of a request is the same typed error', async () => {
  await using blocked = startBlocked()
  blocked.http.refuses('POST', '/v1/rooms/a/events', {
    status: 422,
    code: 'invalid_payload',
    detail: 'text is missing',
  })
  const published = blocked.client.room('a').publish('note', 1)
  await expect(published).rejects.toMatchObject({ code: 'invalid_payload', message: 'text is missing' })
})

test('a publish whose answer was lost is sent again with its key', async () => {
  await using blocked = startBlocked()
  const published = blocked.client.room('a').publish('note', 1)
  await settle()
  expect(blocked.world.status).toBe('reconnecting')
  blocked.http.answers('POST', '/v1/rooms/a/events', { offset: 1 })
  await blocked.world.clock.advance(30_000)
  expect(await published).toMatchObject({ offset: 1 })
  expect(blocked.http.bodies.map((body) => body.key)).toEqual(['key-1', 'key-1'])
})

test('a refused room rejects, and the others go on', async () => {
  await using ann = await inRoom()
  const { subscribed } = ann.client.room('secret')
  await ann.world.clock.advance(0)
  ann.http.stream.subscribes('a', 4, { recovered: true })
  ann.http.stream.block('error', {
    type: 'error',
    room: 'secret',
    code: 'forbidden',
    message: 'no',
    retry: 'never',
  })
  ann.http.stream.tells(eventOf('a', 5))
  await settle()
  await expect(subscribed).rejects.toMatchObject({ code: 'forbidden' })
  expect(ann.heard).toEqual([5])
})

test('the greeting of the stream says who we are, and silence opens it again', async () => {
  await using ann = await inRoom()
  ann.stream.block('connected', greeting({ session: 's9' }))
  await settle()
  expect(ann.client.state.getSnapshot()).toMatchObject({ session: { id: 's9', tenantId: 'acme', userId: 'ann' } })
  await ann.world.clock.advance(26_000)
  expect(ann.http.stream).not.toBe(ann.stream)
  expect(ann.world.status).toBe('connected')
})

test('after close no stream is left', async () => {
  const ann = await inRoom()
  await ann[Symbol.asyncDispose]()
  expect(ann.stream.aborted).toBe(true)
  expect(ann.world.clock.pending).toBe(0)
})
