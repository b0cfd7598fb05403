/** Two nodes behind nginx and behind HAProxy, as deploy/ configures them: nothing sticks a client to a node, and nothing need. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { randomBytes } from 'node:crypto'
import { fileURLToPath } from 'node:url'
import { type ServerProcess, startServerProcess } from '@fanfare/testkit'
import { type RedisServer, startRedis } from '../../packages/server/src/redis/servers.world.ts'
import { Follower } from '../support/follower.ts'
import { type Kind, missing, type ReverseProxy, startReverseProxy } from '../support/reverse-proxy.ts'
import { TextStream } from '../support/stream.ts'
import { unlimitedEnvironment } from '../support/unlimited.ts'
import { connectClient } from './clients/socketio.ts'

const app = fileURLToPath(new URL('../support/socketio-practice.ts', import.meta.url))
const room = 'ward:proxied'

let redis: RedisServer
let nodes: readonly [ServerProcess, ServerProcess]

const startNode = (secret: string): Promise<ServerProcess> =>
  startServerProcess({
    app,
    secret,
    environment: { ...unlimitedEnvironment, REDIS_URL: redis.url, FANFARE_TRUSTED_PROXIES: '127.0.0.1' },
  })

beforeAll(async () => {
  redis = await startRedis()
  const secret = randomBytes(48).toString('base64url')
  nodes = await Promise.all([startNode(secret), startNode(secret)])
})
afterAll(async () => {
  await Promise.all((nodes ?? []).map((node) => node[Symbol.asyncDispose]()))
  await redis?.[Symbol.asyncDispose]()
})

const token = (name: string): string => nodes[0].token(name)
const authorised = (name: string) => ({ Authorization: `Bearer ${token(name)}` })

const sessionsOn = async (node: ServerProcess): Promise<number> => {
  const text = await (await fetch(`${node.url}/metrics`)).text()
  return Number(/^fanfare_sessions (\d+)$/m.exec(text)?.[1])
}

const publish = async (proxy: ReverseProxy, n: number): Promise<Response> =>
  fetch(`${proxy.url}/v1/rooms/${room}/events`, {
    method: 'POST',
    headers: { ...authorised('monitor'), 'Content-Type': 'application/json' },
    body: JSON.stringify({ event: 'counted', data: { n }, key: `${proxy.url} ${n}` }),
  })

const followerThrough = (proxy: ReverseProxy, name: string): Follower =>
  new Follower({ name, url: `${proxy.url.replace('http', 'ws')}/v1/websocket`, token: token(name) })

for (const kind of ['nginx', 'haproxy'] as const satisfies readonly Kind[]) {
  const why = missing(kind)
  describe.skipIf(why !== undefined)(`${kind}${why === undefined ? '' : `: skipped, ${why}`}`, () => {
    let proxy: ReverseProxy
    beforeAll(async () => {
      proxy = await startReverseProxy(kind, [nodes[0].port, nodes[1].port])
    })
    afterAll(() => proxy?.[Symbol.asyncDispose]())

    test('WebSockets and event streams spread over the nodes; what is published anywhere arrives everywhere, at once', async () => {
      const clients = Array.from({ length: 8 }, (_, index) => followerThrough(proxy, `ann${index}`))
      await Promise.all(clients.map((client) => client.connects()))
      for (const client of clients) client.enters(room)
      await Promise.all(clients.map((client) => client.reaches(room)))
      for (const node of nodes) expect(await sessionsOn(node)).toBeGreaterThan(0)
      const top = clients[0]!.places.get(room)!.offset
      const address = new URL(`/v1/stream?room=${room}`, proxy.url)
      await using stream = await TextStream.open(address, authorised('eve'))
      expect((await publish(proxy, 1)).status).toBe(201)
      const heard = Promise.all([
        stream.until(({ events }) => events.length === 1),
        ...clients.map((client) => client.reaches(room, top + 1, 2_000)),
      ])
      await heard
      expect(clients.flatMap(({ faults }) => faults)).toEqual([])
      for (const client of clients) client.drops()
    })

    test('long-polling needs no sticky session: every poll may land on the other node', async () => {
      using bob = await connectClient({ url: proxy.url, token: token('bob'), transports: ['polling'] })
      await bob.asks('join', room)
      for (let n = 1; n <= 10; n++) {
        expect(await bob.asks('ask', n)).toEqual([n])
        expect((await publish(proxy, 100 + n)).status).toBe(201)
      }
      await bob.until('ten events', () => bob.told('counted').length === 10)
      expect(bob.told('counted')).toEqual(Array.from({ length: 10 }, (_, index) => ({ n: 101 + index })))
      expect(bob.transport).toBe('polling')
      expect(bob.left).toEqual([])
    })

    test('metrics are not for whoever comes through', async () => {
      expect((await fetch(`${proxy.url}/metrics`)).status).toBe(404)
    })

    test('while a node stops, nobody who asks is refused, and its clients go on where they were on the other', async () => {
      const clients = Array.from({ length: 400 }, (_, index) => followerThrough(proxy, `cy${index}`))
      await Promise.all(clients.map((client) => client.connects()))
      for (const client of clients) client.enters(room)
      await Promise.all(clients.map((client) => client.reaches(room)))
      const top = clients[0]!.places.get(room)!.offset
      let stopped: number | null | undefined
      const stopping = nodes[1].stop().then((code) => {
        stopped = code
      })
      const refused: number[] = []
      let asked = 0
      while (stopped === undefined) {
        const answer = await fetch(`${proxy.url}/v1/rooms/${room}/history?limit=1`, { headers: authorised('dan') })
        if (!answer.ok) refused.push(answer.status)
        await answer.arrayBuffer()
        asked++
        await Bun.sleep(10)
      }
      await stopping
      expect({ stopped, refused }).toEqual({ stopped: 0, refused: [] })
      expect(asked).toBeGreaterThan(5)
      expect((await publish(proxy, 2)).status).toBe(201)
      const cut = clients.filter(({ closedWith }) => closedWith !== undefined)
      expect(cut.length).toBeGreaterThan(100)
      expect(new Set(cut.map(({ closedWith }) => closedWith))).toEqual(new Set([1012]))
      await Promise.all(cut.map((client) => client.connects()))
      await Promise.all(clients.map((client) => client.reaches(room, top + 1)))
      expect(clients.flatMap(({ faults }) => faults)).toEqual([])
      for (const client of clients) client.drops()
      await nodes[1].start()
    })
  })
}
