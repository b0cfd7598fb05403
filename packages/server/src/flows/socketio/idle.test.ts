import { expect, test } from 'bun:test'
import { PacketType } from 'socket.io-parser'
import { z } from 'zod'
import { command, defineApp } from '../../app/define-app.ts'
import { publish } from '../publish.ts'
import { type FakeClient, SocketIoWorld } from './socketio.world.ts'

const app = defineApp({
  rooms: { 'user:{userId}': { events: { mail: z.object({ text: z.string() }) }, access: 'tenant' } },
  commands: { wave: command(z.null(), () => null) },
  socketio: {
    idleTimeout: '5m',
    events: { mail: { name: 'post', data: ({ room, data }) => ({ to: room, body: (data as { text: string }).text }) } },
    namespaces: { '/': { subscribe: ['user:{userId}'], on: { hello: () => 'hello' } } },
  },
})

const isGone = ({ packets }: FakeClient) => packets.some(({ type }) => type === PacketType.DISCONNECT)

test('a client that emits nothing for the time allowed is told to go; any event of its own keeps it, a command too', async () => {
  await using world = await SocketIoWorld.open(app)
  const silent = await world.person('ann')
  const talking = await world.person('ben')
  for (const packet of ['2["hello"]', '2["wave",null]']) {
    await world.passes(3 * 60_000)
    await talking.sends(packet)
  }
  expect([isGone(silent), isGone(talking)]).toEqual([true, false])
  await world.passes(4 * 60_000)
  expect(isGone(talking)).toBe(false)
  await world.passes(90_000)
  expect(isGone(talking)).toBe(true)
  expect(await world.sessions()).toEqual([])
})

test('what a client hears keeps it not', async () => {
  await using world = await SocketIoWorld.open(app)
  const ann = await world.person('ann')
  for (let minute = 0; minute < 6; minute++) {
    await publish(
      world.services,
      { kind: 'app', tenantId: 'acme' },
      { room: 'user:ann', event: 'mail', data: { text: 'hi' } },
    )
    await world.passes(60_000)
  }
  expect(isGone(ann)).toBe(true)
})

test('an event is told in the clients’ words, with the data that they know', async () => {
  await using world = await SocketIoWorld.open(app)
  const ann = await world.person('ann')
  await publish(
    world.services,
    { kind: 'app', tenantId: 'acme' },
    { room: 'user:ann', event: 'mail', data: { text: 'hi' } },
  )
  await world.settles()
  expect(ann.heard('post')).toEqual([[{ to: 'user:ann', body: 'hi' }]])
})
