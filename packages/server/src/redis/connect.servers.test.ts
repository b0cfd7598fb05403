import { expect, test } from 'bun:test'
import { FanfareError } from '@fanfare/protocol'
import { openActor, ping, scriptOf, until } from './connect.world.ts'
import { startProxy } from './proxy.world.ts'
import { kept, startRedis } from './servers.world.ts'

const codeOf = async (work: Promise<unknown>): Promise<string> => {
  try {
    await work
    return 'done'
  } catch (error) {
    return error instanceof FanfareError ? error.code : String(error)
  }
}
const timed = async (work: () => Promise<unknown>): Promise<number> => {
  const from = performance.now()
  await work()
  return performance.now() - from
}

test('a script is told the time and the name of its master, and is sent whole to a server that does not know it', async () => {
  await using server = await startRedis()
  await using node = await openActor(server.url, { time: () => 42 })
  const { partition } = node.at('a')
  const script = scriptOf('return ARGV')
  const ask = () => node.redis.run(partition, { script, keys: [], args: ['x', 7] })
  const info = String(await server.call('INFO', 'replication'))
  const replid = /master_replid:(\w+)/.exec(info)?.[1]
  expect(await ask()).toEqual(['42', replid ?? '', 'x', '7'])
  await server.call('SCRIPT', 'FLUSH')
  expect(await ask()).toEqual(['42', replid ?? '', 'x', '7'])
})

test('what went wrong in a script is told, and is not tried again', async () => {
  await using server = await startRedis()
  await using node = await openActor(server.url)
  const { partition, list } = node.at('a')
  const script = scriptOf(`redis.call('RPUSH', KEYS[1], 'x') return redis.error_reply('ERR no')`)
  expect(await codeOf(node.redis.run(partition, { script, keys: [list], args: [] }))).toBe('internal')
  expect(await node.list('a')).toEqual(['x'])
})

test('what is published is heard by all who subscribed, until they no longer do', async () => {
  await using server = await startRedis()
  await using ann = await openActor(server.url)
  await using bob = await openActor(server.url)
  const anns = await ann.listen('room')
  const bobs = await bob.listen('room')
  await ann.say('room', 'one')
  await until('both hear', () => anns.length + bobs.length === 2)
  await bob.redis.unsubscribe(bob.at('room').partition, [bob.at('room').channel])
  await ann.say('room', 'two')
  await until('Ann hears', () => anns.length === 2)
  expect(bobs).toEqual(['one'])
})

test('a listener that throws, and a message that is garbage, harm nobody', async () => {
  await using server = await startRedis()
  const counted: string[] = []
  const metrics = { add: (name: string) => void counted.push(name), observe() {}, gauge() {} }
  await using node = await openActor(server.url, { metrics })
  const { partition, channel } = node.at('bad')
  await node.redis.subscribe(partition, [channel], (_, message) => JSON.parse(message))
  const good = await node.listen('good')
  await server.call('SPUBLISH', channel, '\u0000{{')
  await server.call('SPUBLISH', channel, 'x'.repeat(100_000))
  await node.say('good', 'still here')
  await until('the other hears', () => good.length === 1)
  expect(counted.filter((name) => name === 'fanfare_redis_poison_total')).toHaveLength(2)
})

test('subscriptions that the server cut are there again by themselves, and doubt is raised', async () => {
  await using server = await startRedis()
  await using node = await openActor(server.url)
  const heard = await node.listen('room')
  const names = Array.from({ length: 1_200 }, (_, index) =>
    node.redis.key(node.at('room').partition, 'many', String(index)),
  )
  const many: string[] = []
  await node.redis.subscribe(node.at('room').partition, names, (_, message) => many.push(message))
  for (let round = 1; round <= 3; round++) {
    await server.call('CLIENT', 'KILL', 'TYPE', 'pubsub')
    await until('doubt', () => node.doubts.length >= round)
    await node.say('room', `round ${round}`)
    await server.call('SPUBLISH', names.at(-1) ?? '', `round ${round}`)
    await until('it is heard', () => heard.length === round && many.length === round)
  }
})

test('a server that was killed and comes back is used again by itself, after its first second', async () => {
  await using server = await startRedis({ directives: kept })
  await using node = await openActor(server.url)
  const heard = await node.listen('room')
  expect(await node.say('room', 'before')).toBe(1)
  await until('it is heard', () => heard.length === 1)
  await server.kill()
  expect(await codeOf(node.say('room', 'lost', { timeoutMs: 300 }))).toBe('unavailable')
  expect(node.redis.shards()[0]?.healthy).toBe(false)
  await server.restart()
  await until('doubt', () => node.doubts.length > 0)
  expect(await timed(async () => expect(await node.say('room', 'after')).toBe(2))).toBeGreaterThan(600)
  await until('it is heard', () => heard.length === 2)
  await until('it is well', () => node.redis.shards()[0]?.healthy === true)
})

