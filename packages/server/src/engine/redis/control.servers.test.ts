/** What Redis, its network and whoever else can write to it may do to leases, directory, courier and bus. */
import { afterAll, beforeAll, expect, test } from 'bun:test'
import { roomOfKey } from '../../model/room-key.ts'
import { type RedisServer, startRedis } from '../../redis/servers.world.ts'
import type { SessionInfo } from '../directory.ts'
import { eventually, NodeStage } from '../node.world.ts'
import { ControlWorld } from './control.world.ts'

let server: RedisServer
beforeAll(async () => {
  server = await startRedis()
})
afterAll(() => server[Symbol.asyncDispose]())

const joined = async (world: ControlWorld) => {
  const node = await world.node()
  return { ...node, stage: await new NodeStage(node).start() }
}

const session = (name: string): SessionInfo => ({
  session: name,
  userId: 'ann',
  link: 'websocket',
  rooms: ['ward:1'],
  openedAt: '2026-01-01T00:00:00.000Z',
  expiresAt: '2026-01-01T01:00:00.000Z',
})

test('what is not a message of a node is counted and dropped, and the next is heard', async () => {
  await using world = new ControlWorld(server)
  const { engine, redis, stage } = await joined(world)
  const emits = redis.key(redis.partitions[0]!, 'emits')
  const place = redis.partitionOf(`courier|${engine.node}`)
  const courier = redis.key(place, 'courier', engine.node)
  const emit = { type: 'emit', tenantId: 'clinic', namespace: '/', to: { everyone: true }, except: [], frame: 'x' }
  const wrong = [
    'garbage',
    '\u0000\ufffd[[[[',
    JSON.stringify({ v: 2, message: emit }),
    JSON.stringify({ v: 1, message: { ...emit, tenantId: '../x' } }),
    JSON.stringify({ v: 1, message: { ...emit, to: {} } }),
    JSON.stringify({ v: 1, message: { ...emit, except: [1] } }),
    JSON.stringify({ v: 1, message: { ...emit, frame: { toString: 1 } } }),
    JSON.stringify({ v: 1, message: { type: 'disconnect', tenantId: 'clinic', userId: 'ann' } }),
    JSON.stringify({ v: 1, message: { type: '__proto__' } }),
  ]
  for (const text of wrong) await server.call('SPUBLISH', emits, text)
  const letters = ['garbage', '2 nodenode 1 hi', '1 node 1 hi', '1 nodenode x hi', '1 nodenode -1 hi', '']
  for (const text of letters) await server.call('SPUBLISH', courier, text)
  await eventually(() =>
    expect(world.counted.get('fanfare_node_messages_refused_total')).toBe(wrong.length + letters.length),
  )
  await server.call('SPUBLISH', emits, JSON.stringify({ v: 1, message: emit }))
  await server.call('SPUBLISH', courier, '1 nodenode 1 hi  there')
  await eventually(() => expect(stage.received).toEqual([emit as never]))
  await eventually(() => expect(stage.letters).toEqual([{ from: 'nodenode', message: 'hi  there' }]))
  await stage.stop()
})

test('what comes twice or late by courier is dropped', async () => {
  await using world = new ControlWorld(server)
  const { engine, redis, stage } = await joined(world)
  const courier = redis.key(redis.partitionOf(`courier|${engine.node}`), 'courier', engine.node)
  for (const number of [1, 2, 2, 1, 3]) await server.call('SPUBLISH', courier, `1 nodenode ${number} m${number}`)
  await eventually(() => expect(stage.letters.map(({ message }) => message)).toEqual(['m1', 'm2', 'm3']))
  await stage.stop()
})

