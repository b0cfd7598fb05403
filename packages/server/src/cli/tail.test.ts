import { expect, test } from 'bun:test'
import { run } from './program.ts'
import { type FakeTerminalOptions, fakeTerminal } from './terminal.fake.ts'

const environment = { FANFARE_URL: 'http://fan.example', FANFARE_TOKEN: 'tok' }
const event = (offset: number) => ({
  id: `id-${offset}`,
  type: 'message.created',
  tenantId: 'clinic',
  room: 'lobby',
  offset,
  userId: 'ann',
  data: { text: `hi ${offset}` },
  timestamp: '2026-01-02T03:04:05.678Z',
})
const block = (name: string, data: unknown, id?: string) =>
  `event: ${name}\ndata: ${JSON.stringify(data)}\n${id === undefined ? '' : `id: ${id}\n`}\n`
const streamOf = (text: string) => new Response(text, { headers: { 'content-type': 'text/event-stream' } })
const said = (offset: number) => block('message.created', event(offset), `c1~${offset}`)

/** A server that gives each of the answers in turn, then nothing more until the tail is stopped. */
const tail = (words: readonly string[], answers: readonly (() => Response)[], options: FakeTerminalOptions = {}) => {
  const requests: { readonly url: string; readonly headers: Headers }[] = []
  const waiting = Promise.withResolvers<void>()
  const world = fakeTerminal({
    environment,
    ...options,
    answer: (url, init) => {
      const next = answers[requests.length]
      requests.push({ url, headers: new Headers(init.headers) })
      if (next) return next()
      waiting.resolve()
      return new Promise<Response>((_, reject) => {
        init.signal?.addEventListener('abort', () => reject(init.signal?.reason))
      })
    },
  })
  return { world, requests, allAnswered: waiting.promise, code: run(['tail', ...words], world.terminal, '1.0.0') }
}

test('shows each event as a line, and comes back after a break with the last cursor', async () => {
  const { world, requests, allAnswered, code } = tail(
    ['lobby', 'patient:42'],
    [() => streamOf(said(1) + said(2)), () => streamOf(said(3))],
  )
  const driver = setInterval(() => void world.clock.advance(30_000), 1)
  await allAnswered
  clearInterval(driver)
  world.signal()
  expect(await code).toBe(0)
  expect(world.lines).toEqual([
    '03:04:05.678 lobby #1 message.created ann {"text":"hi 1"}',
    '03:04:05.678 lobby #2 message.created ann {"text":"hi 2"}',
    '03:04:05.678 lobby #3 message.created ann {"text":"hi 3"}',
  ])
  expect(requests.map(({ headers }) => headers.get('last-event-id'))).toEqual([null, 'c1~2', 'c1~3'])
  expect(requests[0]?.url).toBe('http://fan.example/v1/stream?room=lobby&room=patient%3A42')
  expect(requests[0]?.headers.get('authorization')).toBe('Bearer tok')
  expect(world.notes).toContain('--after c1~3')
  expect(world.listening).toBe(0)
})

test('--json prints events only, one a line; notes go elsewhere', async () => {
  const subscription = { type: 'subscription', room: 'lobby', status: 'subscribed', epoch: 'e', offset: 4 }
  const gap = { type: 'gap', room: 'lobby', reason: 'trimmed' }
  const body = block('connected', { userId: 'ann', tenantId: 'clinic' }) + block('subscription', subscription)
  const { world, allAnswered, code } = tail(['lobby', '--json'], [() => streamOf(body + block('gap', gap) + said(9))])
  const driver = setInterval(() => void world.clock.advance(30_000), 1)
  await allAnswered
  clearInterval(driver)
  world.signal()
  expect(await code).toBe(0)
  expect(world.lines.map((line) => JSON.parse(line))).toEqual([event(9)])
  expect(world.notes).toContain('connected as ann of clinic')
  expect(world.notes).toContain('watching lobby from #4')
  expect(world.notes).toContain('events are lost for good (trimmed)')
})

test('waits as long as the server says', async () => {
  const busy = () =>
    Response.json({ code: 'overloaded', detail: 'Busy.' }, { status: 503, headers: { 'retry-after': '7' } })
  const { world, requests, allAnswered, code } = tail(['lobby', '--after', 'c1~0'], [busy])
  await world.clock.advance(0)
  await world.clock.advance(6_900)
  expect(requests).toHaveLength(1)
  await world.clock.advance(200)
  await allAnswered
  world.signal()
  expect(await code).toBe(0)
  expect(world.notes).toContain('Busy.')
})

test('a refusal that stays one ends it with 1', async () => {
  const problem = { code: 'forbidden', detail: 'The user may not do this.' }
  const { world, requests, code } = tail(['lobby'], [() => Response.json(problem, { status: 403 })])
  expect(await code).toBe(1)
  expect(requests).toHaveLength(1)
  expect(world.notes).toContain('The user may not do this.')
})

test('when the cursor is of a log that is gone, says so and goes on from now', async () => {
  const lost = () => Response.json({ code: 'position_lost', detail: 'Gone.' }, { status: 410 })
  const { world, requests, allAnswered, code } = tail(['lobby', '--after', 'c1~old'], [lost])
  const driver = setInterval(() => void world.clock.advance(30_000), 1)
  await allAnswered
  clearInterval(driver)
  world.signal()
  expect(await code).toBe(0)
  expect(requests.map(({ headers }) => headers.get('last-event-id'))).toEqual(['c1~old', null])
  expect(world.notes).toContain('some of what was missed is gone')
})

test('colours the lines for a terminal', async () => {
  const { world, allAnswered, code } = tail(['lobby'], [() => streamOf(said(1))], { colour: true })
  const driver = setInterval(() => void world.clock.advance(30_000), 1)
  await allAnswered
  clearInterval(driver)
  world.signal()
  expect(await code).toBe(0)
  expect(world.lines[0]).toContain('\u001b[32mmessage.created\u001b[0m')
})

test('when nobody ever answered, it does not wait for a server that is not there', async () => {
  const world = fakeTerminal({ environment })
  expect(await run(['tail', 'lobby'], world.terminal, '1.0.0')).toBe(1)
  expect(world.notes).toContain('Nothing answers at http://fan.example')
})
