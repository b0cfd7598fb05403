/** An Express application on Node with Fanfare attached to its server: one port serves both, and neither harms the other. */
import { afterAll, beforeAll, expect, test } from 'bun:test'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type ClientOptions, createClient } from '@fanfare/client'
import { io as connectSocketIo } from 'socket.io-client'
import type { app } from '../../examples/express/app.ts'
import { launchBrowser } from './clients/browser.ts'
import { LineProgram } from './clients/lines.ts'

const pathOf = (path: string) => fileURLToPath(new URL(`../../${path}`, import.meta.url))
const node = pathOf('node_modules/.bin/node')

let site: Site
beforeAll(async () => {
  site = await startSite()
})
afterAll(() => site[Symbol.asyncDispose]())

type Site = Awaited<ReturnType<typeof startSite>>

/** The example as it is started by hand, on Node 24, on a free port. */
const startSite = async () => {
  const folder = await mkdtemp(join(tmpdir(), 'fanfare-'))
  const environment = ['PORT=0', `FANFARE_DATA_FOLDER=${folder}`, 'FANFARE_LOG_LEVEL=warn']
  const program = new LineProgram('env', [...environment, node, pathOf('examples/express/server.ts')])
  const url = (await program.says(/The depot is open at/)).split(' at ')[1]!
  const post = (path: string, body: unknown, token = '') =>
    fetch(`${url}${path}`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', Authorization: `Bearer ${token}` },
      body: JSON.stringify(body),
    })
  return {
    url,
    program,
    post,
    /** At Express, then at Fanfare. */
    async signIn(name: string) {
      const signedIn = await post('/sign-in', { name, password: `${name}-demo-1` })
      const { accessToken } = (await signedIn.json()) as { accessToken: string }
      const liveToken = async () =>
        ((await (await post('/live-token', {}, accessToken)).json()) as { token: string }).token
      const scan = (parcel: string, place: string) => post(`/parcels/${parcel}/scans`, { place }, accessToken)
      return { accessToken, liveToken, scan }
    },
    async [Symbol.asyncDispose]() {
      await program[Symbol.asyncDispose]()
      await rm(folder, { recursive: true })
    },
  }
}

/** Follows the room of the north through the client, and keeps where each parcel was. */
const follow = (token: () => Promise<string>, options: Partial<ClientOptions> = {}) => {
  const client = createClient<typeof app>({ url: site.url, token, ...options })
  const places: string[] = []
  let wake = () => {}
  const room = client.room('depot:north')
  room.on('parcel.scanned', ({ place }) => {
    places.push(place)
    wake()
  })
  return {
    places,
    room,
    client,
    async hears(count: number) {
      while (places.length < count) await new Promise<void>((resolve) => (wake = resolve))
      return places
    },
    [Symbol.asyncDispose]: () => client.close(),
  }
}

test('the application’s own routes are as they were', async () => {
  expect(await (await fetch(`${site.url}/health`)).json()).toEqual({ status: 'the depot is open' })
  expect(await (await fetch(site.url)).text()).toContain('<title>Depot</title>')
  expect((await site.post('/sign-in', { name: 'ida', password: 'wrong' })).status).toBe(401)
  expect((await site.post('/live-token', {}, 'e30.forged')).status).toBe(401)
  const nowhere = await fetch(`${site.url}/v1/nothing/of/ours`)
  expect([nowhere.status, nowhere.headers.get('x-powered-by')]).toEqual([404, 'Express'])
  const { accessToken, scan } = await site.signIn('ida')
  expect((await scan('P-0', 'gate')).status).toBe(201)
  const found = await fetch(`${site.url}/parcels/P-0`, { headers: { Authorization: `Bearer ${accessToken}` } })
  expect(await found.json()).toMatchObject({ scans: [{ place: 'gate', by: 'ida' }] })
  expect((await site.post('/parcels/P-0/scans', { place: 7 }, accessToken)).status).toBe(400)
})

