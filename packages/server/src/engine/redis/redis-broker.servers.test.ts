/** What the scripts promise beyond the contract: batches, lost and rolled-back logs, strangers, a full server, replicas. */
import { afterAll, beforeAll, expect, test } from 'bun:test'
import { systemClock } from '../../lib/clock.ts'
import { type RedisServer, startRedis } from '../../redis/servers.world.ts'
import { upTo } from '../engine.world.ts'
import { BrokerWorld } from './broker.world.ts'
import { createRoomLog } from './room-log.ts'

let server: RedisServer
let replica: RedisServer
beforeAll(async () => {
  server = await startRedis({ directives: [['repl-diskless-sync-delay', '0']] })
  replica = await startRedis({ directives: [['replicaof', server.host, String(server.port)]] })
})
afterAll(async () => {
  await replica[Symbol.asyncDispose]()
  await server[Symbol.asyncDispose]()
})

const offsetsOf = (world: BrokerWorld) =>
  world.heard.map((heard) => (heard.kind === 'event' ? heard.event.offset : heard.kind))

const idsIn = async (log: string) =>
  ((await server.call('XRANGE', log, '-', '+')) as readonly (readonly [string])[]).map(([id]) => id)

const until = async (holds: () => boolean | Promise<boolean>) => {
  for (let tries = 0; !(await holds()); tries++) {
    if (tries > 500) throw new Error('It never came to hold.')
    await Bun.sleep(10)
  }
}

test('a batch is one step: rooms and kinds in the order in which they were given, each answered', async () => {
  await using world = await BrokerWorld.open(server)
  const [a, b] = [world.room('a'), world.room('b')]
  await world.listen(a, b)
  const written = await world.send(
    world.write(a, 'a1'),
    world.write(b, 'b1'),
    { kind: 'forget', room: a },
    world.write(a, 'a2'),
    world.write(a, 'a3'),
  )
  expect(written.map((each) => (each.kind === 'published' ? each.receipt.offset : each.kind))).toEqual([
    1,
    1,
    'forgotten',
    1,
    2,
  ])
  await until(() => world.heard.length === 5)
  expect(world.heard.map(({ room, epoch }) => [room, epoch])).toEqual(
    written.map((each, index) => [
      index === 1 ? b.key : a.key,
      each.kind === 'published' ? each.receipt.epoch : each.kind === 'forgotten' ? each.epoch : '',
    ]),
  )
  expect(offsetsOf(world)).toEqual([1, 1, 'forgotten', 1, 2])
  expect(await world.dataIn(a)).toEqual(['a2', 'a3'])
})

test('each of a batch is answered in the epoch in which it is heard, whatever its writer knew of the room', async () => {
  await using world = await BrokerWorld.open(server)
  const room = world.room('a')
  const first = (await world.publish(world.write(room, 'first')))[0]!.receipt
  await world.listen(room)
  const answered = []
  for (const known of [undefined, first, { epoch: 'another', offset: 9 }]) {
    const write = (data: string, more = {}) => world.write(room, data, { ...(known && { known }), ...more })
    const forget = { kind: 'forget', room, ...(known && { known }) } as const
    const batch = [write('a'), write('b', { key: 'k' }), write('c', { key: 'k' }), forget, write('d'), write('e')]
    for (const each of await world.send(...batch)) {
      if (each.kind === 'published' && !each.duplicate) answered.push([each.receipt.epoch, each.receipt.offset])
    }
  }
  const heard = () => world.heard.filter(({ kind }) => kind === 'event')
  await until(() => heard().length === 12)
  expect(answered).toEqual(heard().map((each) => [each.epoch, each.kind === 'event' ? each.event.offset : 0]))
  expect(new Set(answered.map(([epoch]) => epoch)).size).toBe(4)
})

