import { expect, test } from 'bun:test'
import { mkdtempSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fixedKeys, secretKey } from '../auth/keys.ts'
import { createTokens } from '../auth/tokens.ts'
import { run } from './program.ts'
import { fakeTerminal } from './terminal.fake.ts'

const secret = 'kR8vQ2mZx7Lp0TtWfYc3NsHb6UdJe1AgiO9yKw4XqE5rVnM'
const folder = () => mkdtempSync(join(tmpdir(), 'fanfare-token-'))

test('prints the token and nothing else, and the server takes it', async () => {
  const world = fakeTerminal({ environment: { FANFARE_SECRET: secret } })
  const { terminal, lines, clock } = world
  const words = ['token', '--tenant', 'clinic', '--user', 'ann', '--role', 'nurse', '--role', 'lead', '--ttl', '10m']
  expect(await run([...words, '--grant', 'read:patient:42'], terminal, '1.0.0')).toBe(0)
  expect(world.notes).toBe('')
  expect(lines).toHaveLength(1)
  const keys = [fixedKeys([await secretKey(new TextEncoder().encode(secret))])]
  const { identity } = await createTokens({ keys, clock }).verify(lines[0] ?? '')
  expect(identity).toMatchObject({ tenantId: 'clinic', userId: 'ann', roles: ['nurse', 'lead'] })
  expect(identity.grants).toEqual(['read:patient:42'])
  expect(identity.expiresAt).toBe(clock.now() + 600_000)
})

test('in development makes a secret, keeps it private, and says so beside the token', async () => {
  const home = folder()
  const world = fakeTerminal({ folder: home })
  expect(await run(['token', '--tenant', 'clinic', '--user', 'ann'], world.terminal, '1.0.0')).toBe(0)
  expect(world.notes).toContain(join(home, '.fanfare', 'secret'))
  expect(statSync(join(home, '.fanfare', 'secret')).mode & 0o777).toBe(0o600)
  expect(world.lines).toHaveLength(1)
  const again = fakeTerminal({ folder: home })
  await run(['token', '--tenant', 'clinic', '--user', 'ann'], again.terminal, '1.0.0')
  expect(again.notes).toBe('')
})

test('in production without a secret says what to do', async () => {
  const world = fakeTerminal({ environment: { FANFARE_MODE: 'production' } })
  expect(await run(['token', '--tenant', 'clinic', '--user', 'ann'], world.terminal, '1.0.0')).toBe(1)
  expect(world.lines).toEqual([])
  expect(world.notes).toContain('Set FANFARE_SECRET')
})

test('a time that is none is a mistake in the command line', async () => {
  const world = fakeTerminal()
  expect(await run(['token', '--tenant', 'c', '--user', 'a', '--ttl', 'soon'], world.terminal, '1.0.0')).toBe(2)
  expect(world.notes).toContain('--ttl soon is no time')
})

test('a token that would live too long is refused', async () => {
  const world = fakeTerminal({ environment: { FANFARE_SECRET: secret } })
  expect(await run(['token', '--tenant', 'c', '--user', 'a', '--ttl', '30d'], world.terminal, '1.0.0')).toBe(1)
  expect(world.notes).toContain('lives 1 to 86400 seconds')
})
