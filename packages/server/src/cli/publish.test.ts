import { expect, test } from 'bun:test'
import { run } from './program.ts'
import { fakeTerminal } from './terminal.fake.ts'

const result = {
  id: '0190-…',
  room: 'lobby',
  epoch: 'e',
  offset: 7,
  timestamp: '2026-01-02T03:04:05.000Z',
  durability: 'disk',
  duplicate: false,
}
const environment = { FANFARE_URL: 'http://fan.example/', FANFARE_TOKEN: 'tok' }

test('posts the event and says how safe it is', async () => {
  const requests: [string, RequestInit][] = []
  const answer = (url: string, init: RequestInit) => {
    requests.push([url, init])
    return Response.json(result)
  }
  const world = fakeTerminal({ environment, answer })
  expect(await run(['publish', 'ward:a/b', 'said', '{"text":"hi"}', '--key', 'k1'], world.terminal, '1.0.0')).toBe(0)
  const [[url, init] = ['', {}]] = requests
  expect(url).toBe('http://fan.example/v1/rooms/ward%3Aa%2Fb/events')
  expect(init.headers).toMatchObject({ authorization: 'Bearer tok' })
  expect(JSON.parse(String(init.body))).toEqual({ event: 'said', data: { text: 'hi' }, key: 'k1' })
  expect(world.lines).toEqual(['lobby #7 safe on disk 0190-…'])
})

test('reads the data from standard input, and prints JSON when asked', async () => {
  let body = ''
  const answer = (_: string, init: RequestInit) => {
    body = String(init.body)
    return Response.json({ ...result, duplicate: true })
  }
  const world = fakeTerminal({ environment, answer, input: '[1,2]\n' })
  expect(await run(['publish', 'lobby', 'said', '-', '--json'], world.terminal, '1.0.0')).toBe(0)
  expect(JSON.parse(body)).toEqual({ event: 'said', data: [1, 2] })
  expect(JSON.parse(world.lines[0] ?? '')).toMatchObject({ offset: 7, duplicate: true })
})

test('data that is no JSON is not sent', async () => {
  const world = fakeTerminal({ environment })
  expect(await run(['publish', 'lobby', 'said', '{text:hi}'], world.terminal, '1.0.0')).toBe(2)
  expect(world.notes).toContain('The data is no JSON')
})

test('a refusal is told in the server’s own words', async () => {
  const problem = { code: 'unknown_room', detail: 'The application describes no room of this name.', status: 404 }
  const world = fakeTerminal({ environment, answer: () => Response.json(problem, { status: 404 }) })
  expect(await run(['publish', 'nowhere', 'said'], world.terminal, '1.0.0')).toBe(1)
  expect(world.notes).toContain('describes no room of this name')
})

test('when nobody answers, says how to start a server', async () => {
  const world = fakeTerminal({ environment })
  expect(await run(['publish', 'lobby', 'said'], world.terminal, '1.0.0')).toBe(1)
  expect(world.notes).toContain('Nothing answers at http://fan.example. Start a server')
})

test('something that is no Fanfare server is told apart', async () => {
  const world = fakeTerminal({ environment, answer: () => new Response('<html>', { status: 404 }) })
  expect(await run(['publish', 'lobby', 'said'], world.terminal, '1.0.0')).toBe(1)
  expect(world.notes).toContain('answered 404')
})

test('without a token, says how to give one', async () => {
  const world = fakeTerminal()
  expect(await run(['publish', 'lobby', 'said'], world.terminal, '1.0.0')).toBe(1)
  expect(world.notes).toContain('Give --token or --api-key')
})
