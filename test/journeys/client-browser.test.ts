/** The served client module in a real Chromium: it connects, goes offline with the device, sleeps with its tab, and misses nothing. */
import { afterAll, beforeAll, expect, test } from 'bun:test'
import { fileURLToPath } from 'node:url'
import { createClient } from '@fanfare/client'
import { type ServerProcess, startServerProcess } from '@fanfare/testkit'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import type { clinic } from '../support/clinic.ts'
import { launchBrowser } from './clients/browser.ts'
import { type FaultyProxy, startProxy } from './clients/proxy.ts'
import { environment, tokenFor } from './clients/signing.ts'

const app = fileURLToPath(new URL('../support/clinic.ts', import.meta.url))
const numbers = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, index) => from + index)

let browser: Browser
let server: ServerProcess
let proxy: FaultyProxy

beforeAll(async () => {
  ;[browser, server] = await Promise.all([launchBrowser(), startServerProcess({ app, environment })])
  proxy = await startProxy(server.url)
})
afterAll(async () => {
  await browser?.close()
  await proxy?.[Symbol.asyncDispose]()
  await server?.[Symbol.asyncDispose]()
})

/** What the script below leaves in its page. */
type Told = {
  client: { state: { getSnapshot(): { status: string; transport?: string } } }
  room: { publish(event: string, data: object): Promise<{ offset: number }> }
  heard: number[]
  gaps: unknown[]
  statuses: string[]
  published: Promise<{ offset: number }[]>
}

/** What a page without a build step does with the client. */
const script = (room: string, token: string, minMs = 10) => `(async () => {
const { createClient } = await import('/fanfare/client.js')
const client = createClient({ url: '/', token: ${JSON.stringify(token)}, reconnect: { minMs: ${minMs}, maxMs: 60_000 } })
const room = client.room(${JSON.stringify(room)})
const told = { client, room, heard: [], gaps: [], statuses: [] }
client.state.subscribe(() => told.statuses.push(client.state.getSnapshot().status))
room.on('counted', ({ n }) => told.heard.push(n))
room.onGap((gap) => told.gaps.push(gap))
await room.subscribed
window.told = told
})()`

type Opened = AsyncDisposable & { readonly page: Page; readonly context: BrowserContext; readonly problems: string[] }

const open = async (room: string, minMs?: number): Promise<Opened> => {
  const context = await browser.newContext()
  const page = await context.newPage()
  const problems: string[] = []
  page.on('pageerror', (error) => problems.push(String(error)))
  // Any answer of the server's own origin serves as the page.
  await page.goto(`${proxy.url}/health`)
  await page.evaluate(script(room, await tokenFor('acme', 'ann'), minMs))
  return { page, context, problems, [Symbol.asyncDispose]: () => context.close() }
}

const told = <Result>(page: Page, read: (told: Told) => Result) =>
  page.evaluate(`(${read})(window.told)`) as Promise<Awaited<Result>>

const comesTo = (page: Page, holds: (told: Told) => boolean) => page.waitForFunction(`(${holds})(window.told)`)

const tell = async (room: `ward:${string}`, range: readonly number[]) => {
  await using teller = createClient<typeof clinic>({ url: server.url, token: await tokenFor('acme', 'teller') })
  for (const n of range) await teller.room(room).publish('counted', { n })
}

test('a page connects with the served module, hears, and publishes', async () => {
  await using opened = await open('ward:1')
  await tell('ward:1', [1, 2, 3])
  await comesTo(opened.page, ({ heard }) => heard.length === 3)
  expect(await told(opened.page, ({ client }) => client.state.getSnapshot())).toMatchObject({
    status: 'connected',
    transport: 'websocket',
  })
  expect(await told(opened.page, ({ room }) => room.publish('counted', { n: 4 }))).toMatchObject({ offset: 4 })
  await comesTo(opened.page, ({ heard }) => heard.length === 4)
  expect(await told(opened.page, ({ heard }) => heard)).toEqual([1, 2, 3, 4])
  expect(opened.problems).toEqual([])
})

