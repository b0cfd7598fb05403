import { afterAll, beforeAll, expect, test } from 'bun:test'
import { codes } from '@fanfare/protocol'
import { startWorld, type World } from '@fanfare/testkit'
import { type Ask, askOf, clinic } from '../clinic.fixture.ts'
import { html, prose } from './html.ts'
import { type Described, groupsOf } from './operations.ts'

let world: World
let ask: Ask
let api: Described & { readonly openapi: string; readonly components: { readonly securitySchemes: object } }
let page: string

beforeAll(async () => {
  world = await startWorld({ app: clinic })
  ask = askOf(world.server.services)
  api = (await (await ask('/openapi.json')).json()) as typeof api
  page = await (await ask('/docs')).text()
})
afterAll(() => world[Symbol.asyncDispose]())

test('the description is OpenAPI 3.1, of this version, with the ways to show who one is', () => {
  expect(api.openapi).toBe('3.1.0')
  expect(api.info.version).toBe('1.2.3')
  expect(Object.keys(api.components.securitySchemes)).toEqual(['userToken', 'apiKey', 'ticket'])
})

test('every operation is described, has an id of its own, and a group', () => {
  const operations = groupsOf(api).flatMap((group) => group.operations)
  expect(operations.length).toBe(Object.values(api.paths).flatMap((methods) => Object.keys(methods)).length)
  expect(new Set(operations.map(({ id }) => id)).size).toBe(operations.length)
  for (const { summary, description, answers } of operations) {
    expect(summary).toBeTruthy()
    expect(description).toBeTruthy()
    expect(answers.length).toBeGreaterThan(0)
  }
})

test('what is described answers: no path or method is made up', async () => {
  for (const [path, methods] of Object.entries(api.paths)) {
    if (path === '/v1/websocket' || path === '/fanfare/client.js') continue
    for (const method of Object.keys(methods)) {
      const { status } = await ask(path.replaceAll(/[{}]/g, ''), { method: method.toUpperCase() })
      expect([path, method, [404, 405].includes(status)]).toEqual([path, method, false])
    }
  }
})

test('every reference in the description leads somewhere', () => {
  const references = [...JSON.stringify(api).matchAll(/"\$ref":"#\/components\/schemas\/([^"]+)"/g)]
  expect(references.length).toBeGreaterThan(10)
  for (const [, name] of references) expect(Object.keys(api.components.schemas)).toContain(name!)
})

test('the page has an anchor for every error code and operation, and each link on it leads somewhere', () => {
  const ids = new Set([...page.matchAll(/ id="([^"]+)"/g)].map(([, id]) => id))
  expect(ids.size).toBe([...page.matchAll(/ id="([^"]+)"/g)].length)
  for (const code of Object.keys(codes)) expect(ids.has(code)).toBe(true)
  for (const { operations } of groupsOf(api)) for (const { id } of operations) expect(ids.has(`op-${id}`)).toBe(true)
  for (const [, target] of page.matchAll(/href="#([^"]+)"/g)) expect(ids.has(target)).toBe(true)
})

test('the page loads nothing from elsewhere and runs nothing', async () => {
  const answer = await ask('/docs')
  expect(answer.headers.get('content-type')).toBe('text/html; charset=utf-8')
  expect(answer.headers.get('content-security-policy')).toContain("default-src 'none'")
  expect(page).not.toMatch(/<script|style="|onclick|src="http|href="http/)
  const style = await ask('/docs/style.css')
  expect([style.status, style.headers.get('content-type')]).toEqual([200, 'text/css; charset=utf-8'])
  expect(await style.text()).not.toContain('url(')
})

test('a command on the page can be run as it is', () => {
  expect(page).toContain('curl -X POST &quot;$FANFARE/v1/rooms/patient%3A42%3Avitals/events&quot;')
  expect(page).toContain('curl -N &quot;$FANFARE/v1/stream?room=patient%3A42&amp;room=patient%3A42%3Avitals')
})

test('what goes into the page is text, not markup', () => {
  expect(html`<p>${'<b>&"\''}</p>${[1, html`<i>`]}${undefined}`.html).toBe('<p>&lt;b&gt;&amp;&quot;&#39;</p>1<i>')
  expect(prose('a `<b>` c').html).toBe('a <code>&lt;b&gt;</code> c')
})
