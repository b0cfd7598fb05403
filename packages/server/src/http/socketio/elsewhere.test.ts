/** Polls and posts over HTTP whose session is on another node: the words and codes are those of one node. */
import { afterAll, beforeAll, expect, test } from 'bun:test'
import { startWorld, type World } from '@fanfare/testkit'
import { trustProxies } from '../../auth/client-address.ts'
import { quotaDefaults } from '../../auth/quotas.ts'
import { twoNodes } from '../../flows/socketio/two-nodes.world.ts'
import { clinic } from '../clinic.fixture.ts'
import { createHttp } from '../http.ts'
import { createMetrics } from '../metrics.ts'

let world: World
beforeAll(async () => {
  world = await startWorld({ app: clinic })
})
afterAll(() => world[Symbol.asyncDispose]())

const open = async () => {
  const nodes = await twoNodes()
  const http = createHttp({
    services: { ...world.server.services, quotas: nodes.away.quotas },
    metrics: createMetrics(),
    engines: [nodes.away.sockets],
    settings: {
      version: '1',
      mode: 'development',
      allowedOrigins: ['https://app.example.org'],
      trustedProxies: trustProxies([]),
      metricsToken: undefined,
      clientBundle: undefined,
    },
  })
  const client = nodes.polling()
  const ask = (init: RequestInit = {}, path = `/socket.io/?EIO=4&transport=polling&sid=${client.socket.id}`) =>
    http.fetch(new Request(`http://clinic.test${path}`, init), { address: '192.0.2.1' })
  return { nodes, client, ask, quotas: nodes.away.quotas }
}

test('a poll and a post are answered as on one node', async () => {
  const { ask } = await open()
  const posted = await ask({ method: 'POST', body: '4hello' })
  expect([posted.status, posted.headers.get('content-type'), await posted.text()]).toEqual([200, 'text/html', 'ok'])
  const polled = await ask()
  expect([polled.status, polled.headers.get('content-type'), await polled.text()]).toEqual([
    200,
    'text/plain; charset=UTF-8',
    '4hello',
  ])
  expect((await ask({ method: 'PUT' })).status).toBe(400)
})

test('the origin is asked where the request lands', async () => {
  const { ask, client } = await open()
  const refused = await ask({ method: 'POST', body: '4x', headers: { origin: 'https://evil.example' } })
  expect([refused.status, await refused.json()]).toEqual([403, { code: 4, message: 'Forbidden' }])
  expect(client.heard.messages).toEqual([])
})

test('a node that is gone is a session that is unknown, so that clients begin anew', async () => {
  const { ask, nodes } = await open()
  nodes.couriers.kill(nodes.home.node)
  for (const init of [{}, { method: 'POST', body: '4x' }]) {
    const answer = await ask(init)
    expect([answer.status, await answer.json()]).toEqual([400, { code: 1, message: 'Session ID unknown' }])
  }
})

test('a body that is too large, binary or no text is refused, is not carried, and ends the session', async () => {
  const bodies = [
    [{ body: 'x'.repeat(1_000_001) }, 413],
    [{ body: '4x', headers: { 'content-type': 'application/octet-stream' } }, 400],
    [{ body: new Uint8Array([0xff, 0xfe]) }, 400],
  ] as const
  for (const [init, status] of bodies) {
    const { ask, client, nodes } = await open()
    expect((await ask({ method: 'POST', ...init })).status).toBe(status)
    await nodes.settles()
    expect([client.heard.messages, client.heard.ends]).toEqual([[], ['transport error']])
  }
})

test('whoever leaves a poll has left the session', async () => {
  const { ask, client, nodes } = await open()
  const leaving = new AbortController()
  const poll = ask({ signal: leaving.signal })
  await nodes.settles()
  leaving.abort()
  await poll
  await nodes.settles()
  expect(client.heard.ends).toEqual(['transport error'])
})

test('an id that nobody has is refused before its body is read', async () => {
  const { ask, client, nodes } = await open()
  const path = (node: string) => `/socket.io/?EIO=4&transport=polling&sid=${node}${'9'.repeat(22)}`
  for (const node of [nodes.home.node, 'nodeZZZZ']) {
    let read = false
    const pull = (controller: ReadableStreamDefaultController<Uint8Array>) => {
      read = true
      controller.enqueue(new Uint8Array(1_000))
    }
    const body = new ReadableStream({ pull }, { highWaterMark: 0 })
    const answer = await ask({ method: 'POST', body }, path(node))
    expect([answer.status, await answer.json(), read]).toEqual([400, { code: 1, message: 'Session ID unknown' }, false])
  }
  expect([client.heard.ends, nodes.couriers.carried.every(({ text }) => text.length < 200)]).toEqual([[], true])
})

test('an address that asks for too much is told to slow down, in ids as in bytes', async () => {
  const nodes = await open()
  for (let number = 0; number < quotaDefaults.seekRate.burst; number++) nodes.quotas.seek('192.0.2.1')
  expect((await nodes.ask()).status).toBe(429)
  const { ask, client, quotas } = await open()
  quotas.carry('192.0.2.1', quotaDefaults.carryRate.burst)
  const answer = await ask({ method: 'POST', body: '4x' })
  expect([answer.status, answer.headers.has('retry-after'), client.heard.messages]).toEqual([429, true, []])
})