test('offline it waits without trying, keeps what it publishes, and resumes as soon as the device is online', async () => {
  await using opened = await open('ward:2')
  const { page, context } = opened
  await tell('ward:2', [1, 2])
  await comesTo(page, ({ heard }) => heard.length === 2)
  await context.setOffline(true)
  proxy.cut()
  await comesTo(page, ({ client }) => client.state.getSnapshot().status === 'suspended')
  const upgrades = proxy.upgrades
  await page.evaluate(`void (told.published = Promise.all([5, 6].map((n) => told.room.publish("counted", { n }))))`)
  await tell('ward:2', [3, 4])
  expect(await told(page, ({ heard }) => heard)).toEqual([1, 2])
  expect(proxy.upgrades).toBe(upgrades)

  await context.setOffline(false)
  await comesTo(page, ({ heard }) => heard.length === 6)
  expect(await told(page, ({ heard }) => heard)).toEqual(numbers(1, 6))
  expect((await told(page, ({ published }) => published)).map(({ offset }) => offset)).toEqual([5, 6])
  expect(await told(page, ({ gaps }) => gaps)).toEqual([])
  expect(opened.problems).toEqual([])
})

test('a frozen tab whose connection died meanwhile catches up when it is seen again', async () => {
  await using opened = await open('ward:3')
  const { page, context } = opened
  const tools = await context.newCDPSession(page)
  await tell('ward:3', [1])
  await comesTo(page, ({ heard }) => heard.length === 1)
  await tools.send('Page.setWebLifecycleState', { state: 'frozen' })
  proxy.isDown = true
  proxy.cut()
  await tell('ward:3', [2, 3, 4])
  proxy.isDown = false
  await tools.send('Page.setWebLifecycleState', { state: 'active' })
  await comesTo(page, ({ heard }) => heard.length === 4)
  expect(await told(page, ({ heard }) => heard)).toEqual(numbers(1, 4))
  expect(await told(page, ({ gaps }) => gaps)).toEqual([])
  expect(opened.problems).toEqual([])
})

test('a hidden tab that waits to try again tries at once when it is shown', async () => {
  await using opened = await open('ward:4', 60_000)
  const { page } = opened
  proxy.isDown = true
  proxy.cut()
  // By itself it would try again in a minute.
  await comesTo(page, ({ statuses }) => statuses.at(-1) === 'reconnecting')
  await tell('ward:4', [1, 2])
  proxy.isDown = false
  await page.evaluate(() => document.dispatchEvent(new Event('visibilitychange')))
  await comesTo(page, ({ heard }) => heard.length === 2)
  expect(await told(page, ({ heard }) => heard)).toEqual([1, 2])
  expect(opened.problems).toEqual([])
})

test('where a page’s WebSockets are blocked, the event stream carries the room', async () => {
  proxy.refusesSockets = true
  await using opened = await open('ward:5')
  proxy.refusesSockets = false
  const { page } = opened
  expect(await told(page, ({ client }) => client.state.getSnapshot())).toMatchObject({ transport: 'event-stream' })
  await tell('ward:5', [1, 2])
  expect(await told(page, ({ room }) => room.publish('counted', { n: 3 }))).toMatchObject({ offset: 3 })
  await comesTo(page, ({ heard }) => heard.length === 3)
  proxy.cut()
  await tell('ward:5', [4])
  await comesTo(page, ({ heard }) => heard.length === 4)
  expect(await told(page, ({ heard }) => heard)).toEqual(numbers(1, 4))
  expect(opened.problems).toEqual([])
})

test('a reload begins anew; a kill -9 of the server loses nothing for a page that stays', async () => {
  await using opened = await open('ward:6')
  const { page } = opened
  await tell('ward:6', [1])
  await comesTo(page, ({ heard }) => heard.length === 1)
  await page.reload()
  await page.evaluate(script('ward:6', await tokenFor('acme', 'ann')))
  await tell('ward:6', [2])
  await comesTo(page, ({ heard }) => heard.length === 1)
  await server.kill()
  await server.start()
  await tell('ward:6', [3, 4])
  await comesTo(page, ({ heard }) => heard.length === 3)
  expect(await told(page, ({ heard }) => heard)).toEqual([2, 3, 4])
  expect(await told(page, ({ gaps }) => gaps)).toEqual([])
  expect(opened.problems).toEqual([])
}, 60_000)
