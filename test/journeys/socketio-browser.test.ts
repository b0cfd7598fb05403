/** The client that the server gives out, in a real Chromium: as a script and as a module, over both transports, from its own and from another origin. */
import { afterAll, beforeAll, expect, test } from 'bun:test'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import { type ServerProcess, startServerProcess } from '@fanfare/testkit'
import type { Browser, Page } from 'playwright-core'
import { launchBrowser } from './clients/browser.ts'

const app = fileURLToPath(new URL('../support/socketio-practice.ts', import.meta.url))

/** Somebody else's web server. By its number it is on the list, by its name it is not. */
const site = createServer((_, response) => {
  response.setHeader('content-type', 'text/html')
  response.end('<!doctype html><title>page</title>')
})

let browser: Browser
let server: ServerProcess
let elsewhere: string
let evil: string

beforeAll(async () => {
  await new Promise<void>((resolve) => site.listen(0, '127.0.0.1', resolve))
  const { port } = site.address() as AddressInfo
  elsewhere = `http://127.0.0.1:${port}`
  evil = `http://localhost:${port}`
  const environment = { FANFARE_ALLOWED_ORIGINS: elsewhere }
  ;[browser, server] = await Promise.all([launchBrowser(), startServerProcess({ app, environment })])
})
afterAll(async () => {
  site.close()
  await browser?.close()
  await server?.[Symbol.asyncDispose]()
})

/** What a page of a Socket.IO user does; `io` is there already. */
const program = (options: object) => `
const told = { heard: [], connects: [], transports: [], left: [] }
const socket = io(${JSON.stringify(server.url)}, ${JSON.stringify({ reconnectionDelay: 20, reconnectionDelayMax: 100, ...options })})
socket.on('connect', () => {
  told.connects.push(socket.recovered)
  told.transports.push(socket.io.engine.transport.name)
  socket.io.engine.on('upgrade', (transport) => told.transports.push(transport.name))
})
socket.on('disconnect', (reason) => told.left.push(reason))
socket.on('connect_error', (error) => told.left.push(error.message))
socket.on('counted', ({ n }) => told.heard.push(n))
window.told = told
window.socket = socket
`

type Told = { heard: number[]; connects: boolean[]; transports: string[]; left: string[] }

const told = (page: Page) => page.evaluate('window.told') as Promise<Told>
const ask = (page: Page, ...args: readonly unknown[]) =>
  page.evaluate(`window.socket.timeout(5000).emitWithAck(...${JSON.stringify(args)})`)
const comesTo = (page: Page, holds: string) =>
  page.waitForFunction(`((told) => ${holds})(window.told)`, undefined, { timeout: 10_000 })

const openPage = async (origin: string): Promise<Page & AsyncDisposable> => {
  const context = await browser.newContext()
  const page = await context.newPage()
  await page.goto(origin)
  return Object.assign(page, { [Symbol.asyncDispose]: () => context.close() })
}

const tell = async (room: string, numbers: readonly number[]) => {
  const teller = await server.person('teller')
  for (const n of numbers) await teller.says(room, 'counted', { n })
  await teller.goes()
}

const scripts = [
  ['the script', 'socket.io.js', undefined],
  ['the small script', 'socket.io.min.js', undefined],
  ['the module', 'socket.io.esm.min.js', 'module'],
] as const

for (const [name, file, type] of scripts) {
  test(`${name}: a page of another origin that is on the list connects, moves to a WebSocket, asks and hears`, async () => {
    await using page = await openPage(elsewhere)
    const url = `${server.url}/socket.io/${file}`
    const options = { auth: { token: server.token('ann') } }
    if (type === 'module') {
      await page.addScriptTag({ type, content: `import { io } from ${JSON.stringify(url)};${program(options)}` })
    } else {
      await page.addScriptTag({ url })
      await page.addScriptTag({ content: `{${program(options)}}` })
    }
    await comesTo(page, 'told?.transports.includes("websocket")')
    expect(await ask(page, 'whoami')).toMatchObject({ user: 'ann' })
    await ask(page, 'join', `ward:${file}`)
    await tell(`ward:${file}`, [1, 2, 3])
    await comesTo(page, 'told.heard.length === 3')
    expect(await told(page)).toMatchObject({ heard: [1, 2, 3], connects: [false], left: [] })
    const bytes = await page.evaluate(
      `window.socket.timeout(5000).emitWithAck('ask', new Uint8Array([0, 1, 255])).then((back) => Array.from(new Uint8Array(back)))`,
    )
    expect(bytes).toEqual([0, 1, 255])
  }, 20_000)
}

test('a page that stays over kill -9 of the server is recovered and misses nothing', async () => {
  await using page = await openPage(elsewhere)
  await page.addScriptTag({ url: `${server.url}/socket.io/socket.io.min.js` })
  await page.addScriptTag({
    content: `{${program({ auth: { token: server.token('ann') }, transports: ['websocket'] })}}`,
  })
  await comesTo(page, 'told.connects.length === 1')
  await ask(page, 'join', 'ward:page')
  await tell('ward:page', [1])
  await comesTo(page, 'told.heard.length === 1')
  await server.kill()
  await server.start()
  await tell('ward:page', [2, 3])
  await comesTo(page, 'told.heard.length === 3')
  expect(await told(page)).toMatchObject({ heard: [1, 2, 3], connects: [false, true] })
}, 30_000)

test('over polling alone, long bodies and many of them pass', async () => {
  await using page = await openPage(elsewhere)
  await page.addScriptTag({ url: `${server.url}/socket.io/socket.io.min.js` })
  await page.addScriptTag({
    content: `{${program({ auth: { token: server.token('ann') }, transports: ['polling'] })}}`,
  })
  await comesTo(page, 'told.connects.length === 1')
  const text = 'žluť '.repeat(8_000)
  expect(await ask(page, 'ask', text)).toBe(text)
  const back = await page.evaluate(
    `Promise.all(Array.from({ length: 20 }, (_, n) => window.socket.timeout(5000).emitWithAck('ask', n)))`,
  )
  expect(back).toEqual(Array.from({ length: 20 }, (_, n) => n))
}, 20_000)

test('CVE-2020-28481: a page whose origin is not on the list reads nothing and opens nothing', async () => {
  await using page = await openPage(evil)
  const outcome = await page.evaluate(`(async () => {
    const url = ${JSON.stringify(server.url)}
    const polling = await fetch(url + '/socket.io/?EIO=4&transport=polling').then((response) => response.text(), (error) => error.name)
    const socket = new WebSocket(url.replace('http', 'ws') + '/socket.io/?EIO=4&transport=websocket')
    const webSocket = await new Promise((resolve) => {
      socket.onmessage = ({ data }) => resolve(data)
      socket.onclose = () => resolve('closed')
    })
    return { polling, webSocket }
  })()`)
  expect(outcome).toEqual({ polling: 'TypeError', webSocket: 'closed' })
}, 20_000)

test('CVE-2020-28481: and the answer itself gives nothing away', async () => {
  for (const origin of [evil, 'null', `${elsewhere}.evil.test`]) {
    const response = await fetch(`${server.url}/socket.io/?EIO=4&transport=polling`, { headers: { origin } })
    expect(response.headers.get('access-control-allow-origin')).toBeNull()
    expect([response.status, await response.text()]).toEqual([403, expect.not.stringContaining('"sid"')])
  }
})
