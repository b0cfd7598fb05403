import { afterAll, beforeAll, expect, test } from 'bun:test'
import { type RedisCluster, startCluster } from './cluster.world.ts'
import { type Actor, openActor, until } from './connect.world.ts'
import { slotOf } from './slots.ts'

let cluster: RedisCluster
beforeAll(async () => {
  cluster = await startCluster({ replicas: 1 })
}, 30_000)
afterAll(() => cluster[Symbol.asyncDispose]())

const names = Array.from({ length: 200 }, (_, index) => `room-${index}`)
const oneOfEach = (node: Actor): readonly string[] => {
  const byPartition = new Map(names.map((name) => [node.at(name).partition.index, name]))
  return [...byPartition.values()]
}
/** Says it until it was taken, as a caller does who is told to come back later. */
const insist = async (node: Actor, name: string, text: string): Promise<void> => {
  const deadline = Date.now() + 15_000
  for (;;) {
    try {
      await node.say(name, text)
      return
    } catch (error) {
      if (Date.now() > deadline) throw error
      await Bun.sleep(20)
    }
  }
}
const dispose = (...actors: readonly Actor[]) => Promise.all(actors.map((actor) => actor[Symbol.asyncDispose]()))

test('rooms are spread over the masters, and each is written and heard where it is', async () => {
  // A plain address of one of its servers is enough.
  const [first] = cluster.nodes
  const [ann, bob] = await Promise.all([openActor(first?.url ?? ''), openActor(cluster.url)])
  const rooms = oneOfEach(ann)
  const heard = await Promise.all(rooms.map((name) => bob.listen(name)))
  await Promise.all(rooms.map((name) => ann.say(name, `to ${name}`)))
  await until('all hear', () => heard.every((one) => one.length === 1))
  expect(heard.map(([text]) => text)).toEqual(rooms.map((name) => `to ${name}`))
  expect(rooms.length).toBeGreaterThan(50)
  expect(
    bob.redis
      .shards()
      .map(({ partitions }) => partitions.length)
      .toSorted(),
  ).toEqual([21, 21, 22])
  expect(bob.redis.shards().every(({ healthy }) => healthy)).toBe(true)
  await dispose(ann, bob)
}, 15_000)

test('a slot that moves there and back under live writes and subscriptions loses neither', async () => {
  const [ann, bob] = await Promise.all([openActor(cluster.url), openActor(cluster.url)])
  const name = 'moving'
  const slot = slotOf(ann.at(name).partition.tag)
  const heard = await bob.listen(name)
  await insist(ann, name, 'here')
  const home = await cluster.masterOf(slot)
  const away = (await Promise.all([0, 8_000, 16_000].map((at) => cluster.masterOf(at)))).find((node) => node !== home)
  if (away === undefined) throw new Error('there is one master only')
  await cluster.moveSlot(slot, home, away)
  const from = Date.now()
  await until('doubt', () => bob.doubts.length > 0)
  await insist(ann, name, 'there')
  await until('it is heard there', () => heard.includes('there'))
  expect(Date.now() - from).toBeLessThan(5_000)
  await cluster.moveSlot(slot, away, home)
  await until('doubt again', () => bob.doubts.length > 1)
  await insist(ann, name, 'back')
  await until('it is heard back', () => heard.includes('back'))
  expect(await ann.list(name)).toEqual(['here', 'there', 'back'])
  await dispose(ann, bob)
}, 20_000)

test('a slot that is on its way: what is there already is found there', async () => {
  const node = await openActor(cluster.url)
  const name = 'half way'
  const { partition, list } = node.at(name)
  await insist(node, name, 'one')
  const slot = slotOf(partition.tag)
  const from = await cluster.masterOf(slot)
  const to = (await Promise.all([0, 8_000, 16_000].map((at) => cluster.masterOf(at)))).find((one) => one !== from)
  if (to === undefined) throw new Error('there is one master only')
  await to.call('CLUSTER', 'SETSLOT', slot, 'IMPORTING', from.id)
  await from.call('CLUSTER', 'SETSLOT', slot, 'MIGRATING', to.id)
  const life = node.redis.key(partition, 'life')
  await from.call('MIGRATE', to.host, to.port, '', 0, 5_000, 'KEYS', list, life)
  expect(await node.list(name)).toEqual(['one'])
  await cluster.moveSlot(slot, from, to)
  await insist(node, name, 'two')
  expect(await node.list(name)).toEqual(['one', 'two'])
  await dispose(node)
}, 20_000)

test('a master that is killed is replaced by its replica; one that was replaced in peace takes no more writes', async () => {
  const [ann, bob] = await Promise.all([openActor(cluster.url), openActor(cluster.url)])
  const name = 'surviving'
  const slot = slotOf(ann.at(name).partition.tag)
  const heard = await bob.listen(name)
  await insist(ann, name, 'before')
  const first = await cluster.masterOf(slot)
  const [replica] = await cluster.replicasOf(first)
  if (replica === undefined) throw new Error('the master has no replica')
  await cluster.failover(replica)
  await insist(ann, name, 'after a failover')
  await until('it is heard', () => heard.includes('after a failover'))
  await replica.kill()
  await insist(ann, name, 'after a death')
  await until('it is heard again', () => heard.includes('after a death'))
  expect(await ann.list(name)).toEqual(['before', 'after a failover', 'after a death'])
  await until('all is well', () => bob.redis.shards().every(({ healthy }) => healthy))
  await dispose(ann, bob)
}, 30_000)