test('a node that is there and does not listen just now is told once it does', async () => {
  await using world = new ControlWorld(server)
  const [sender, hearer] = [await joined(world), await joined(world)]
  const place = hearer.redis.partitionOf(`courier|${hearer.engine.node}`)
  const name = hearer.redis.key(place, 'courier', hearer.engine.node)
  await hearer.redis.unsubscribe(place, [name])
  let told: boolean | undefined
  const telling = sender.engine.courier.tell(hearer.engine.node, 'hi').then((answer) => {
    told = answer
  })
  await new Promise((resolve) => setTimeout(resolve, 30))
  expect(told).toBeUndefined()
  const heard: string[] = []
  await hearer.redis.subscribe(place, [name], (_, text) => heard.push(text))
  await world.clock.advance(100)
  await telling
  expect(told).toBe(true)
  await eventually(() => expect(heard).toHaveLength(1))
  for (const { stage } of [sender, hearer]) await stage.stop()
})

test('a bus that lost its place says that messages were missed', async () => {
  await using world = new ControlWorld(server)
  const { engine, stage } = await joined(world)
  await engine.bus.send({ type: 'grants.changed', tenantId: 'clinic', userId: 'ann' })
  const { key } = await roomOfBus(engine)
  await engine.log.forget({ key, log: { keep: 1, forMs: 1_000, durable: false } })
  expect(stage.received.at(-1)).toEqual({ type: 'missed' })
  await stage.stop()
})

const roomOfBus = async ({ canaries }: { canaries(tenantId: string): readonly string[] }) => {
  const [canary] = canaries('fanfare')
  const key = canary!.replace('__canary:0', '__bus') as Parameters<typeof roomOfKey>[0]
  expect(roomOfKey(key)).toEqual({ tenantId: 'fanfare', name: '__bus' })
  return { key }
}

test('one canary a server, each in a room of its own', async () => {
  await using world = new ControlWorld(server)
  const { engine } = await world.node()
  expect(engine.canaries('clinic').map(roomOfKey)).toEqual([{ tenantId: 'clinic', name: '__canary:0' }])
})

