/** Ends are told once over all nodes, whatever dies, and nobody is taken for gone because an engine or a process was away. */
import { afterAll, beforeAll, expect, test } from 'bun:test'
import { FanfareError } from '@fanfare/protocol'
import { EmbeddedLeases } from '../engine/embedded/leases.ts'
import type { Leases } from '../engine/leases.ts'
import { eventually } from '../engine/node.world.ts'
import { ControlWorld } from '../engine/redis/control.world.ts'
import type { Clock } from '../lib/clock.ts'
import { type FakeClock, fakeClock } from '../lib/fake-clock.ts'
import { type RedisServer, startRedis } from '../redis/servers.world.ts'
import { LifecycleNode } from './lifecycle.world.ts'

let server: RedisServer
beforeAll(async () => {
  server = await startRedis()
})
afterAll(() => server[Symbol.asyncDispose]())

/** Second by second, with time for Redis to answer in each. */
const pass = async (clock: FakeClock, seconds: number): Promise<void> => {
  for (let second = 0; second < seconds; second++) {
    await clock.advance(1_000)
    await new Promise((resolve) => setTimeout(resolve, 3))
  }
}

type Diary = { readonly told: string[]; readonly causes: string[] }

/** Nodes on one Redis whose handlers write into one diary, each by its own name. */
const cluster = async (
  world: ControlWorld,
  names: readonly string[],
  hangs: (name: string) => boolean = () => false,
) => {
  const diary: Diary = { told: [], causes: [] }
  const nodes = await Promise.all(
    names.map(async (name) => {
      const { engine, kill } = await world.node()
      await engine.leases.start()
      const node = new LifecycleNode({
        clock: world.clock,
        leases: engine.leases,
        handlers: {
          'user.offline': async (context, { userId }) => {
            diary.causes.push((context as unknown as { readonly cause: string }).cause)
            diary.told.push(`${userId} by ${name}`)
            if (hangs(name)) await new Promise(() => {})
          },
          'room.vacated': (_context, { room }) => void diary.told.push(`${room} by ${name}`),
        },
      })
      const stop = await node.lifecycle.start()
      return { node, kill, stop, leases: engine.leases }
    }),
  )
  // Until the nodes are sure that whoever was here before them had time to come back.
  await pass(world.clock, 21)
  const whom = () => diary.told.map((text) => text.replace(/ by .*/, '')).sort()
  const end = () => Promise.all(nodes.map(({ stop }) => stop()))
  return { diary, nodes, whom, end }
}

test('what a killed node had is told once by the others; what others have too is not', async () => {
  await using world = new ControlWorld(server)
  const { nodes, whom, end } = await cluster(world, ['a', 'b', 'c'])
  const [a, b] = [nodes[0]!, nodes[1]!]
  for (const name of ['ann', 'bob', 'eve']) a.node.comes(name)
  a.node.enters('ward:1')
  a.node.enters('ward:2')
  b.node.comes('bob')
  b.node.enters('ward:2')
  await pass(world.clock, 30)
  expect(whom()).toEqual([])
  await a.kill()
  await pass(world.clock, 26)
  await eventually(() => expect(whom()).toEqual(['ann', 'eve', 'ward:1']))
  await pass(world.clock, 70)
  expect(whom()).toEqual(['ann', 'eve', 'ward:1'])
  await end()
})

test('the node that was at it is killed: another is given it, with the same cause', async () => {
  await using world = new ControlWorld(server)
  const { diary, nodes } = await cluster(world, ['a', 'b'], (name) => name === 'a')
  const [a, b] = [nodes[0]!, nodes[1]!]
  await a.leases.hold([{ kind: 'user', tenantId: 'clinic', name: 'ann' }], 1_000)
  // Only the one that hangs asks.
  await b.stop()
  await pass(world.clock, 5)
  expect(diary.told).toEqual(['ann by a'])
  await a.kill()
  const again = await b.node.lifecycle.start()
  await pass(world.clock, 50)
  expect(diary.told).toEqual(['ann by a'])
  await pass(world.clock, 15)
  await eventually(() => expect(diary.told).toEqual(['ann by a', 'ann by b']))
  expect(diary.causes[0]).toBe(diary.causes[1]!)
  await pass(world.clock, 70)
  expect(diary.told).toHaveLength(2)
  await again()
})

test('a whole node’s users are told without waiting for a second each time', async () => {
  await using world = new ControlWorld(server)
  const { nodes, whom, end } = await cluster(world, ['a', 'b'])
  const users = Array.from({ length: 1_000 }, (_, number) => `user${number}`)
  for (const name of users) nodes[0]!.node.comes(name)
  await pass(world.clock, 5)
  await nodes[0]!.kill()
  await pass(world.clock, 26)
  await eventually(() => expect(whom()).toHaveLength(users.length))
  expect(new Set(whom()).size).toBe(users.length)
  await end()
})

/** One node on leases in this process, and leases that can be away. */
const alone = async (clock: FakeClock, seen: Clock = clock) => {
  const embedded = new EmbeddedLeases({ clock: seen, disk: 'none' })
  await embedded.start()
  let away = false
  const or = <T>(ask: () => Promise<T>): Promise<T> =>
    away ? Promise.reject(new FanfareError('unavailable', 'away')) : ask()
  const leases: Leases = {
    start: () => embedded.start(),
    hold: (things, forMs) => or(() => embedded.hold(things, forMs)),
    expire: (limit) => or(() => embedded.expire(limit)),
    settle: (ended) => or(() => embedded.settle(ended)),
    heldSince: (things) => or(() => embedded.heldSince(things)),
  }
  const told: string[] = []
  const handlers = { 'user.offline': (_: unknown, { userId }: { userId: string }) => void told.push(userId) }
  const node = new LifecycleNode({ clock: seen, leases, handlers })
  await node.lifecycle.start()
  const goesAway = (gone: boolean) => {
    away = gone
  }
  return { node, told, goesAway }
}

test('an engine that was away for longer than a lease ends nobody who is here, and later those who went', async () => {
  const clock = fakeClock()
  const { node, told, goesAway } = await alone(clock)
  await clock.advance(21_000)
  node.comes('ann')
  node.comes('bob')
  await clock.advance(5_000)
  goesAway(true)
  await clock.advance(30_000)
  node.users.delete('bob')
  await clock.advance(30_000)
  goesAway(false)
  await clock.advance(5_000)
  expect(told).toEqual([])
  await clock.advance(10_000)
  expect(told).toEqual(['bob'])
  await clock.advance(120_000)
  expect(told).toEqual(['bob'])
})

test('a process that stood still says first who is here', async () => {
  const clock = fakeClock()
  let stoodStill = 0
  const { node, told } = await alone(clock, { ...clock, now: () => clock.now() + stoodStill })
  await clock.advance(21_000)
  for (let number = 0; number < 40; number++) node.comes(`user${number}`)
  await clock.advance(10_000)
  stoodStill = 60_000
  await clock.advance(60_000)
  expect(told).toEqual([])
  node.users.delete('user7')
  await clock.advance(26_000)
  expect(told).toEqual(['user7'])
})
