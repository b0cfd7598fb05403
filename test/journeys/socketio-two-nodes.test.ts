/** Stock Socket.IO clients before two nodes on one Redis, and a load balancer that sends nobody twice to the same node. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { randomBytes } from 'node:crypto'
import { fileURLToPath } from 'node:url'
import { type ServerProcess, startServerProcess } from '@fanfare/testkit'
import { type RedisServer, startRedis } from '../../packages/server/src/redis/servers.world.ts'
import { unlimitedEnvironment } from '../support/unlimited.ts'
import { LineProgram } from './clients/lines.ts'
import { type RoundRobin, startRoundRobin } from './clients/round-robin.ts'
import { type Client, type ClientOptions, connectClient } from './clients/socketio.ts'

const app = fileURLToPath(new URL('../support/socketio-practice.ts', import.meta.url))
const secret = randomBytes(48).toString('base64url')

let redis: RedisServer
let nodes: readonly ServerProcess[]
let balancer: RoundRobin

beforeAll(async () => {
  redis = await startRedis()
  const environment = { ...unlimitedEnvironment, REDIS_URL: redis.url }
  nodes = await Promise.all([0, 1].map(() => startServerProcess({ app, secret, environment })))
  balancer = await startRoundRobin(nodes.map(({ port }) => port))
}, 30_000)
afterAll(async () => {
  await balancer?.[Symbol.asyncDispose]()
  await Promise.all(nodes?.map((node) => node[Symbol.asyncDispose]()) ?? [])
  await redis?.[Symbol.asyncDispose]()
})

const person = (userId: string, options: Partial<ClientOptions> = {}): Promise<Client> =>
  connectClient({ url: balancer.url, token: nodes[0]!.token(userId), ...options })

const numbers = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, index) => from + index)
const counted = (client: Client) => client.told('counted').map((data) => (data as { n: number }).n)

/** By a native client of one node. */
const tell = async (node: ServerProcess, room: string, range: readonly number[]) => {
  const teller = await node.person('teller')
  for (const n of range) await teller.says(room, 'counted', { n })
  await teller.goes()
}

for (const transports of [['polling'], ['polling', 'websocket'], ['websocket']] as const) {
  describe(`over ${transports.join(' and ')}`, () => {
    const connect = async (userId: string): Promise<Client> => {
      const client = await person(userId, { transports: [...transports] })
      if (transports.length === 2) await client.until('the upgrade', () => client.transport === 'websocket')
      return client
    }

    test('commands are answered, and events come, once and in order, while it emits', async () => {
      using ann = await connect('ann')
      const room = `ward:${transports.join('-')}`
      await ann.asks('join', room)
      const telling = [tell(nodes[0]!, room, numbers(1, 50)), tell(nodes[1]!, room, numbers(51, 100))]
      for (let n = 0; n < 100; n++) ann.socket.emit('say to me', n)
      for (let n = 0; n < 30; n++) expect(await ann.asks('ask', n)).toEqual([n])
      await Promise.all(telling)
      await ann.until('all events', () => counted(ann).length >= 100 && ann.told('said').length >= 100)
      expect(ann.told('said')).toEqual(numbers(0, 99))
      expect(counted(ann).filter((n) => n <= 50)).toEqual(numbers(1, 50))
      expect(counted(ann).filter((n) => n > 50)).toEqual(numbers(51, 100))
      expect(ann.left).toEqual([])
    }, 20_000)

    test('binary goes both ways, small and large', async () => {
      using ann = await connect('ann')
      for (const size of [3, 200_000]) {
        const bytes = randomBytes(size)
        const [back] = await ann.asks('ask', bytes)
        expect(Buffer.compare(back as Buffer, bytes)).toBe(0)
        ann.socket.emit('echo', { file: bytes })
        const [echo] = (await ann.hears('echo')) as [{ file: Buffer }]
        expect(Buffer.compare(echo.file, bytes)).toBe(0)
      }
      expect(ann.left).toEqual([])
    }, 20_000)

    test('clients of both nodes hear each other', async () => {
      using ann = await connect('ann')
      using bob = await connect('bob')
      for (const one of [ann, bob]) await one.asks('join', `ward:both-${transports.length}`)
      ann.socket.emit('say to user', 'bob', 'hello')
      expect((await bob.hears('said'))[0]).toBe('hello')
      bob.socket.emit('say to room', `ward:both-${transports.length}`, 'all of you')
      expect((await ann.hears('said'))[0]).toBe('all of you')
    }, 20_000)

    test('a client whose connection breaks is recovered on whatever node it lands', async () => {
      using ann = await connect('ann')
      const room = `ward:breaks-${transports.join('-')}`
      await ann.asks('join', room)
      await tell(nodes[0]!, room, numbers(1, 5))
      for (let round = 1; round <= 4; round++) {
        await ann.until('what was told', () => counted(ann).length === round * 5)
        ann.breaks()
        await ann.until('the break', () => ann.left.length === round)
        await tell(nodes[round % 2]!, room, numbers(round * 5 + 1, round * 5 + 5))
        await ann.connected(10_000)
        expect(ann.socket.recovered).toBe(true)
      }
      await ann.until('the last', () => counted(ann).length === 25)
      expect(counted(ann)).toEqual(numbers(1, 25))
    }, 30_000)
  })
}

