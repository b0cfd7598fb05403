/** The `fanfare` command as people run it: child processes against a server in a process of its own. */
import { afterAll, beforeAll, expect, test } from 'bun:test'
import { fileURLToPath } from 'node:url'
import { createClient } from '@fanfare/client'
import { type ServerProcess, startServerProcess } from '@fanfare/testkit'
import type { clinic } from '../support/clinic.ts'
import { runFanfare, startFanfare } from './clients/fanfare.ts'

const app = fileURLToPath(new URL('../support/clinic.ts', import.meta.url))
const numbers = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, index) => from + index)

let server: ServerProcess
let at: { FANFARE_URL: string; FANFARE_DATA_FOLDER: string }

beforeAll(async () => {
  // Unset: the server makes a development secret, and the command finds it in the data folder.
  server = await startServerProcess({ app, environment: { FANFARE_SECRET: '' } })
  at = { FANFARE_URL: server.url, FANFARE_DATA_FOLDER: server.dataFolder }
})
afterAll(() => server?.[Symbol.asyncDispose]())

const ann = ['--tenant', 'acme', '--user', 'ann']

test('token prints a token and nothing else, which the server takes', async () => {
  const { code, lines } = await runFanfare(['token', ...ann, '--role', 'admin', '--ttl', '5m'], at)
  expect(code).toBe(0)
  expect(lines).toHaveLength(1)
  const answer = await fetch(`${server.url}/v1/stats`, { headers: { authorization: `Bearer ${lines[0]}` } })
  expect(answer.status).toBe(200)
})

test('publish says where the event is, once for each key; a refusal says what is wrong and ends with 1', async () => {
  const publish = ['publish', 'ward:1', 'message.created', '{"text":"hi"}', ...ann]
  const first = await runFanfare([...publish, '--json', '--key', 'k1'], at)
  expect(JSON.parse(first.lines[0]!)).toMatchObject({ room: 'ward:1', offset: 1, durability: 'disk', duplicate: false })
  const again = await runFanfare([...publish, '--key', 'k1'], at)
  expect(again.lines[0]).toMatch(/^ward:1 #1 was there already /)

  const refused = await runFanfare(['publish', 'ward:1', 'message.created', '{"text":7}', ...ann], at)
  expect(refused).toMatchObject({ code: 1, lines: [], notes: expect.stringContaining('text: ') })
  const unreadable = await runFanfare(['publish', 'ward:1', 'message.created', '{text}', ...ann], at)
  expect(unreadable).toMatchObject({ code: 2, notes: expect.stringContaining('single quotes') })
  const nobody = await runFanfare(['publish', 'ward:1', 'message.created', '{}'], at)
  expect(nobody).toMatchObject({ code: 1, notes: expect.stringContaining('--tenant') })
  const nowhere = await runFanfare(['publish', 'ward:1', 'counted', '{"n":1}', ...ann], {
    ...at,
    FANFARE_URL: 'http://127.0.0.1:9',
  })
  expect(nowhere).toMatchObject({ code: 1, notes: expect.stringContaining('Nothing answers at http://127.0.0.1:9') })
})

test('a key is made, listed, used by the running server at once, and ends when it is revoked', async () => {
  const tenant = ['--tenant', 'acme']
  const made = await runFanfare(['key', 'create', ...tenant, '--name', 'gateway', '--scope', 'publish:ward:*'], at)
  const key = made.lines[0]!
  expect(made).toMatchObject({ code: 0, notes: expect.stringContaining('publish:ward:*') })
  expect(key).toMatch(/^ff_[0-9a-f]{16}_[\w-]{43}$/)
  const publish = (room: string) => runFanfare(['publish', room, 'counted', '{"n":1}'], { ...at, FANFARE_API_KEY: key })
  expect(await publish('ward:key')).toMatchObject({ code: 0, lines: [expect.stringContaining('ward:key #1')] })
  expect(await publish('corridor:key')).toMatchObject({ code: 1, notes: expect.stringContaining('scope') })

  const listed = await runFanfare(['key', 'list', ...tenant, '--json'], at)
  const [about] = listed.lines.map((line) => JSON.parse(line) as { id: string })
  expect(about).toMatchObject({ name: 'gateway', scopes: ['publish:ward:*'] })
  expect(listed.lines.join()).not.toContain(key.split('_').slice(2).join('_'))
  expect((await runFanfare(['key', 'revoke', about!.id, ...tenant], at)).code).toBe(0)
  expect(await publish('ward:key')).toMatchObject({ code: 1, notes: expect.stringContaining('API key') })
})

test('doctor finds the server, and in production what is unsafe', async () => {
  const here = await runFanfare(['doctor', '--json'], at)
  expect(here.code).toBe(0)
  const report = JSON.parse(here.lines.join('\n')) as { findings: { about: string; state: string; detail: string }[] }
  expect(report.findings).toContainEqual({ about: 'server', state: 'ok', detail: `ready at ${server.url}` })
  const weak = { ...at, FANFARE_MODE: 'production', FANFARE_SECRET: 'changeme' }
  const unsafe = await runFanfare(['doctor'], weak)
  expect(unsafe.code).toBe(1)
  expect(unsafe.lines.join('\n')).toContain('openssl rand -base64 48')
  expect(unsafe.lines.join('\n')).not.toContain('changeme')
  expect((await runFanfare(['start', app], weak)).code).toBe(1)
})

test('tail --json goes on over a kill -9 and a restart, without loss or repeat, and over its own end', async () => {
  await using client = createClient<typeof clinic>({
    url: server.url,
    token: (await runFanfare(['token', ...ann], at)).lines[0]!,
    reconnect: { minMs: 10, maxMs: 100 },
  })
  const words = ['tail', 'ward:tail', 'ward:other', '--json', ...ann]
  await using tail = startFanfare(words, at)
  for (const room of ['ward:tail', 'ward:other']) await tail.notesSay(new RegExp(`watching ${room}`))
  const ward = client.room('ward:tail')
  for (const n of numbers(1, 20)) await ward.publish('counted', { n })
  await tail.says(/"offset":20\b/)
  await server.kill()
  const meanwhile = numbers(21, 40).map((n) => ward.publish('counted', { n }))
  await server.start()
  await Promise.all(meanwhile)
  await tail.says(/"offset":40\b/, 20_000)
  const offsetsOf = (lines: readonly string[]) => lines.map((line) => (JSON.parse(line) as { offset: number }).offset)
  expect(offsetsOf(tail.lines)).toEqual(numbers(1, 40))

  tail.stop()
  expect(await tail.ends()).toBe(0)
  const cursor = /--after (\S+)/.exec(tail.notes)?.[1]
  for (const n of numbers(41, 45)) await ward.publish('counted', { n })
  await using next = startFanfare([...words, '--after', cursor!], at)
  await next.says(/"offset":45\b/)
  expect(offsetsOf(next.lines)).toEqual(numbers(41, 45))
}, 60_000)

test('tail ends with a reason where coming back would not help', async () => {
  const refused = await runFanfare(['tail', 'patient:7', ...ann], at)
  expect(refused).toMatchObject({ code: 1, lines: [], notes: expect.stringContaining('patient:7') })
})

test('a word that is not known is answered with the one that was meant', async () => {
  expect(await runFanfare(['tial'], at)).toMatchObject({ code: 2, notes: expect.stringContaining('tail') })
})