test('I4 a top below what a writer or a comparer knows begins a new epoch before anything else, and everybody hears of it', async () => {
  await using world = await BrokerWorld.open(server)
  for (const kind of ['write', 'compare'] as const) {
    const room = world.room(kind)
    const [first] = await world.publish(world.write(room, 'old'))
    await world.listen(room)
    world.heard.length = 0
    const known = { epoch: first!.receipt.epoch, offset: 2 }
    const top =
      kind === 'write'
        ? (await world.publish(world.write(room, 'new', { known })))[0]!.receipt
        : await world.compare(room, known)
    expect(top.epoch).not.toBe(known.epoch)
    expect(await world.dataIn(room)).toEqual(kind === 'write' ? ['old', 'new'] : ['old'])
    expect(top.offset).toBe(kind === 'write' ? 2 : 1)
    await until(() => world.heard.length === (kind === 'write' ? 2 : 1))
    expect(world.heard[0]).toEqual({ kind: 'forgotten', room: room.key, epoch: top.epoch })
  }
})

test('I4 what is left of a log that was taken back stands in the next epoch where it stood, with its receipts; what is not left does not count', async () => {
  await using world = await BrokerWorld.open(server)
  for (const how of ['write', 'compare'] as const) {
    const room = world.room(how)
    const keyed = (n: number) => world.write(room, n, { key: `k${n}` })
    const written = await world.publish(...upTo(4).map(keyed))
    const { epoch } = written[0]!.receipt
    const [meta, log] = [world.keyOf('meta', room.key), world.keyOf('log', room.key)]
    // As a replica had it that lacked the last two, but for their receipts.
    await server.call('HSET', meta, 't', 2)
    await server.call('XDEL', log, ...(await idsIn(log)).slice(2))
    await server.call('XSETID', log, (await idsIn(log)).at(-1)!)
    const known = { epoch, offset: 4 }
    if (how !== 'write') expect(await world.compare(room, known)).toMatchObject({ offset: 2 })
    const again = await world.publish(...upTo(4).map((n) => ({ ...keyed(n), known })))
    const next = again[0]!.receipt.epoch
    expect(next).not.toBe(epoch)
    expect(again.map(({ duplicate, receipt }) => [receipt.epoch, receipt.offset, duplicate])).toEqual([
      [next, 1, true],
      [next, 2, true],
      [next, 3, false],
      [next, 4, false],
    ])
    expect(again[1]!.receipt).toMatchObject({ id: written[1]!.receipt.id, timestamp: written[1]!.receipt.timestamp })
    expect(await world.dataIn(room)).toEqual([1, 2, 3, 4])
  }
})

test('I4 of a room that is taken back again and again, the receipts of the last four epochs count; of one that was forgotten, none', async () => {
  await using world = await BrokerWorld.open(server)
  const room = world.room('a')
  const keyed = (n: number) => world.write(room, n, { key: `k${n}` })
  let position = { epoch: '', offset: 0 }
  for (const n of upTo(6)) {
    const { epoch, offset } = (await world.publish(keyed(n)))[0]!.receipt
    expect(offset).toBe(n)
    position = await world.compare(room, { epoch, offset: offset + 1 })
    expect(position).toMatchObject({ offset: n })
  }
  const again = await world.publish(...upTo(6).map(keyed))
  expect(again.map(({ receipt, duplicate }) => (duplicate ? receipt.offset : 'new'))).toEqual([
    'new',
    'new',
    3,
    4,
    5,
    6,
  ])
  await world.compare(room, { epoch: position.epoch, offset: 99 })
  await world.send({ kind: 'forget', room })
  const after = await world.publish(keyed(3), keyed(6))
  expect(after.map(({ receipt, duplicate }) => [receipt.offset, duplicate])).toEqual([
    [1, false],
    [2, false],
  ])
  expect(await world.dataIn(room)).toEqual([3, 6])
})

test('I4 what is known of another epoch, or is not more than what is there, changes nothing', async () => {
  await using world = await BrokerWorld.open(server)
  const room = world.room('a')
  const { epoch } = (await world.publish(world.write(room, 1), world.write(room, 2)))[1]!.receipt
  expect(await world.compare(room, { epoch, offset: 2 })).toEqual({ epoch, offset: 2 })
  expect(await world.compare(room, { epoch: 'another', offset: 99 })).toEqual({ epoch, offset: 2 })
  const [next] = await world.publish(world.write(room, 3, { known: { epoch: 'another', offset: 99 } }))
  expect(next!.receipt).toMatchObject({ epoch, offset: 3 })
})

