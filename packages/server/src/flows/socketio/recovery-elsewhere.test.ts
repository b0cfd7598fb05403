/** Sessions that come back on another node than the one where they live, or lived. */
import { expect, test } from 'bun:test'
import type { SessionStates } from '../../engine/session-states.ts'
import { readPresence, renewPresence } from '../presence.ts'
import { publish } from '../publish.ts'
import type { Services } from '../services.ts'
import { disconnectUser } from '../sessions.ts'
import { clinicWith } from './clinic.fixture.ts'
import { Couriers } from './couriers.world.ts'
import { createSocketIo, type SocketIo } from './socketio.ts'
import { FakeClient, SocketIoWorld, until } from './socketio.world.ts'

const app = { kind: 'app', tenantId: 'acme' } as const

/** They share an engine, and here also who is there; what each knows of Socket.IO is its own. */
const open = async () => {
  const { app: clinic, diary } = clinicWith({ recovery: { for: '2m' } })
  const world = await SocketIoWorld.open(clinic)
  const couriers = new Couriers()
  const nodes: SocketIo[] = []
  for (const node of ['nodeAAAA', 'nodeBBBB', 'nodeCCCC']) {
    const { engine } = world.services
    const services: Services = {
      ...world.services,
      engine: { ...engine, node, courier: couriers.of(node), sessions: runningAlready(engine.sessions) },
    }
    world.clock.every(10_000, () => void renewPresence(services))
    const one = createSocketIo(services, clinic.socketio!)
    await one.start()
    nodes.push(one)
  }
  const person = async (node: number, auth: object = {}, userId = 'ann'): Promise<FakeClient> => {
    const client = new FakeClient(nodes[node]!)
    await client.connects({ token: await world.token(userId), ...auth })
    return client
  }
  const says = async (text: string) => {
    await publish(world.services, app, { room: 'ward:1', event: 'note.added', data: { text } })
    await world.settles()
  }
  const present = async () => {
    const { members } = await readPresence(world.services, app, 'ward:1')
    return members.map(({ userId }) => userId)
  }
  return { world, couriers, diary, nodes, person, says, present }
}

const runningAlready = (states: SessionStates): SessionStates => ({
  start: async () => async () => {},
  create: (state, forMs) => states.create(state, forMs),
  update: (session, change) => states.update(session, change),
  find: (session) => states.find(session),
  take: (session, node) => states.take(session, node),
  renew: (sessions, forMs) => states.renew(sessions, forMs),
  forget: (session) => states.forget(session),
  expire: (limit) => states.expire(limit),
})

type Opened = Awaited<ReturnType<typeof open>>

/** In the ward, and seen there. */
const joined = async ({ person, diary }: Opened, node: number): Promise<FakeClient> => {
  const client = await person(node)
  await client.sends('21["join","ward:1"]')
  expect(await client.answer(1)).toEqual([])
  await diary.sockets.at(-1)?.appear('ward:1')
  return client
}

const recovered = (client: FakeClient, before: FakeClient): boolean => client.memory().pid === before.memory().pid

const notes = (client: FakeClient): unknown[] =>
  client.heard('new note').map(([data]) => (data as { text: string }).text)

test('a session that comes back elsewhere is ended where it lives before it goes on', async () => {
  const opened = await open()
  await using world = opened.world
  const before = await joined(opened, 0)
  await opened.says('one')
  const after = await opened.person(1, before.memory())
  expect([recovered(after, before), before.closed]).toEqual([true, 'forced close'])
  expect(await world.sessions()).toHaveLength(1)
  await opened.says('two')
  expect([notes(before), notes(after)]).toEqual([['one'], ['two']])
  expect(opened.diary.left).toEqual(['transport close'])
})

test('what the session did last where it was is not lost: its rooms and its data', async () => {
  const opened = await open()
  await using _ = opened.world
  const before = await joined(opened, 0)
  await before.sends('22["remember","four"]')
  await before.answer(2)
  before.breaks()
  await opened.says('missed')
  const after = await opened.person(1, before.memory())
  expect(notes(after)).toEqual(['missed'])
  await after.sends('21["recall"]')
  expect(await after.answer(1)).toEqual([{ value: 'four' }])
  const home = await opened.person(0, after.memory())
  expect(recovered(home, before)).toBe(true)
  await home.sends('21["recall"]')
  expect(await home.answer(1)).toEqual([{ value: 'four' }])
})

test('its user stays in the room, whichever of the two nodes is faster', async () => {
  const opened = await open()
  await using world = opened.world
  const before = await joined(opened, 0)
  const after = await opened.person(1, before.memory())
  await opened.diary.sockets.at(-1)?.appear('ward:1')
  expect(await opened.present()).toEqual(['ann'])
  await world.passes(60_000)
  expect(await opened.present()).toEqual(['ann'])
  after.breaks()
  await world.passes(60_000)
  expect(await opened.present()).toEqual([])
})

test('a node that does not answer is waited for 2 s; what it still says of the session harms nobody', async () => {
  const opened = await open()
  await using world = opened.world
  const before = await joined(opened, 0)
  opened.couriers.loses = ({ to }) => to === 'nodeAAAA'
  const after = new FakeClient(opened.nodes[1]!)
  const connecting = after.connects({ token: await world.token('ann'), ...before.memory() })
  await until(() => opened.couriers.carried.length > 0)
  await world.passes(1_900)
  expect(after.packets).toEqual([])
  await world.passes(200)
  await connecting
  expect(recovered(after, before)).toBe(true)
  await until(() => opened.diary.sockets.length === 2)
  await opened.diary.sockets.at(-1)?.appear('ward:1')
  before.breaks('ping timeout')
  // Past the grace of the one, and before the lease of the other, which two nodes with one list of sessions would not renew.
  await world.passes(25_000)
  expect(await opened.present()).toEqual(['ann'])
  await world.passes(75_000)
  await opened.says('here')
  expect([notes(after), opened.diary.expired]).toEqual([['here'], []])
  after.breaks()
  await world.passes(150_000)
  expect(opened.diary.expired).toHaveLength(1)
})

test('the session of a node that is gone goes on at once', async () => {
  const opened = await open()
  await using _ = opened.world
  const before = await joined(opened, 0)
  const memory = before.memory()
  opened.couriers.kill('nodeAAAA')
  await opened.says('missed')
  const after = await opened.person(1, memory)
  expect([recovered(after, before), notes(after)]).toEqual([true, ['missed']])
})

test('of links of one client that come back on several nodes at once, one goes on and the others end', async () => {
  const opened = await open()
  await using world = opened.world
  const before = await joined(opened, 0)
  const token = await world.token('ann')
  const links = [1, 2, 1, 2, 0].map((node) => new FakeClient(opened.nodes[node]!))
  await Promise.all(links.map((link) => link.sends(`0${JSON.stringify({ token, ...before.memory() })}`)))
  await until(() => links.filter(({ closed }) => closed).length === links.length - 1)
  await opened.says('once')
  expect(links.filter(({ closed }) => !closed)).toHaveLength(1)
  expect(links.flatMap(notes)).toEqual(['once'])
  expect(await world.sessions()).toHaveLength(1)
})

test('a session that moved and was sent away is over everywhere', async () => {
  const opened = await open()
  await using world = opened.world
  const before = await joined(opened, 0)
  const after = await opened.person(1, before.memory())
  await disconnectUser(world.services, 'acme', { userId: 'ann' })
  await world.settles()
  const again = await opened.person(2, after.memory())
  expect(recovered(again, before)).toBe(false)
  await world.passes(200_000)
  expect(opened.diary.expired).toEqual([])
})
