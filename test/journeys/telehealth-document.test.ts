/**
 * The clinic's clients as its documentation shows them: a page that loads the stock client from a content delivery network
 * and talks to the server's port, and an integration test. Nothing of them is changed but the port and who signs the token.
 */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import type { World } from '@fanfare/testkit'
import type { Browser, Page } from 'playwright-core'
import { io, type Socket } from 'socket.io-client'
import { type RedisServer, startRedis } from '../../packages/server/src/redis/servers.world.ts'
import { type PostgresServer, startPostgres } from '../../packages/server/src/store/postgres.world.ts'
import { launchBrowser } from './clients/browser.ts'
import { openClinic, patient, signIn, tokenOf } from './clients/telehealth.ts'

/** Where the page comes from: another origin than the clinic's, which the clinic is told to let in. What it gives out is in the path. */
const site = createServer(({ url = '' }, response) => {
  response.setHeader('content-type', 'text/html')
  response.end(decodeURIComponent(url.slice('/?'.length)))
})
const siteUrl = () => `http://localhost:${(site.address() as AddressInfo).port}`
const cdn = 'https://cdn.socket.io/4.6.0/socket.io.min.js'
const stockClient = fileURLToPath(
  new URL('../../node_modules/socket.io-client-4-6/dist/socket.io.min.js', import.meta.url),
)

const pageOf = (url: string, token: string) => `<!doctype html>
<title>Visit</title><script src="${cdn}"></script>
<p id="status">Not connected</p><button onclick="enter()">Connect</button><button onclick="speak()">Send</button>
<script>
  let socket
  window.log = []
  const status = (text) => { document.getElementById('status').textContent = text }
  function enter() {
    socket = io('${url}', { auth: { token: '${token}' }, transports: ['websocket', 'polling'] })
    socket.on('connected', (data) => { status('Connected: ' + data.socketId); log.push(['connected', data]) })
    socket.on('connect_error', (error) => status('Error: ' + error.message))
    socket.on('message:new', (data) => log.push(['message:new', data]))
  }
  function speak() {
    const message = { visitId: 'test-visit-123', message: 'Good to be here' }
    socket.emit('message:send', message, (response) => log.push(['response', response]))
  }
</script>`

type Log = [string, Record<string, unknown>][]
const logOf = (page: Page) => page.evaluate('window.log') as Promise<Log>
const logged = (page: Page, name: string) =>
  page.waitForFunction(`window.log.some(([name]) => name === '${name}')`, undefined, { timeout: 10_000 })

let browser: Browser
let postgres: PostgresServer
let redis: RedisServer

beforeAll(async () => {
  await new Promise<void>((resolve) => site.listen(0, '127.0.0.1', resolve))
  ;[browser, postgres, redis] = await Promise.all([launchBrowser(), startPostgres(), startRedis()])
}, 30_000)
afterAll(async () => {
  site.close()
  await browser?.close()
  await redis?.[Symbol.asyncDispose]()
  await postgres?.[Symbol.asyncDispose]()
})

const allowedOrigins = () => ['http://localhost:3001', siteUrl()]

/** Each gives the nodes of one clinic. */
const clinics: readonly (readonly [string, () => Promise<readonly World[]>])[] = [
  ['on SQLite', async () => [await openClinic({ allowedOrigins: allowedOrigins() })]],
  [
    'on PostgreSQL',
    async () => [await openClinic({ allowedOrigins: allowedOrigins(), databaseUrl: (await postgres.database()).url })],
  ],
  [
    'on two nodes with PostgreSQL and Redis',
    async () => {
      const databaseUrl = (await postgres.database()).url
      const config = { allowedOrigins: allowedOrigins(), databaseUrl, redisUrl: redis.url }
      const first = await openClinic(config)
      return [first, await openClinic(config)]
    },
  ],
]

/** The port under the name that the clients use. */
const addressOf = ({ url }: World) => url.replace('127.0.0.1', 'localhost')

const openPage = async (node: World, email: string): Promise<Page & AsyncDisposable> => {
  const { body } = await signIn(node, email)
  const context = await browser.newContext()
  const page = await context.newPage()
  await page.route(cdn, (route) => route.fulfill({ path: stockClient, contentType: 'text/javascript' }))
  const html = pageOf(addressOf(node), String(body.token))
  await page.goto(`${siteUrl()}/?${encodeURIComponent(html)}`)
  return Object.assign(page, { [Symbol.asyncDispose]: () => context.close() })
}

const once = (socket: Socket, name: string) =>
  new Promise<Record<string, unknown>>((resolve) => socket.once(name, resolve))

describe.each(clinics)('%s', (_, open) => {
  let nodes: readonly World[] = []
  const first = () => nodes[0]!
  const last = () => nodes.at(-1)!

  beforeAll(async () => {
    nodes = await open()
  }, 30_000)
  afterAll(async () => {
    for (const node of nodes) await node[Symbol.asyncDispose]()
  })

  test('the test page connects with a token of the sign-in, sends, and both people of the visit hear it', async () => {
    await using maya = await openPage(first(), 'patient@example.com')
    await using okafor = await openPage(last(), 'provider@example.com')
    for (const page of [maya, okafor]) {
      await page.getByRole('button', { name: 'Connect' }).click()
      await logged(page, 'connected')
      expect(await page.textContent('#status')).toMatch(/^Connected: \S+$/)
    }
    expect((await logOf(maya))[0]?.[1]).toMatchObject({
      userId: patient,
      role: 'patient',
      socketId: expect.any(String),
    })
    await maya.getByRole('button', { name: 'Send' }).click()
    await logged(maya, 'response')
    for (const page of [maya, okafor]) await logged(page, 'message:new')
    const log = new Map(await logOf(maya))
    expect(log.get('response')).toMatchObject({ success: true, messageId: expect.any(String) })
    expect(new Map(await logOf(okafor)).get('message:new')).toMatchObject({
      id: log.get('response')?.messageId,
      visitId: 'test-visit-123',
      senderId: patient,
      message: 'Good to be here',
    })
  }, 30_000)

  test('the integration test: connects, sends and hears that it was sent, joins a room', async () => {
    const token = await tokenOf(first(), patient, 'patient')
    const socket = io(addressOf(last()), { auth: { token }, transports: ['websocket'], forceNew: true })
    try {
      await once(socket, 'connected')
      expect(socket.connected).toBe(true)
      const sent = once(socket, 'message:sent')
      socket.emit('message:send', { visitId: 'test-visit', message: 'Test message' })
      expect((await sent).message).toBe('Test message')
      const response = await new Promise<Record<string, unknown>>((resolve) =>
        socket.emit('room:join', { roomId: 'test-room', roomType: 'chat' }, resolve),
      )
      expect(response.success).toBe(true)
    } finally {
      socket.close()
    }
  }, 15_000)
})
