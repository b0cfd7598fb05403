/** a server that is told to stop. */
import { expect, test } from 'bun:test'
import { connect } from 'node:net'
import { fileURLToPath } from 'node:url'
import { type ServerProcess, startServerProcess } from '@fanfare/testkit'
import { Follower } from '../support/follower.ts'
import { Publisher } from '../support/publisher.ts'
import { unlimitedEnvironment } from '../support/unlimited.ts'

const app = fileURLToPath(new URL('../support/clinic.ts', import.meta.url))
const start = (environment: { readonly [name: string]: string } = {}) =>
  startServerProcess({ app, environment: { ...unlimitedEnvironment, ...environment } })

const crowdOf = async (server: ServerProcess, size: number): Promise<Follower[]> => {
  const crowd = Array.from({ length: size }, (_, index) => {
    const name = `client${index}`
    return new Follower({ name, url: server.socketUrl, token: server.token(name) })
  })
  await Promise.all(crowd.map((client) => client.connects()))
  return crowd
}

test('R-11: 200 clients are told when to come back, spread out, then closed with 1012; they resume what was published meanwhile', async () => {
  await using server = await start()
  const crowd = await crowdOf(server, 200)
  for (const client of crowd) client.enters('ward:stop')
  await Promise.all(crowd.map((client) => client.reaches('ward:stop')))
  let n = 0
  const publisher = new Publisher({
    name: 'monitor',
    url: server.socketUrl,
    token: server.token('monitor'),
    room: 'ward:stop',
    durability: 'disk',
    next: () => ++n,
  })
  await publisher.connects()
  publisher.publishes(1_000)
  await Bun.sleep(300)

  const began = performance.now()
  expect(await server.stop()).toBe(0)
  expect(performance.now() - began).toBeLessThan(30_000)
  await Promise.all(crowd.map((client) => client.until('the end', () => client.closedWith !== undefined)))
  expect(new Set(crowd.map(({ closedWith }) => closedWith))).toEqual(new Set([1012]))
  const hints = crowd.map(({ comeBackAfterMs }) => comeBackAfterMs ?? Number.NaN)
  expect(Math.min(...hints)).toBeGreaterThanOrEqual(0)
  expect(Math.max(...hints)).toBeLessThanOrEqual(30_000)
  // Each has a moment of its own: no tenth of the window takes a third of them.
  const width = (Math.max(...hints) + 1) / 10
  const tenths = Array.from({ length: 10 }, (_, tenth) => hints.filter((ms) => Math.floor(ms / width) === tenth).length)
  expect(Math.max(...tenths)).toBeLessThan(crowd.length / 3)

  await server.start()
  await publisher.connects()
  await publisher.finishes()
  await Promise.all(crowd.map((client) => client.connects()))
  // Every number was published once, whether its answer came before the stop or after the retry.
  expect([...publisher.acknowledged.keys()].sort((a, b) => a - b)).toEqual(
    Array.from({ length: n }, (_, index) => index + 1),
  )
  expect(new Set([...publisher.acknowledged.values()].map(({ offset }) => offset)).size).toBe(n)
  await Promise.all(crowd.map((client) => client.reaches('ward:stop', n)))
  expect([...crowd.flatMap(({ faults }) => faults), ...publisher.faults]).toEqual([])
  expect(crowd.filter(({ gaps }) => gaps > 0)).toEqual([])
  publisher.closes()
  for (const client of crowd) client.drops()
}, 60_000)

/** With this many clients the window in which they are sent away is longer than a second. */
const manyClients = 600

test('while it stops, it says that it is not ready, and refuses links with 503', async () => {
  await using server = await start()
  const crowd = await crowdOf(server, manyClients)
  // Probes and balancers keep their connections.
  const kept = await KeptConnection.to(server.port)
  expect(await kept.asks('/ready')).toBe(200)
  const stopped = server.stop()
  await Promise.race(crowd.map((client) => client.until('the hint', () => client.comeBackAfterMs !== undefined)))
  for (const connection of [kept, await KeptConnection.to(server.port)]) {
    expect(await connection.asks('/ready')).toBe(503)
    expect(await connection.asks('/v1/stream?room=ward:1')).toBe(503)
    expect(await connection.asks('/v1/websocket', upgrade)).toBe(503)
    connection.ends()
  }
  expect(await stopped).toBe(0)
  for (const client of crowd) client.drops()
}, 60_000)

const upgrade = [
  'Upgrade: websocket',
  'Connection: Upgrade',
  'Sec-WebSocket-Version: 13',
  'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
  '',
].join('\r\n')

test('told a second time, it ends at once', async () => {
  await using server = await start()
  const crowd = await crowdOf(server, manyClients)
  const began = performance.now()
  const stopped = server.stop()
  await Promise.race(
    crowd.map((client) => client.until('a reconnect frame', () => client.comeBackAfterMs !== undefined)),
  )
  await Bun.sleep(400)
  expect(await server.stop()).toBe(1)
  expect(await stopped).toBe(1)
  expect(performance.now() - began).toBeLessThan(1_200)
  for (const client of crowd) client.drops()
}, 60_000)

/** One HTTP connection for several requests. */
class KeptConnection {
  readonly #socket: ReturnType<typeof connect>
  #text = ''
  #wake = () => {}
  #closed = false

  private constructor(socket: ReturnType<typeof connect>) {
    this.#socket = socket
    socket.on('close', () => {
      this.#closed = true
      this.#wake()
    })
    socket.on('data', (data: Buffer) => {
      this.#text += data.toString()
      this.#wake()
    })
  }

  static to(port: number): Promise<KeptConnection> {
    return new Promise((resolve, reject) => {
      const socket = connect(port, '127.0.0.1', () => resolve(new KeptConnection(socket)))
      socket.once('error', reject)
    })
  }

  /** The status of the answer. */
  async asks(path: string, headers = ''): Promise<number> {
    this.#text = ''
    this.#socket.write(`GET ${path} HTTP/1.1\r\nHost: localhost\r\n${headers}\r\n`)
    while (!this.#text.includes('\r\n\r\n')) {
      if (this.#closed) throw new Error(`The connection was closed before ${path} was answered.`)
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
    return Number(this.#text.split(' ')[1])
  }

  ends(): void {
    this.#socket.destroy()
  }
}

test('links without a session, which can be told nothing, are closed one after another too', async () => {
  const app = fileURLToPath(new URL('../../examples/socketio-conformance/app.ts', import.meta.url))
  await using server = await startServerProcess({ app, environment: unlimitedEnvironment })
  const closedAt: number[] = []
  const address = `${server.socketUrl.replace('/v1/websocket', '/engine.io/')}?EIO=4&transport=websocket`
  const opened = Array.from({ length: 200 }, () => {
    const { promise, resolve } = Promise.withResolvers<void>()
    const socket = new WebSocket(address)
    socket.addEventListener('message', () => resolve(), { once: true })
    socket.addEventListener('close', () => closedAt.push(performance.now()))
    return promise
  })
  await Promise.all(opened)
  expect(await server.stop()).toBe(0)
  expect(closedAt).toHaveLength(200)
  // The window of half a second has five steps.
  const began = Math.min(...closedAt)
  expect(Math.max(...closedAt) - began).toBeGreaterThan(300)
  expect(closedAt.filter((at) => at - began < 150).length).toBeLessThan(120)
}, 60_000)
