import { expect, test } from 'bun:test'
import { messageVectors } from '@fanfare/protocol/vectors/index.ts'
import { FakeSocket, FakeWorld, greeting, said, settle } from '../test/fake-server.ts'
import type { Link } from './link.ts'
import { openWebSocketLink } from './websocket-link.ts'

/** A client in room `a` at offset 4, on a link that may carry several frames a message. */
const inRoom = async () => {
  const world = new FakeWorld()
  const heard: number[] = []
  world.client.room('a').onAny((event) => heard.push(event.offset))
  await settle()
  world.socket.protocol = 'fanfare.v1.lines'
  const socket = await world.accept()
  socket.subscribes('a', 4)
  return { world, socket, heard, [Symbol.asyncDispose]: () => world[Symbol.asyncDispose]() }
}

test('frames that come in one message are heard one after another', async () => {
  await using ann = await inRoom()
  ann.socket.saysTogether(said('a', 5), said('a', 6), said('a', 7))
  ann.socket.says(said('a', 8))
  expect(ann.heard).toEqual([5, 6, 7, 8])
})

test('a broken frame ends the link: those before it were heard, and nothing after it is', async () => {
  await using ann = await inRoom()
  ann.socket.onmessage?.({
    data: `${JSON.stringify(said('a', 5))}\n{"type":\n${JSON.stringify(said('a', 6))}`,
  } as never)
  expect(ann.heard).toEqual([5])
  expect(ann.world.status).toBe('reconnecting')
})

test('a server that agrees to one frame a message sends no line feeds', async () => {
  await using world = new FakeWorld()
  world.client.connect()
  await settle()
  world.socket.opens()
  world.socket.saysTogether(greeting(), said('a', 1))
  expect(world.status).toBe('reconnecting')
})

const options = {
  address: { http: 'http://a.test', socket: 'ws://a.test' },
  credential: { kind: 'token', token: 't' },
} as const

/** A link whose every frame is told to `heard`. */
const open = (agreed: string, heard: (frame: unknown, link: Link) => void) => {
  const sockets: FakeSocket[] = []
  class Socket extends FakeSocket {
    override readyState = 1
    override protocol = agreed
    constructor(url: string, protocols: string[]) {
      super(url, protocols)
      sockets.push(this)
    }
  }
  const link: Link = openWebSocketLink(
    { ...options, WebSocket: Socket },
    { opened() {}, heard() {}, frame: (frame) => heard(frame, link), ended: (error) => heard(error, link) },
  )
  return (message: string) => sockets[0]?.onmessage?.({ data: message } as never)
}

test('when a frame makes somebody close the link, the rest of its message is not heard', () => {
  const heard: unknown[] = []
  const says = open('fanfare.v1.lines', (frame, link) => {
    heard.push(frame)
    link.close()
  })
  says('{"type":"pong","id":1}\n{"type":"pong","id":2}')
  expect(heard).toEqual([{ type: 'pong', id: 1 }])
})

test.each([...messageVectors])('a link and the message: $name', ({ subprotocol, message, frames }) => {
  const heard: unknown[] = []
  open(subprotocol, (frame) => heard.push(frame))(message)
  expect(heard).toEqual(frames.map((frame) => JSON.parse(frame)))
})
