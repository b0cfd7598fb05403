import { expect, test } from 'bun:test'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { run } from './program.ts'
import { type FakeTerminalOptions, fakeTerminal } from './terminal.fake.ts'

const secret = 'kR8vQ2mZx7Lp0TtWfYc3NsHb6UdJe1AgiO9yKw4XqE5rVnM'
const doctor = async (environment: { readonly [name: string]: string }, options: FakeTerminalOptions = {}) => {
  const folder = mkdtempSync(join(tmpdir(), 'fanfare-doctor-'))
  const world = fakeTerminal({ environment, folder, ...options })
  const code = await run(['doctor', '--json'], world.terminal, '1.0.0')
  return { code, text: world.lines.join('\n'), report: JSON.parse(world.lines.join('\n')) }
}

test('an untouched development machine has nothing in the way', async () => {
  const { code, report } = await doctor({})
  expect(code).toBe(0)
  expect(report).toMatchObject({ ok: true, mode: 'development', settings: [] })
  expect(report.findings).toContainEqual(expect.objectContaining({ about: 'server', state: 'note' }))
})

test('shows what was changed and from where, but no secret', async () => {
  const { text, report } = await doctor({ FANFARE_SECRET: secret, FANFARE_PORT: '9000' })
  expect(report.settings).toContainEqual(expect.objectContaining({ name: 'port', value: '9000', from: 'environment' }))
  expect(report.settings).toContainEqual(expect.objectContaining({ name: 'secret', value: '(set)' }))
  expect(text).not.toContain(secret)
})

test('what is unsafe ends with 1 in production, and is advice in development', async () => {
  const open = { FANFARE_HOST: '0.0.0.0', FANFARE_SECRET: secret, FANFARE_ALLOWED_ORIGINS: 'http://app.example.org' }
  const production = await doctor({ ...open, FANFARE_MODE: 'production' })
  expect(production.code).toBe(1)
  expect(production.report.findings).toContainEqual(expect.objectContaining({ about: 'origins', state: 'unsafe' }))
  const development = await doctor(open)
  expect(development.code).toBe(0)
  expect(development.report.findings).toContainEqual(expect.objectContaining({ about: 'mode', state: 'unsafe' }))
})

test('a safe production configuration passes, with a server that is ready', async () => {
  const environment = {
    FANFARE_MODE: 'production',
    FANFARE_SECRET: secret,
    FANFARE_HOST: '0.0.0.0',
    FANFARE_METRICS_TOKEN: secret,
    FANFARE_ALLOWED_ORIGINS: 'https://app.example.org',
  }
  const asked: string[] = []
  const answer = (url: string) => {
    asked.push(url)
    return Response.json({})
  }
  const { code, report } = await doctor(environment, { answer })
  expect(code).toBe(0)
  expect(asked).toEqual(['http://127.0.0.1:8080/ready'])
  expect(report.findings).toContainEqual(expect.objectContaining({ about: 'server', state: 'ok' }))
})

test('problems of the configuration are findings, and end with 1', async () => {
  const { code, report } = await doctor({ FANFARE_PORT: 'x', FANFARE_MODE: 'production' })
  expect(code).toBe(1)
  expect(report.findings.map((finding: { detail: string }) => finding.detail).join('\n')).toMatch(
    /FANFARE_PORT[\s\S]*verify a token/,
  )
})

test('keys that cannot be read are a failure', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'fanfare-doctor-'))
  writeFileSync(join(folder, 'keys.json'), '{"keys":[]}')
  const environment = { FANFARE_KEYS_FILE: 'keys.json', FANFARE_JWKS_URL: 'https://id.example/jwks.json' }
  const { code, report } = await doctor(environment, { folder, answer: () => new Response('', { status: 500 }) })
  expect(code).toBe(1)
  expect(report.findings).toContainEqual(expect.objectContaining({ about: 'keys', state: 'failed' }))
  expect(report.findings).toContainEqual(
    expect.objectContaining({ about: 'key set', detail: 'https://id.example/jwks.json answers 500' }),
  )
})

test('for people: settings, findings and a verdict', async () => {
  const world = fakeTerminal({ folder: mkdtempSync(join(tmpdir(), 'fanfare-doctor-')) })
  expect(await run(['doctor', '--all'], world.terminal, '1.0.0')).toBe(0)
  const text = world.lines.join('\n')
  expect(text).toContain('FANFARE_LIMIT_TICKET_MS = 30s (default)')
  expect(text).toContain('Nothing stands in the way.')
})
