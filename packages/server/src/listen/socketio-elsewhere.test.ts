/** The door, to WebSockets whose session is on another node: taken as new ones are, since nothing is known of them. */
import { afterAll, beforeAll, expect, test } from 'bun:test'
import { FanfareError } from '@fanfare/protocol'
import { startWorld, type World } from '@fanfare/testkit'
import { trustProxies } from '../auth/client-address.ts'
import type { Services } from '../flows/services.ts'
import { FakeLink } from '../flows/socketio/engine.world.ts'
import { twoNodes } from '../flows/socketio/two-nodes.world.ts'
import { clinic } from '../http/clinic.fixture.ts'
import { SocketIoDoor } from './socketio-door.ts'

let world: World
beforeAll(async () => {
  world = await startWorld({ app: clinic })
})
afterAll(() => world[Symbol.asyncDispose]())

const policy = { allowedOrigins: ['https://app.example.org'], trustedProxies: trustProxies([]) }

const open = async (changes: Partial<Services> = {}) => {
  const nodes = await twoNodes()
  const door = new SocketIoDoor({ ...world.server.services, ...changes }, policy, nodes.away.sockets)
  const client = nodes.polling()
  const url = `http://clinic.test/socket.io/?EIO=4&transport=websocket&sid=${client.socket.id}`
  const decide = (headers: { readonly [name: string]: string } = {}) =>
    door.decide(new Request(url, { headers }), '192.0.2.1')
  return { nodes, client, decide }
}

test('a WebSocket is relayed to the node of its session', async () => {
  const { nodes, decide } = await open()
  const opening = decide()
  if (opening.kind !== 'open') throw new Error(opening.kind)
  const link = new FakeLink()
  link.reader = opening.accept(link)
  link.hears('2probe')
  await nodes.settles()
  expect(link.take()).toEqual(['3probe'])
})

test('another origin, a flood and a node that stops are refused before anything is asked of another node', async () => {
  const flood = () => {
    throw new FanfareError('rate_limited')
  }
  const { quotas } = world.server.services
  const closed = [
    [await open(), { origin: 'https://evil.example' }, 'origin_refused'],
    [await open({ quotas: { ...quotas, connect: flood } }), {}, 'rate_limited'],
    [await open({ accepting: false }), {}, 'shutting_down'],
  ] as const
  for (const [{ nodes, decide }, headers, code] of closed) {
    expect(decide(headers)).toMatchObject({ kind: 'refuse', error: { code } })
    await nodes.settles()
    expect(nodes.couriers.carried).toEqual([])
  }
})
