/** The clinic's page in a real Chromium: two people in two windows, one of them on two devices, as they would use it. */
import { afterAll, beforeAll, expect, test } from 'bun:test'
import { mkdir } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { type ServerProcess, startServerProcess } from '@fanfare/testkit'
import type { Browser, BrowserContext, BrowserContextOptions, Page } from 'playwright-core'
import { launchBrowser } from './clients/browser.ts'
import { faintTexts } from './clients/contrast.ts'
import { startProxy } from './clients/proxy.ts'

const app = fileURLToPath(new URL('../../examples/telehealth/app.ts', import.meta.url))
/** With TELEHEALTH_PICTURES set, the pictures of the guide are taken anew. */
const pictures = process.env.TELEHEALTH_PICTURES
  ? fileURLToPath(new URL('../../docs/guide/images/', import.meta.url))
  : undefined
const desktop = { width: 1180, height: 760 }
const phone = { viewport: { width: 360, height: 740 }, deviceScaleFactor: 2, hasTouch: true }

let browser: Browser
let clinic: ServerProcess

beforeAll(async () => {
  if (pictures) await mkdir(pictures, { recursive: true })
  ;[browser, clinic] = await Promise.all([launchBrowser(), startServerProcess({ app })])
}, 30_000)
afterAll(async () => {
  await browser?.close()
  await clinic?.[Symbol.asyncDispose]()
})

type Opened = AsyncDisposable & { readonly page: Page; readonly context: BrowserContext; readonly problems: string[] }

/** A window of its own; what it complains about is kept. */
const open = async (options: BrowserContextOptions & { readonly url?: string } = {}): Promise<Opened> => {
  const { url = clinic.url, ...others } = options
  const context = await browser.newContext({ viewport: desktop, locale: 'en-GB', ...others })
  const page = await context.newPage()
  page.setDefaultTimeout(10_000)
  const problems: string[] = []
  page.on('pageerror', (error) => problems.push(String(error)))
  page.on('console', (message) => {
    if (message.type() === 'error') problems.push(message.text())
  })
  await page.goto(url)
  return { page, context, problems, [Symbol.asyncDispose]: () => context.close() }
}

const names = { maya: /Maya Lindqvist/, okafor: /Amara Okafor/, noah: /Noah Brandt/ }

/** Signed in, with the visit open where one is named. */
const enter = async (who: keyof typeof names, visit?: RegExp, options: Parameters<typeof open>[0] = {}) => {
  const opened = await open(options)
  await opened.page.getByRole('button', { name: names[who] }).click()
  await opened.page.waitForSelector('.visit-row')
  if (visit) {
    await opened.page.getByRole('button', { name: visit }).first().click()
    await opened.page.waitForSelector('.message')
  }
  return opened
}

const bloodPressure = /Blood pressure follow-up/
const sleep = /Sleep diary/

const say = async (page: Page, text: string) => {
  await page.fill('#text', text)
  await page.keyboard.press('Enter')
}
const exactly = (text: string) => new RegExp(`^${text.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&')}$`)
const bubble = (page: Page, text: string) =>
  page.locator('.message', { has: page.locator('.text', { hasText: exactly(text) }) })
const sees = (page: Page, text: string) => bubble(page, text).waitFor()
const count = (page: Page, text: string) => bubble(page, text).count()
/** The state of one's own message: `waiting`, `sent`, `delivered` or `read`. */
const comesTo = (page: Page, text: string, state: string) =>
  page.waitForFunction(
    ([wanted, is]) =>
      [...document.querySelectorAll<HTMLElement>('.message')].some(
        (one) => one.querySelector('.text')?.textContent === wanted && one.dataset.state === is,
      ),
    [text, state],
  )
/** What is offered for a message, by pointer. */
const act = async (page: Page, text: string, name: string) => {
  await bubble(page, text).locator('.bubble').hover()
  await page.getByRole('toolbar').getByRole('button', { name, exact: true }).click()
}
const unreadOf = (page: Page, visit: RegExp) =>
  page.locator('.visit-row', { hasText: visit }).locator('.badge').textContent()