/** A stock Socket.IO client, as an old hand scanner has it: polling first, then a WebSocket. */
const scanner = async (token: string) => {
  const socket = connectSocketIo(site.url, { auth: { token }, reconnection: false })
  const places: string[] = []
  const all = Promise.withResolvers<string[]>()
  socket.on('scan', ({ place }: { place: string }) => {
    if (places.push(place) === 50) all.resolve(places)
  })
  const upgraded = new Promise((resolve) => socket.io.engine.once('upgrade', resolve))
  await new Promise<void>((resolve, reject) => {
    socket.once('connect', resolve)
    socket.once('connect_error', reject)
  })
  return { heard: all.promise, upgraded, [Symbol.dispose]: () => void socket.disconnect() }
}

test('what a route publishes reaches WebSocket, event stream and Socket.IO, in order, on the one port', async () => {
  const { liveToken, scan } = await site.signIn('ida')
  using old = await scanner(await liveToken())
  await using socket = follow(liveToken)
  await using stream = follow(liveToken, { surroundings: { WebSocket: undefined } })
  await Promise.all([socket.room.subscribed, stream.room.subscribed])
  expect(stream.client.state.getSnapshot()).toMatchObject({ transport: 'event-stream' })
  expect(socket.client.state.getSnapshot()).toMatchObject({ transport: 'websocket' })
  const places = Array.from({ length: 50 }, (_, index) => `dock ${index}`)
  for (const place of places) expect((await scan('P-1', place)).status).toBe(201)
  expect(await socket.hears(50)).toEqual(places)
  expect(await stream.hears(50)).toEqual(places)
  expect(await old.heard).toEqual(places)
  await old.upgraded
  const page = await socket.room.history({ limit: 2 })
  expect(page.events.map(({ data }) => data)).toEqual([
    { parcel: 'P-1', place: 'dock 48', by: 'ida' },
    { parcel: 'P-1', place: 'dock 49', by: 'ida' },
  ])
})

test('the token of the sign-in gives the rights that it was made with, and no others', async () => {
  const { liveToken } = await site.signIn('per')
  await using stranger = follow(liveToken)
  await expect(Promise.resolve(stranger.room.subscribed)).rejects.toMatchObject({ code: 'forbidden' })
  const scan = { event: 'parcel.scanned', data: { parcel: 'P-1', place: 'nowhere', by: 'per' } }
  expect((await site.post('/v1/rooms/depot%3Asouth/events', scan, await liveToken())).status).toBe(403)
})

test('a page signs in, scans a parcel, and sees it live', async () => {
  const browser = await launchBrowser()
  try {
    const page = await browser.newPage()
    const problems: string[] = []
    page.on('pageerror', (error) => problems.push(String(error)))
    await page.goto(site.url)
    await page.fill('[name=password]', 'ida-demo-1')
    await page.click('#sign-in button')
    await page.waitForFunction(() => document.getElementById('state')?.textContent === 'connected')
    await page.fill('[name=parcel]', 'P-77')
    await page.click('#scan button')
    await page.waitForSelector('#scans li:has-text("P-77 at dock 4, by ida")')
    expect(problems).toEqual([])
  } finally {
    await browser.close()
  }
})

test('told to stop, it tells its clients, and ends', async () => {
  await using ending = await startSite()
  const token = await (await ending.signIn('ida')).liveToken()
  const socket = new WebSocket(`${ending.url.replace('http', 'ws')}/v1/websocket`, ['fanfare.v1', `bearer.${token}`])
  const frames: string[] = []
  const closed = Promise.withResolvers<number>()
  const greeted = Promise.withResolvers<void>()
  socket.onmessage = ({ data }) => {
    frames.push(String(data))
    greeted.resolve()
  }
  socket.onclose = ({ code }) => closed.resolve(code)
  await greeted.promise
  ending.program.stop()
  expect(await closed.promise).toBe(1012)
  expect(frames.at(-1)).toContain('"type":"reconnect"')
  expect(await ending.program.ends()).toBe(0)
})