test('I4 a log that does not fit its meta is begun anew, not appended to', async () => {
  await using world = await BrokerWorld.open(server)
  for (const spoil of [
    ['XADD', '99-1', 'e', '{}'],
    ['SET', 'text'],
  ]) {
    const room = world.room(spoil[0]!)
    const first = await world.compare(room)
    const [command, ...rest] = spoil
    await server.call(command!, world.keyOf('log', room.key), ...rest)
    const [published] = await world.publish(world.write(room, 'new'))
    expect(published!.receipt).toMatchObject({ offset: 1 })
    expect(published!.receipt.epoch).not.toBe(first.epoch)
    expect(await world.dataIn(room)).toEqual(['new'])
  }
})

test('I5 a hole in a log is an error, never a page', async () => {
  await using world = await BrokerWorld.open(server)
  const room = world.room('a')
  await world.publish(...upTo(40).map((number) => world.write(room, number)))
  const [[id]] = (await server.call('XRANGE', world.keyOf('log', room.key), '30', '30')) as [[string]]
  await server.call('XDEL', world.keyOf('log', room.key), id)
  for (const query of [{ after: 'earliest' }, { before: 'latest' }] as const) {
    await expect(world.broker.read(room, { ...query, limit: 40 })).rejects.toThrow()
  }
  expect(await world.broker.read(room, { after: 'earliest', limit: 29 })).toMatchObject({ ok: true, more: true })
})

test('one room that cannot be written harms no other of the batch', async () => {
  await using world = await BrokerWorld.open(server)
  const [bad, good] = [world.room('bad'), world.room('good')]
  await server.call('SET', world.keyOf('meta', bad.key), 'no hash')
  const written = await world.send(world.write(bad, 1), world.write(good, 1))
  expect(written).toMatchObject([
    { kind: 'failed', error: { code: 'unavailable' } },
    { kind: 'published', receipt: { offset: 1 } },
  ])
})

test('what nobody of ours said is counted, and the rest is heard', async () => {
  await using world = await BrokerWorld.open(server)
  const room = world.room('a')
  await world.listen(room)
  const poison = ['', '1 e', '2 e x 1 {}', '1 e x 1 {}', '\u0000\uffff', '1 f ', '1 e x 1 {"id":1}']
  for (const text of poison) await server.call('SPUBLISH', world.keyOf('room', room.key), text)
  await server.call('SPUBLISH', world.keyOf('room', room.key), '1 p anything')
  await world.publish(world.write(room, 'said'))
  await until(() => world.heard.length === 1)
  expect(world.heard).toMatchObject([{ kind: 'event', event: { data: 'said' } }])
  expect(world.presence).toEqual(['anything'])
  expect(world.counted.get('fanfare_redis_messages_refused_total')).toBe(poison.length)
})

test('R-29 a full server refuses writes before anything is done, still reads and compares, and takes writes again when it is not', async () => {
  await using world = await BrokerWorld.open(server)
  const room = world.room('a')
  await world.publish(world.write(room, 'before'))
  await server.call('CONFIG', 'SET', 'maxmemory', '1mb')
  try {
    await expect(world.send(world.write(room, 'refused'))).rejects.toMatchObject({ code: 'unavailable' })
    expect(await world.dataIn(room)).toEqual(['before'])
    expect(await world.compare(room)).toMatchObject({ offset: 1 })
    expect(await world.compare(world.room('never seen'))).toMatchObject({ offset: 0 })
  } finally {
    await server.call('CONFIG', 'SET', 'maxmemory', '0')
  }
  await world.publish(world.write(room, 'after'))
  expect(await world.dataIn(room)).toEqual(['before', 'after'])
})