const showsUnread = (page: Page, visit: string, unread: string | undefined) =>
  page.waitForFunction(
    ([title, wanted]) => {
      const row = [...document.querySelectorAll('.visit-row')].find(
        (one) => one.querySelector('.visit-title')?.textContent === title,
      )
      const badge = row?.querySelector<HTMLElement>('.badge')
      return (
        badge !== undefined && badge !== null && (wanted ? badge.textContent === wanted && !badge.hidden : badge.hidden)
      )
    },
    [visit, unread] as const,
  )

const takePictures = async (folder: string) => {
  const picture = (page: Page, name: string) => page.screenshot({ path: `${folder}telehealth-${name}.png` })
  await using line = await startProxy(clinic.url)
  await using maya = await enter('maya', bloodPressure, { url: line.url })
  await using okafor = await enter('okafor', bloodPressure, { colorScheme: 'dark' })
  await using other = await enter('maya', bloodPressure, phone)
  await say(maya.page, 'My week: 126 over 81, a little higher on Sunday.')
  await act(okafor.page, 'My week: 126 over 81, a little higher on Sunday.', 'Reply')
  await say(okafor.page, 'That is splendid. We stay with this dose.')
  await act(maya.page, 'That is splendid. We stay with this dose.', 'React with a heart')
  await say(maya.page, 'Good to hear, thank you!')
  await comesTo(maya.page, 'Good to hear, thank you!', 'read')
  await okafor.page.getByRole('button', { name: 'heart: Maya Lindqvist' }).waitFor()
  await okafor.page.locator('#text').pressSequentially('Any dizziness when you ')
  await maya.page.getByText('Dr. Amara Okafor is typing').waitFor()
  await maya.page.mouse.move(700, 20)
  await picture(maya.page, 'patient')
  await picture(okafor.page, 'provider')
  await sees(other.page, 'Good to hear, thank you!')
  await picture(other.page, 'phone')
  await maya.page.getByRole('button', { name: /^Notifications/ }).click()
  await maya.page.locator('.notification').first().waitFor()
  await picture(maya.page, 'notifications')
  await maya.page.keyboard.press('Escape')
  await maya.context.setOffline(true)
  line.cut()
  await maya.page.locator('#connection[data-state="reconnecting"]').waitFor()
  await say(maya.page, 'I am on the train, this may take a while.')
  await comesTo(maya.page, 'I am on the train, this may take a while.', 'waiting')
  await picture(maya.page, 'offline')
}
if (pictures) test('the pictures of the guide', () => takePictures(pictures), 60_000)

test('two people talk: typing, receipts, a reply, a reaction, a change and a deletion', async () => {
  await using maya = await enter('maya', bloodPressure)
  await using okafor = await enter('okafor')
  const [patient, provider] = [maya.page, okafor.page]

  await say(patient, 'Here is my week: 126 over 81 on average.')
  await comesTo(patient, 'Here is my week: 126 over 81 on average.', 'delivered')
  await provider.getByRole('button', { name: bloodPressure }).first().click()
  await sees(provider, 'Here is my week: 126 over 81 on average.')
  await comesTo(patient, 'Here is my week: 126 over 81 on average.', 'read')
  await patient.getByText('here now').waitFor()

  await provider.locator('#text').pressSequentially('That is ')
  await patient.getByText('Dr. Amara Okafor is typing').waitFor()
  await act(provider, 'Here is my week: 126 over 81 on average.', 'Reply')
  await say(provider, 'That is splendid, Maya.')
  await sees(patient, 'That is splendid, Maya.')
  await patient.locator('#typing').waitFor({ state: 'hidden' })
  expect(await bubble(patient, 'That is splendid, Maya.').locator('.quote').textContent()).toContain('Here is my week')

  await act(patient, 'That is splendid, Maya.', 'React with a heart')
  await provider.getByRole('button', { name: 'heart: Maya Lindqvist' }).waitFor()
  await act(provider, 'That is splendid, Maya.', 'Edit')
  await say(provider, 'That is splendid, Maya. We stay with this dose.')
  await sees(patient, 'That is splendid, Maya. We stay with this dose.')
  await patient.getByText('edited').waitFor()

  await say(patient, 'Wrong window')
  await act(patient, 'Wrong window', 'Delete')
  await provider.getByText('Message deleted').first().waitFor()
  expect(await count(provider, 'Wrong window')).toBe(0)
  expect([maya.problems, okafor.problems]).toEqual([[], []])
}, 40_000)

