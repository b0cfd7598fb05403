import { afterAll, expect, test } from 'bun:test'
import { existsSync, mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort, startRedis } from '../redis/servers.world.ts'
import { run } from './program.ts'
import { fakeTerminal } from './terminal.fake.ts'

const server = await startRedis()
afterAll(() => server[Symbol.asyncDispose]())

const folder = mkdtempSync(join(tmpdir(), 'fanfare-cli-'))
const fanfare = async (words: readonly string[], environment: { readonly [name: string]: string } = {}) => {
  const world = fakeTerminal({ folder, environment: { REDIS_URL: server.url, ...environment } })
  return { code: await run(words, world.terminal, '1.0.0'), lines: world.lines, notes: world.notes }
}

test('API keys and the development secret are in Redis, and nothing is on the disk of this machine', async () => {
  const made = await fanfare(['key', 'create', '--tenant', 'clinic', '--name', 'gateway'])
  expect(made.code).toBe(0)
  const [, id = ''] = made.lines[0]!.split('_')
  expect((await fanfare(['key', 'list', '--tenant', 'clinic'])).lines[0]).toStartWith(id)
  expect((await fanfare(['key', 'revoke', id, '--tenant', 'clinic'])).code).toBe(0)
  expect((await fanfare(['key', 'revoke', id, '--tenant', 'clinic'])).code).toBe(1)

  const words = ['token', '--tenant', 'clinic', '--user', 'ann']
  const first = await fanfare(words)
  expect(first.notes).toContain('Made a development secret, kept in Redis')
  const second = await fanfare(words)
  expect(second.notes).not.toContain('Made')
  // The header names the key that signed it.
  expect(second.lines[0]?.split('.')[0]).toBe(first.lines[0]?.split('.')[0])
  expect(existsSync(join(folder, '.fanfare'))).toBe(false)
})

test('doctor says what of Redis is good, what is not, and what to do, without its password', async () => {
  const { code, lines } = await fanfare(['doctor'])
  const text = lines.join('\n')
  expect(code).toBe(0)
  expect(text).toContain(`FANFARE_REDIS_URL = (set)`)
  expect(text).toMatch(/✓ redis +127\.0\.0\.1:\d+ answers: (Redis|Valkey) \d/)
  expect(text).toContain('sharded Pub/Sub comes back')
  expect(text).toMatch(/! redis .*Set appendonly yes/)
  expect(text).not.toMatch(/✓ data|· data/)
  await server.call('CONFIG', 'SET', 'appendonly', 'yes')
  await server.call('CONFIG', 'SET', 'maxmemory-policy', 'allkeys-lru')
  const tuned = (await fanfare(['doctor'])).lines.join('\n')
  expect(tuned).not.toContain('appendonly')
  expect(tuned).toMatch(/! redis .*Set maxmemory-policy noeviction/)
})

test('doctor fails where its user may read nothing', async () => {
  await server.call('ACL', 'SETUSER', 'ann', 'on', '>pw', '~elsewhere:*', '&*', '+@all')
  const { code, lines } = await fanfare(['doctor'], { REDIS_URL: server.url.replace('redis://', 'redis://ann:pw@') })
  expect(code).toBe(1)
  expect(lines.join('\n')).toMatch(/✗ redis .*NOPERM/)
})

test('doctor fails where Redis is away', async () => {
  const away = `redis://ann:hunter2@127.0.0.1:${await freePort()}`
  const { code, lines } = await fanfare(['doctor', '--json'], { REDIS_URL: away })
  expect(code).toBe(1)
  const { findings } = JSON.parse(lines.join('\n')) as { findings: { about: string; state: string; detail: string }[] }
  const found = findings.find(({ about }) => about === 'redis')
  expect(found?.state).toBe('failed')
  expect(found?.detail).toContain('Start Redis or correct REDIS_URL')
  expect(lines.join('\n')).not.toContain('hunter2')
}, 10_000)