test('the balancer gave each node every second request', () => {
  const [one = 0, two = 0] = balancer.given
  expect(one).toBeGreaterThan(50)
  expect(Math.abs(one - two)).toBeLessThan(0.05 * (one + two))
})

test('30 clients that upgrade under traffic lose nothing and get nothing twice', async () => {
  const clients = await Promise.all(numbers(1, 30).map((n) => person(`user${n}`)))
  await Promise.all(clients.map((client) => client.asks('join', 'ward:upgrades')))
  const telling = Promise.all([
    tell(nodes[0]!, 'ward:upgrades', numbers(1, 150)),
    tell(nodes[1]!, 'ward:upgrades', numbers(151, 300)),
  ])
  for (const client of clients) for (let n = 0; n < 50; n++) client.socket.emit('say to me', n)
  await telling
  const first = clients[0]!
  await first.until('all events', () => counted(first).length >= 300, 10_000)
  const order = counted(first)
  expect([...order].sort((a, b) => a - b)).toEqual(numbers(1, 300))
  for (const client of clients) {
    await client.until('all events', () => counted(client).length >= 300 && client.told('said').length >= 50, 10_000)
    await client.until('the upgrade', () => client.transport === 'websocket', 10_000)
    expect(counted(client)).toEqual(order)
    expect(client.told('said')).toEqual(numbers(0, 49))
    expect(client.left).toEqual([])
    client[Symbol.dispose]()
  }
}, 40_000)

test('the stock client on Node: polling, WebSocket and upgrade', async () => {
  const variables = [`FANFARE_URL=${balancer.url}`, `FANFARE_TOKEN=${nodes[0]!.token('ann')}`]
  const pathOf = (path: string) => fileURLToPath(new URL(path, import.meta.url))
  const words = [pathOf('../../node_modules/.bin/node'), pathOf('clients/socketio-node.mjs')]
  await using run = new LineProgram('env', [...variables, ...words])
  const code = await run.ends()
  expect({ code, lines: run.lines }).toEqual({ code: 0, lines: ['polling: ok', 'websocket: ok', 'upgrade: ok'] })
}, 20_000)

test('after kill -9 of a node all of its clients are recovered on the other, whatever carries them', async () => {
  const kinds = [['polling'], ['polling', 'websocket'], ['websocket']]
  const clients = await Promise.all(
    numbers(0, 11).map((n) => person(`user${n}`, { transports: [...kinds[n % 3]!], timeout: 5_000 })),
  )
  await Promise.all(clients.map((client) => client.asks('join', 'ward:kill')))
  await tell(nodes[1]!, 'ward:kill', numbers(1, 10))
  await Promise.all(clients.map((client) => client.until('ten', () => counted(client).length === 10)))
  const before = clients.map(({ socket }) => socket.id)
  await nodes[0]!.kill()
  await tell(nodes[1]!, 'ward:kill', numbers(11, 20))
  await Promise.all(clients.map((client) => client.until('twenty', () => counted(client).length >= 20, 30_000)))
  await tell(nodes[1]!, 'ward:kill', [21])
  await Promise.all(clients.map((client) => client.until('the last', () => counted(client).length >= 21, 30_000)))
  for (const client of clients) expect(counted(client)).toEqual(numbers(1, 21))
  expect(clients.map(({ socket }) => socket.id)).toEqual(before)
  expect(clients.filter(({ left }) => left.length > 0).length).toBeGreaterThan(5)
  for (const client of clients) client[Symbol.dispose]()
}, 60_000)