test('what is unread is the same on every device, and read on one is read on all', async () => {
  await using laptop = await enter('maya')
  await using other = await enter('maya', undefined, phone)
  await using noah = await enter('noah', sleep)
  const before = Number(await unreadOf(laptop.page, sleep))
  for (const text of ['How did last night go?', 'And did you nap?']) await say(noah.page, text)
  for (const { page } of [laptop, other]) await showsUnread(page, 'Sleep diary', String(before + 2))
  expect(await laptop.page.title()).toMatch(/^\(\d+\) /)

  const bell = laptop.page.getByRole('button', { name: /^Notifications, \d+ new$/ })
  await bell.click()
  await laptop.page.locator('.notification', { hasText: 'And did you nap?' }).waitFor()
  for (const { page } of [laptop, other]) await page.locator('#bell-count').waitFor({ state: 'hidden' })
  await laptop.page.locator('.notification', { hasText: 'And did you nap?' }).click()
  await sees(laptop.page, 'And did you nap?')
  for (const { page } of [laptop, other]) await showsUnread(page, 'Sleep diary', undefined)
  await comesTo(noah.page, 'And did you nap?', 'read')
}, 40_000)

test('who answers has read what was asked before, though no receipt says so', async () => {
  await using maya = await enter('maya', bloodPressure)
  await using okafor = await enter('okafor', bloodPressure)
  // A page that is not looked at reads nothing.
  await okafor.page.evaluate(() => Object.defineProperty(document, 'visibilityState', { value: 'hidden' }))
  await say(maya.page, 'May I take it with milk?')
  await sees(okafor.page, 'May I take it with milk?')
  await say(okafor.page, 'You may.')
  await comesTo(maya.page, 'May I take it with milk?', 'read')
}, 40_000)

test('a message written while offline waits in sight, and arrives once when the connection is back', async () => {
  await using line = await startProxy(clinic.url)
  await using maya = await enter('maya', bloodPressure, { url: line.url })
  await using okafor = await enter('okafor', bloodPressure)
  await maya.context.setOffline(true)
  line.cut()
  await maya.page.locator('#connection[data-state="reconnecting"]').waitFor()
  await say(maya.page, 'Written in the tunnel')
  await comesTo(maya.page, 'Written in the tunnel', 'waiting')
  await say(okafor.page, 'Said meanwhile')
  await maya.context.setOffline(false)
  await sees(maya.page, 'Said meanwhile')
  await sees(okafor.page, 'Written in the tunnel')
  await comesTo(maya.page, 'Written in the tunnel', 'read')
  await say(okafor.page, 'And after it')
  await sees(maya.page, 'And after it')
  for (const { page } of [maya, okafor]) {
    expect([await count(page, 'Written in the tunnel'), await count(page, 'Said meanwhile')]).toEqual([1, 1])
  }
}, 40_000)

test('what waits survives a reload of the page, and is still sent once', async () => {
  await using maya = await enter('maya', bloodPressure)
  await using okafor = await enter('okafor', bloodPressure)
  // The page loads again, and its connection does not open.
  await maya.page.routeWebSocket(/\/v1\/websocket/, (socket) => void socket.close())
  await maya.page.reload()
  await maya.page.waitForSelector('#clinic:not([hidden])')
  const entry = {
    key: 'kept-1',
    roomId: 'test-visit-123',
    text: 'Kept over the reload',
    createdAt: new Date().toISOString(),
  }
  await maya.page.evaluate((kept) => {
    localStorage.setItem('telehealth-outbox:riverside:test-user-123', JSON.stringify([kept]))
  }, entry)
  await maya.page.unrouteAll()
  const again = await maya.context.newPage()
  await again.goto(clinic.url)
  await again.getByRole('button', { name: names.maya }).click()
  await sees(okafor.page, 'Kept over the reload')
  expect(await again.evaluate(() => localStorage.getItem('telehealth-outbox:riverside:test-user-123'))).toBe('[]')
  expect(await count(okafor.page, 'Kept over the reload')).toBe(1)
}, 40_000)

