/** The ward's pages in a real Chromium, with a server in a process of its own that can be killed. */
import { afterAll, beforeAll, expect, test } from 'bun:test'
import { mkdir } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { type ServerProcess, startServerProcess } from '@fanfare/testkit'
import type { Browser, BrowserContextOptions, Page } from 'playwright-core'
import { launchBrowser } from './clients/browser.ts'
import { faintTexts } from './clients/contrast.ts'

const app = fileURLToPath(new URL('../../examples/ward/app.ts', import.meta.url))
const folder = fileURLToPath(new URL('../../test-results/', import.meta.url))
const desktop = { width: 1440, height: 940 }

let browser: Browser
let server: ServerProcess

beforeAll(async () => {
  await mkdir(folder, { recursive: true })
  ;[browser, server] = await Promise.all([launchBrowser(), startServerProcess({ app })])
})
afterAll(async () => {
  await browser?.close()
  await server?.[Symbol.asyncDispose]()
})

type Opened = AsyncDisposable & { readonly page: Page; readonly problems: string[] }

/** A page with its own storage; what it complains about is kept. */
const open = async (path: string, options: BrowserContextOptions = {}): Promise<Opened> => {
  const context = await browser.newContext({ viewport: desktop, ...options })
  const page = await context.newPage()
  const problems: string[] = []
  page.on('pageerror', (error) => problems.push(String(error)))
  page.on('console', (message) => {
    if (message.type() === 'error') problems.push(message.text())
  })
  await page.goto(`${server.url}${path}`)
  return { page, problems, [Symbol.asyncDispose]: () => context.close() }
}

const numberIn = async (page: Page, selector: string) =>
  Number(((await page.textContent(selector)) ?? '').replaceAll(/\D/g, ''))

/** Twelve beds with numbers, an alert, and events that keep coming. */
const seesLiveWard = async (page: Page) => {
  await page.waitForFunction(() => {
    const values = [...document.querySelectorAll('.bed .vital.large .value')]
    return values.length === 24 && values.every((value) => /^\d+$/.test(value.textContent ?? ''))
  })
  await page.waitForSelector('.alert', { timeout: 30_000 })
  const events = await numberIn(page, '#count-events')
  await page.waitForFunction((before) => {
    const shown = document.querySelector('#count-events')?.textContent ?? ''
    return Number(shown.replaceAll(/\D/g, '')) > before + 20
  }, events)
}

test('the board shows twelve live beds and an alert', async () => {
  await using board = await open('/')
  await seesLiveWard(board.page)
  expect(await board.page.locator('.bed').count()).toBe(12)
  expect(await board.page.textContent('#pill-text')).toBe('Live')
  expect(await board.page.locator('.bed[data-status="warning"], .bed[data-status="critical"]').count()).toBeGreaterThan(
    0,
  )
  expect(await numberIn(board.page, '#count-gaps')).toBe(0)
  expect(board.problems).toEqual([])
  await board.page.screenshot({ path: `${folder}ward-light.png` })
}, 60_000)

test('the board is dark where the system is, until the button says otherwise', async () => {
  await using board = await open('/', { colorScheme: 'dark' })
  await seesLiveWard(board.page)
  const ground = () => board.page.evaluate(() => getComputedStyle(document.body).backgroundColor)
  expect(await ground()).toBe('rgb(11, 20, 22)')
  await board.page.screenshot({ path: `${folder}ward-dark.png` })
  await board.page.click('#theme')
  expect(await ground()).toBe('rgb(238, 242, 243)')
  await board.page.reload()
  expect(await ground()).toBe('rgb(238, 242, 243)')
}, 60_000)

test('the board fits a phone of 360 px', async () => {
  await using board = await open('/', { viewport: { width: 360, height: 760 }, deviceScaleFactor: 2 })
  await seesLiveWard(board.page)
  const width = await board.page.evaluate(() => document.documentElement.scrollWidth)
  expect(width).toBeLessThanOrEqual(360)
  await board.page.screenshot({ path: `${folder}ward-phone.png` })
}, 60_000)

test('a keyboard is enough: a bed opens with Enter, closes with Esc, and has the focus again', async () => {
  await using board = await open('/')
  await seesLiveWard(board.page)
  const bed = board.page.getByRole('button', { name: /^Bed 4,/ })
  await bed.focus()
  await board.page.keyboard.press('Enter')
  const dialog = board.page.getByRole('dialog')
  expect(await dialog.isVisible()).toBe(true)
  expect(await board.page.textContent('#details-name')).toBe('Tomasz Wilk')
  expect(await dialog.locator('.chart path[d^="M"]').count()).toBeGreaterThanOrEqual(4)
  await board.page.screenshot({ path: `${folder}ward-details.png` })
  await board.page.keyboard.press('Escape')
  expect(await dialog.isVisible()).toBe(false)
  expect(await bed.evaluate((element) => element === document.activeElement)).toBe(true)
  const announcer = board.page.locator('#announcer')
  expect(await announcer.getAttribute('aria-live')).toBe('assertive')
}, 60_000)

test.each(['light', 'dark'] as const)(
  'every text can be read in the %s theme',
  async (colorScheme) => {
    await using board = await open('/', { colorScheme })
    await seesLiveWard(board.page)
    expect(await faintTexts(board.page)).toEqual([])
  },
  60_000,
)

test('a newcomer sees the same stream by EventSource and by WebSocket', async () => {
  await using watch = await open('/watch')
  for (const name of ['sse', 'ws']) {
    await watch.page.waitForFunction((id) => Number(document.querySelector(`#${id}-count`)?.textContent) > 20, name, {
      timeout: 20_000,
    })
  }
  expect(await watch.page.textContent('#sse-log b')).toMatch(/^(patient|hospital|system)\./)
  expect(watch.problems).toEqual([])
  await watch.page.screenshot({ path: `${folder}ward-watch.png` })
}, 60_000)

test('kill the server, start it again: the pages come back and nothing is missing', async () => {
  await using board = await open('/')
  await using watch = await open('/watch')
  await seesLiveWard(board.page)
  await watch.page.waitForFunction(() => Number(document.querySelector('#sse-count')?.textContent) > 5)
  await server.kill()
  await board.page.waitForSelector('#pill[data-state="reconnecting"], #pill[data-state="connecting"]')
  await board.page.screenshot({ path: `${folder}ward-reconnecting.png` })
  await server.start()
  await board.page.waitForSelector('#pill[data-state="connected"]', { timeout: 20_000 })
  await seesLiveWard(board.page)
  expect(await numberIn(board.page, '#count-gaps')).toBe(0)
  expect(await numberIn(board.page, '#count-reconnects')).toBe(1)
  for (const name of ['sse', 'ws']) {
    await watch.page.waitForFunction(
      (id) => document.querySelector(`#${id}-state`)?.textContent === 'live, resumed',
      name,
      { timeout: 20_000 },
    )
  }
}, 90_000)
