/** What waits for a replica: together, in order, and never in the name of another master. */
import { afterAll, beforeAll, expect, test } from 'bun:test'
import type { Redis } from '../../redis/redis.ts'
import { type RedisServer, startRedis } from '../../redis/servers.world.ts'
import { upTo } from '../engine.world.ts'
import { eventually } from '../node.world.ts'
import { BrokerWorld } from './broker.world.ts'
import { Replicas } from './replicas.ts'

let server: RedisServer
let replica: RedisServer
let master: string
beforeAll(async () => {
  server = await startRedis({ directives: [['repl-diskless-sync-delay', '0']] })
  replica = await startRedis({ directives: [['replicaof', server.host, String(server.port)]] })
  await eventually(async () => {
    expect((await replica.call('INFO', 'replication')) as string).toContain('master_link_status:up')
  }, 10_000)
  master = /master_replid:(\w+)/.exec((await server.call('INFO', 'replication')) as string)![1]!
})
afterAll(async () => {
  await replica[Symbol.asyncDispose]()
  await server[Symbol.asyncDispose]()
})

/** A room with an event that nobody was told of, as far as {@link Replicas} knows. */
const stage = async (world: BrokerWorld) => {
  const room = world.room('a')
  const [published] = await world.publish(world.write(room, 'said'))
  await world.listen(room)
  const { epoch, offset } = published!.receipt
  return { room, partition: world.redis.partitionOf(room.key), appended: { room: room.key, epoch, offset, body: '' } }
}

test('what comes while a wait is under way waits together, and is answered in order', async () => {
  await using world = await BrokerWorld.open(server)
  const { partition, appended } = await stage(world)
  let waits = 0
  const redis: Redis = {
    ...world.redis,
    run(at, call) {
      if (call.replicas === 1) waits++
      return world.redis.run(at, call)
    },
  }
  const replicas = new Replicas(redis)
  const answered: number[] = []
  await Promise.all(
    upTo(300).map((number) => replicas.confirm(partition, master, [appended]).then(() => answered.push(number))),
  )
  expect(answered).toEqual(upTo(300))
  expect(waits).toBe(2)
  await eventually(() => expect(world.heard).toHaveLength(300))
})

test('what was written on another master is not vouched for, and nobody is told of it', async () => {
  await using world = await BrokerWorld.open(server)
  const { partition, appended } = await stage(world)
  const replicas = new Replicas(world.redis)
  const answers = await Promise.allSettled([
    replicas.confirm(partition, 'a master that is gone', [appended]),
    replicas.confirm(partition, master, [appended]),
  ])
  expect(answers).toMatchObject([{ status: 'rejected', reason: { code: 'unavailable' } }, { status: 'fulfilled' }])
  await eventually(() => expect(world.heard).toHaveLength(1))
})

test('what the room no longer has is told to nobody', async () => {
  await using world = await BrokerWorld.open(server)
  const { room, partition, appended } = await stage(world)
  const replicas = new Replicas(world.redis)
  await replicas.confirm(partition, master, [{ ...appended, epoch: 'another', body: '{}' }])
  await replicas.confirm(partition, master, [{ ...appended, offset: 2, body: '{}' }])
  await world.send({ kind: 'forget', room })
  await replicas.confirm(partition, master, [{ ...appended, body: '{}' }])
  await world.publish(world.write(room, 'end'))
  await eventually(() => expect(world.heard).toHaveLength(2))
  expect(world.heard.map(({ kind }) => kind)).toEqual(['forgotten', 'event'])
})