test('what somebody writes is shown as the text that it is', async () => {
  await using maya = await enter('maya', bloodPressure)
  await using okafor = await enter('okafor', bloodPressure)
  const evil = '<img src=x onerror="window.owned=1"><script>window.owned=1</script><b>bold</b> javascript:alert(1)'
  await say(maya.page, evil)
  for (const { page, problems } of [maya, okafor]) {
    await sees(page, evil)
    expect(await page.locator('.message img, .message b, .message script, .message a').count()).toBe(0)
    expect(await page.evaluate('window.owned')).toBeUndefined()
    expect(problems).toEqual([])
  }
}, 30_000)

test('a keyboard is enough: sign in, choose a visit, write, answer, change, and come back', async () => {
  await using maya = await open()
  const { page } = maya
  const { keyboard } = page
  await page.waitForFunction(() => document.activeElement?.id === 'email')
  await keyboard.type('patient@example.com')
  await keyboard.press('Tab')
  await keyboard.type('wrong password')
  await keyboard.press('Enter')
  await page.getByRole('alert').getByText('The address or the password is wrong.').waitFor()
  await page.locator('#password').fill('')
  await keyboard.type('password123')
  await keyboard.press('Enter')
  await page.waitForSelector('.visit-row')
  await page.locator('.visit-row', { hasText: 'Care team' }).focus()
  await keyboard.press('Enter')
  await page.waitForFunction(() => document.activeElement?.id === 'text')
  await keyboard.type('By keyboard alone')
  await keyboard.press('Shift+Enter')
  await keyboard.type('on two lines')
  await keyboard.press('Enter')
  await comesTo(page, 'By keyboard alone\non two lines', 'sent')
  await keyboard.press('ArrowUp')
  expect(await page.inputValue('#text')).toBe('By keyboard alone\non two lines')
  await keyboard.press('Escape')
  expect(await page.inputValue('#text')).toBe('')
  await keyboard.press('Shift+Tab')
  await page.waitForFunction(() => document.activeElement?.closest('.message') !== null)
  await page.locator('.message').last().focus()
  await keyboard.press('ArrowUp')
  const answered = await page.evaluate(() => document.activeElement?.querySelector('.text')?.textContent)
  for (let tabs = 0; tabs < 5; tabs++) await keyboard.press('Tab')
  expect(await page.evaluate(() => document.activeElement?.getAttribute('aria-label'))).toBe('Reply')
  await keyboard.press('Enter')
  expect(await page.textContent('#about-text')).toBe(answered ?? '')
  await keyboard.type('Answered')
  await keyboard.press('Enter')
  await sees(page, 'Answered')
  const outline = await page.evaluate(() => getComputedStyle(document.querySelector('.field') as Element).outlineStyle)
  expect(outline).toBe('solid')
}, 40_000)

test('new messages of others are told to those who listen', async () => {
  await using maya = await enter('maya')
  await using noah = await enter('noah', sleep)
  expect(await maya.page.getAttribute('#announcer', 'aria-live')).toBe('polite')
  await say(noah.page, 'Listen to this')
  await maya.page.waitForFunction(
    () => document.querySelector('#announcer')?.textContent === 'Noah Brandt: Listen to this',
  )
}, 30_000)

test('it fits a phone of 360 px: the door, the list, and a visit with its way back', async () => {
  await using maya = await open(phone)
  const { page } = maya
  const fits = async () =>
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(360)
  await page.waitForSelector('.account')
  await fits()
  await page.getByRole('button', { name: names.maya }).tap()
  await page.waitForSelector('.visit-row')
  await fits()
  await page.getByRole('button', { name: bloodPressure }).first().tap()
  await page.waitForSelector('.message')
  await say(page, `A-word-without-an-end${'-and-on'.repeat(20)}`)
  await comesTo(page, `A-word-without-an-end${'-and-on'.repeat(20)}`, 'sent')
  await fits()
  expect(await page.locator('.side').isVisible()).toBe(false)
  await page.getByRole('button', { name: 'All visits' }).tap()
  await page.locator('.side').waitFor()
}, 40_000)

test.each(['light', 'dark'] as const)(
  'every text can be read in the %s theme',
  async (colorScheme) => {
    await using door = await open({ colorScheme })
    await door.page.waitForSelector('.account')
    expect(await faintTexts(door.page)).toEqual([])
    await using noah = await enter('noah', sleep, { colorScheme })
    await say(noah.page, 'Good night')
    await comesTo(noah.page, 'Good night', 'sent')
    expect(await faintTexts(noah.page)).toEqual([])
  },
  30_000,
)