test('R-05 with acks of replicas an event is told and acknowledged when a replica has it; without one it is stored, and told by the retry', async () => {
  await using world = await BrokerWorld.open(server)
  const room = world.room('a', { acks: 'replicas' })
  await world.listen(room)
  await until(async () => ((await replica.call('INFO', 'replication')) as string).includes('master_link_status:up'))
  const [first] = await world.publish(world.write(room, 1))
  expect(first!.receipt.durability).toBe('replicas')
  const [log] = [world.keyOf('log', room.key)]
  expect(await replica.call('XLEN', log)).toBe(1)
  replica.pause()
  const beside = world.room('beside')
  const write = world.write(room, 2, { key: 'k' })
  const written = await world.send(write, world.write(beside, 1))
  expect(written).toMatchObject([
    { kind: 'failed', error: { code: 'unavailable' } },
    { kind: 'published', receipt: { durability: 'broker' } },
  ])
  expect(await server.call('XLEN', log)).toBe(2)
  expect(await world.send(write)).toMatchObject([{ kind: 'failed' }])
  expect(offsetsOf(world)).toEqual([1])
  replica.resume()
  const [retried] = await world.publish(write)
  expect(retried).toMatchObject({ duplicate: true, receipt: { offset: 2, durability: 'replicas' } })
  await until(() => world.heard.length === 2)
  expect(offsetsOf(world)).toEqual([1, 2])
}, 30_000)

test('a replica that does not answer holds up no room that did not ask for it, and who did is told within 3 s', async () => {
  await using world = await BrokerWorld.open(server)
  const log = createRoomLog({ broker: world.broker, clock: systemClock })
  const stop = await log.start({ deliver: () => {}, lost: () => {} })
  const careful = world.room('careful', { acks: 'replicas' })
  // In every lane.
  const quick = upTo(8).map((number) => world.room(`quick${number}`))
  await until(async () => ((await replica.call('INFO', 'replication')) as string).includes('master_link_status:up'))
  replica.pause()
  const began = performance.now()
  const refused = Promise.resolve(log.publish(careful, world.write(careful, 0).draft, { key: 'k' })).then(
    () => undefined,
    (error: { code: string }) => ({ code: error.code, afterMs: performance.now() - began }),
  )
  for (const room of quick) await log.publish(room, world.write(room, 1).draft)
  expect(performance.now() - began).toBeLessThan(1_000)
  const { code, afterMs } = (await refused)!
  expect(code).toBe('unavailable')
  expect(afterMs).toBeGreaterThan(1_000)
  expect(afterMs).toBeLessThan(3_000)
  replica.resume()
  expect(await log.publish(careful, world.write(careful, 0).draft, { key: 'k' })).toMatchObject({
    duplicate: true,
    offset: 1,
    durability: 'replicas',
  })
  await stop()
}, 30_000)

test('a log is trimmed on the server too, by count and by age, and what is left of a quiet room expires', async () => {
  await using world = await BrokerWorld.open(server)
  const [counted, aged] = [world.room('counted', { keep: 50 }), world.room('aged', { keep: 100_000, forMs: 60_000 })]
  for (let batch = 0; batch < 20; batch++) {
    await world.publish(...upTo(100).flatMap((n) => [world.write(counted, n), world.write(aged, n)]))
    await world.clock.advance(10_000)
  }
  const lengthOf = (room: typeof counted) => server.call('XLEN', world.keyOf('log', room.key))
  expect(await lengthOf(counted)).toBeLessThan(250)
  // Six batches are kept.
  expect(await lengthOf(aged)).toBeLessThan(1_000)
  expect(await world.dataIn(aged)).toHaveLength(500)
  const ttl = (kind: string) => server.call('PTTL', world.keyOf(kind, aged.key)) as Promise<number>
  expect(await ttl('log')).toBeGreaterThan(60_000)
  expect(await ttl('log')).toBeLessThan(10 * 60_000)
  expect(await ttl('meta')).toBeGreaterThan(24 * 60 * 60_000)
})

test('a unique room that is forgotten leaves nothing for long', async () => {
  await using world = await BrokerWorld.open(server)
  const room = world.room('call', { unique: true, durable: true })
  await world.publish(world.write(room, 1, { react: true }))
  const [forgotten] = await world.send({ kind: 'forget', room })
  expect(await world.compare(room)).toMatchObject({ epoch: forgotten!.kind === 'forgotten' ? forgotten!.epoch : '' })
  expect(await server.call('EXISTS', world.keyOf('log', room.key))).toBe(0)
  expect(await server.call('PTTL', world.keyOf('meta', room.key))).toBeLessThan(60_001)
})