test('a Redis that forgot everything learns again who is there, whole', async () => {
  await using world = new ControlWorld(server)
  const [one, two] = [await joined(world), await joined(world)]
  for (const name of ['a', 'b', 'c']) {
    two.stage.here.put('clinic', session(name))
    two.engine.directory.touch('clinic', name)
  }
  await world.clock.advance(1_000)
  const listed = async () =>
    (await one.engine.directory.list('clinic', { limit: 9 })).map((info) => info.session).sort()
  await eventually(async () => expect(await listed()).toEqual(['a', 'b', 'c']))
  await server.call('FLUSHALL')
  expect(await listed()).toEqual([])
  // The next change of any session shows that the rest is missing.
  two.stage.here.remove('c')
  two.engine.directory.touch('clinic', 'c')
  for (let second = 0; second < 7; second++) {
    await world.clock.advance(1_000)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  await eventually(async () => expect(await listed()).toEqual(['a', 'b']))
  expect(await one.engine.directory.count('clinic')).toEqual({
    sessions: 2,
    users: 1,
    rooms: 1,
    sessionsByRoom: { 'ward:1': 2 },
    sessionsByUser: { ann: 2 },
  })
  for (const { stage } of [one, two]) await stage.stop()
})

test('a node that leaves takes with it what it wrote', async () => {
  await using world = new ControlWorld(server)
  const { engine, redis, stage } = await joined(world)
  stage.here.put('clinic', session('a'))
  engine.directory.touch('clinic', 'a')
  await world.clock.advance(1_000)
  const pattern = redis.key(redis.partitions[0]!, 'directory', '*')
  await eventually(async () => expect(await server.call('KEYS', pattern)).toHaveLength(5))
  await stage.stop()
  await using other = new ControlWorld(server)
  await other.node()
  expect(await server.call('KEYS', pattern)).toHaveLength(1)
})

test('a courier whose subscriber was cut off is still there, and hears what was told meanwhile', async () => {
  await using world = new ControlWorld(server)
  const [sender, hearer] = [await joined(world), await joined(world)]
  for (let round = 0; round < 3; round++) {
    await server.call('CLIENT', 'KILL', 'TYPE', 'pubsub')
    let told: unknown
    const telling = sender.engine.courier.tell(hearer.engine.node, `${round}`).then(
      (answer) => {
        told = answer
      },
      (error) => {
        told = error
      },
    )
    await eventually(async () => {
      await world.clock.advance(100)
      expect(told).toBe(true)
    })
    await telling
  }
  await eventually(() => expect(hearer.stage.letters.map(({ message }) => message)).toEqual(['0', '1', '2']))
  for (const { stage } of [sender, hearer]) await stage.stop()
})

test('leases that Redis lost begin anew with the next hold', async () => {
  await using world = new ControlWorld(server)
  const { engine, stage } = await joined(world)
  const ann = { kind: 'user', tenantId: 'clinic', name: 'ann' } as const
  await engine.leases.hold([ann], 20_000)
  await world.clock.advance(5_000)
  await server.call('FLUSHALL')
  const since = world.clock.now()
  await engine.leases.hold([ann], 20_000)
  await world.clock.advance(20_000)
  expect(await engine.leases.expire(10)).toEqual([{ ...ann, since }])
  await stage.stop()
})

test('what stands among the leases and is none of ours is passed over', async () => {
  await using world = new ControlWorld(server)
  const { engine, redis, stage } = await joined(world)
  const held = redis.key(redis.partitions[0]!, 'leases', 'held')
  for (const text of ['garbage', '{}', '["user","clinic"]', '["user",1,2]', '[]', '["tenant","a","b"]']) {
    await server.call('ZADD', held, 1, text)
  }
  const ann = { kind: 'user', tenantId: 'clinic', name: 'ann' } as const
  await engine.leases.hold([ann], 1)
  await world.clock.advance(1)
  expect(await engine.leases.expire(10)).toMatchObject([ann])
  await stage.stop()
})

test('emits are heard a little later where a server did not let a node listen at its start', async () => {
  await using world = new ControlWorld(server)
  const { engine, redis, kill } = await world.node()
  const { subscribe } = redis
  let refusals = 2
  Object.assign(redis, {
    subscribe: (...of: Parameters<typeof subscribe>) =>
      refusals-- > 0 ? Promise.reject(new Error('not now')) : subscribe(...of),
  })
  const stage = new NodeStage({ engine, kill })
  await engine.log.start({ deliver() {}, lost() {} })
  const stop = await engine.bus.start((message) => stage.received.push(message))
  await world.clock.advance(1_000)
  await world.clock.advance(1_000)
  const emit = {
    type: 'emit',
    tenantId: 'clinic',
    namespace: '/',
    to: { everyone: true },
    except: [],
    frame: 'x',
  } as const
  await eventually(async () => {
    await engine.bus.send(emit)
    expect(stage.received).toContainEqual(emit)
  })
  expect(refusals).toBe(-1)
  await stop()
})

test('a node with many tenants ends soon though Redis is gone, and a short absence loses nothing', async () => {
  await using lost = await startRedis()
  await using world = new ControlWorld(lost)
  const [one, two] = [await joined(world), await joined(world)]
  for (let number = 0; number < 500; number++) {
    one.stage.here.put(`clinic${number}`, session(`s${number}`))
    one.engine.directory.touch(`clinic${number}`, `s${number}`)
  }
  await lost.restart({ empty: true })
  const known = async () => {
    const counts = await Promise.all(
      Array.from({ length: 500 }, (_, number) => two.engine.directory.count(`clinic${number}`)),
    )
    return counts.reduce((sum, { sessions }) => sum + sessions, 0)
  }
  await eventually(async () => {
    await world.clock.advance(1_000)
    expect(await known()).toBe(500)
  }, 10_000)
  await lost.kill()
  const began = performance.now()
  await one.stage.stop()
  expect(performance.now() - began).toBeLessThan(10_000)
}, 30_000)