test('a server that hangs: calls fail in time, then at once, sockets come back, and nothing late comes after what is later', async () => {
  await using server = await startRedis()
  await using node = await openActor(server.url)
  await node.say('room', 'one')
  server.pause()
  expect(await timed(() => codeOf(node.say('room', 'given up')))).toBeLessThan(3_000)
  await Bun.sleep(1_000)
  const seconds = await timed(async () => {
    for (let call = 0; call < 5; call++) expect(await codeOf(node.say('room', `refused ${call}`))).toBe('unavailable')
  })
  expect(seconds).toBeLessThan(13_000)
  await until('known to be away', () => node.redis.shards()[0]?.healthy === false)
  expect(await timed(() => codeOf(node.say('room', 'refused at once')))).toBeLessThan(100)
  server.resume()
  const back = Date.now()
  while ((await codeOf(node.say('room', 'later'))) !== 'done') await Bun.sleep(10)
  expect(Date.now() - back).toBeLessThan(3_000)
  await Bun.sleep(100)
  const list = (await node.list('room')) as string[]
  expect(list[0]).toBe('one')
  expect(list.at(-1)).toBe('later')
}, 30_000)

test('a subscriber that went deaf without a word is found out and replaced', async () => {
  await using server = await startRedis()
  await using proxy = await startProxy(server.port)
  await using node = await openActor(proxy.url)
  const heard = await node.listen('room')
  await using other = await openActor(server.url)
  proxy.swallow('down', 'open')
  await other.say('room', 'swallowed')
  await until('doubt', () => node.doubts.length > 0)
  await other.say('room', 'heard')
  await until('it hears', () => heard.length === 1)
  expect(heard).toEqual(['heard'])
  expect(await other.list('room')).toEqual(['swallowed', 'heard'])
}, 15_000)

test('a call that waits for a replica that is not there says so, and holds up nobody', async () => {
  await using server = await startRedis()
  await using node = await openActor(server.url)
  const waiting = codeOf(node.say('room', 'alone', { replicas: 1, timeoutMs: 800 }))
  expect(await timed(() => node.say('room', 'quick'))).toBeLessThan(400)
  expect(await waiting).toBe('unavailable')
  expect(((await node.list('room')) as string[]).toSorted()).toEqual(['alone', 'quick'])
})

test('a Redis that is not there is waited for, and then said to be away, without its password', async () => {
  await using server = await startRedis({ directives: [['requirepass', 'hush-hush']] })
  const url = `redis://:hush-hush@127.0.0.1:${server.port}`
  await using node = await openActor(url)
  expect(await node.redis.run(node.at('a').partition, { script: ping, keys: [], args: [] })).toBe('PONG')
  await server.kill()
  const failed = await openActor(url, { openMs: 200 }).catch((error) => error)
  expect(failed).toMatchObject({ code: 'unavailable' })
  expect(String(failed)).toContain(`127.0.0.1:${server.port}`)
  expect(JSON.stringify({ failed, text: String(failed), cause: String(failed.cause) })).not.toContain('hush-hush')
})

test('what was sent is answered before it closes, and nothing is taken afterwards', async () => {
  await using server = await startRedis()
  const node = await openActor(server.url)
  const sent = Array.from({ length: 50 }, (_, index) => node.say('room', String(index)))
  await Promise.resolve()
  await sent[0]
  await node.redis.close()
  expect((await Promise.allSettled(sent)).every(({ status }) => status === 'fulfilled')).toBe(true)
  expect(await timed(async () => expect(await codeOf(node.say('room', 'too late'))).toBe('unavailable'))).toBeLessThan(
    100,
  )
  const clients = String(await server.call('CLIENT', 'LIST'))
  expect(clients.split('\n').filter((line) => line.includes('name=fanfare'))).toEqual([])
})

test('a server that was made a replica takes nothing, and all again once it is master', async () => {
  await using other = await startRedis()
  await using server = await startRedis()
  await using node = await openActor(server.url)
  await node.say('room', 'as master')
  await server.call('REPLICAOF', other.host, other.port)
  expect(await codeOf(node.say('room', 'as replica', { timeoutMs: 300 }))).toBe('unavailable')
  await until('it is not well', () => node.redis.shards()[0]?.healthy === false)
  await server.call('REPLICAOF', 'NO', 'ONE')
  await until('doubt', () => node.doubts.length > 0)
  let said: unknown
  while (said === undefined) {
    said = await node.say('room', 'as master again').catch(() => undefined)
    await Bun.sleep(20)
  }
  expect(((await node.list('room')) as string[]).at(-1)).toBe('as master again')
})

test('a database that is not there, and a wrong password, are not taken for a Redis that works', async () => {
  await using server = await startRedis({ directives: [['databases', '2']] })
  await using guarded = await startRedis({ directives: [['requirepass', 'right']] })
  expect(String(await openActor(`${server.url}/7`, { openMs: 100 }).catch((error) => error))).toContain('out of range')
  const wrong = `redis://:wrong@127.0.0.1:${guarded.port}`
  expect(String(await openActor(wrong, { openMs: 100 }).catch((error) => error))).toContain('WRONGPASS')
  const other = await openActor(`${server.url}/1`)
  await other.say('room', 'apart')
  expect(await server.call('KEYS', '*list*')).toEqual([])
  await other[Symbol.asyncDispose]()
})
