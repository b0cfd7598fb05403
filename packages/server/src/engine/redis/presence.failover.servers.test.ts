/** Presence when the Redis under it dies: who stayed is not told to have left, and it goes on by itself. */
import { expect, test } from 'bun:test'
import { startCluster } from '../../redis/cluster.world.ts'
import { startRedis } from '../../redis/servers.world.ts'
import { slotOf } from '../../redis/slots.ts'
import { entry, type Node, PresenceWorld, ward } from './presence.world.ts'

const timeoutMs = 60_000

/** Two nodes with a member each, that listen. */
const open = async (url: string) => {
  const world = await PresenceWorld.open(url, 2)
  const [a, b] = world.nodes as [Node, Node]
  await a.listen()
  await b.listen()
  await a.enter('ann', 's1', 'desk')
  await b.enter('bob', 's2')
  await world.settle()
  return { world, a, b, [Symbol.asyncDispose]: () => world[Symbol.asyncDispose]() }
}
type Scene = Awaited<ReturnType<typeof open>>

const isBack = async (node: Node): Promise<void> => {
  const deadline = Date.now() + 20_000
  for (;;) {
    try {
      return void (await node.compare())
    } catch (error) {
      if (Date.now() > deadline) throw error
      await Bun.sleep(50)
    }
  }
}

/** What nodes do as time passes: they sweep, compare and renew. */
const goOn = async ({ world, a, b }: Scene, seconds: number): Promise<void> => {
  for (let second = 0; second < seconds; second++) {
    await world.clock.advance(1_000)
    await Bun.sleep(20)
    if (second % 5 !== 0) continue
    await Promise.all([a.compare(), b.compare()])
    await a.presence.renew([entry('ann', 's1')])
    await b.presence.renew([entry('bob', 's2')])
  }
}

const expectNothingChanged = async (scene: Scene): Promise<void> => {
  const { a, b } = scene
  expect([a.told, b.told]).toEqual([
    ['join ann', 'join bob'],
    ['join ann', 'join bob'],
  ])
  expect(await b.names()).toEqual(['ann', 'bob'])
  await a.leave('ann', 's1')
  await Bun.sleep(100)
  await goOn(scene, 1)
  expect(b.told.slice(2)).toEqual(['leave ann'])
}

test(
  'a server that comes back empty',
  async () => {
    await using server = await startRedis()
    await using scene = await open(server.url)
    await server.restart({ empty: true })
    await Promise.all([isBack(scene.a), isBack(scene.b)])
    await goOn(scene, 20)
    await expectNothingChanged(scene)
  },
  timeoutMs,
)

test(
  'a master of a Cluster that is killed',
  async () => {
    await using cluster = await startCluster({ replicas: 1 })
    await using scene = await open(cluster.url)
    const master = await cluster.masterOf(slotOf(scene.a.keyOf(ward)))
    await master.kill()
    await Promise.all([isBack(scene.a), isBack(scene.b)])
    await goOn(scene, 20)
    await expectNothingChanged(scene)
  },
  timeoutMs,
)
