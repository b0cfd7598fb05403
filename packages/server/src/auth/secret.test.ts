import { expect, test } from 'bun:test'
import { randomBytes } from 'node:crypto'
import { chmod, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { resolveSecret, secretInFolder, weaknessOf } from './secret.ts'

const folderOf = async () => {
  const folder = await mkdtemp(join(tmpdir(), 'fanfare-secret-'))
  return { folder, [Symbol.asyncDispose]: () => rm(folder, { recursive: true }) }
}
const strong = randomBytes(48).toString('base64')

test('production does not start without a secret, and says how to make one', async () => {
  for (const configured of [undefined, '']) {
    await expect(resolveSecret({ mode: 'production', configured, keep: secretInFolder('/nowhere') })).rejects.toThrow(
      /FANFARE_SECRET must be set.*openssl rand/,
    )
  }
})

test('production does not start with a weak secret, and does not repeat it', async () => {
  const weak = [
    'secret',
    'changeme',
    'your-secret-key',
    'your-super-secret-key-change-in-production',
    'your-very-secure-random-secret-min-32-chars',
    'a-string-secret-at-least-256-bits-long',
    'ChangeMeChangeMeChangeMeChangeMeChangeMe',
    'x'.repeat(64),
    'ab'.repeat(32),
    'kT7mXw2pQz9rLs4v'.repeat(4),
    'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab',
    'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ',
    randomBytes(16).toString('hex'),
    randomBytes(31).toString('hex'),
    randomBytes(24).toString('base64'),
    randomBytes(31).toString('base64url'),
    'a b!c'.repeat(6),
    Array.from(randomBytes(64), (byte) => 'qx7Z'[byte & 3]).join(''),
  ]
  for (const configured of weak) {
    const refusal = await resolveSecret({ mode: 'production', configured, keep: secretInFolder('/nowhere') }).catch(
      (error) => error,
    )
    expect(refusal).toBeInstanceOf(Error)
    expect(refusal.message).toContain('openssl rand')
    expect(refusal.message.replace('from an example', '')).not.toContain(`${configured} `)
  }
})

test('random secrets of 32 bytes or more pass, however they are written', () => {
  for (let round = 0; round < 2_000; round++) {
    const bytes = randomBytes(32)
    for (const text of [bytes.toString('hex'), bytes.toString('base64'), bytes.toString('base64url')]) {
      expect(weaknessOf(text)).toBeUndefined()
    }
  }
})

test('a strong secret is used as it is given, byte for byte', async () => {
  const secret = await resolveSecret({ mode: 'production', configured: strong, keep: secretInFolder('/nowhere') })
  expect(Buffer.from(secret.bytes).toString('utf8')).toBe(strong)
  expect(secret).toMatchObject({ from: { kind: 'configured' } })
  expect(secret.weakness).toBeUndefined()
})

test('development takes a weak secret and says what is wrong with it', async () => {
  const secret = await resolveSecret({ mode: 'development', configured: 'changeme', keep: secretInFolder('/nowhere') })
  expect(secret).toMatchObject({ from: { kind: 'configured' }, weakness: expect.stringContaining('example') })
})

test('development makes a secret once, readable by nobody else, and finds it again', async () => {
  await using world = await folderOf()
  const folder = join(world.folder, 'data')
  const options = { mode: 'development', configured: undefined, keep: secretInFolder(folder) } as const
  const path = join(folder, 'secret')
  const made = await resolveSecret(options)
  expect(made.from).toEqual({ kind: 'made', where: path })
  expect((await stat(path)).mode & 0o777).toBe(0o600)
  expect(weaknessOf((await readFile(path, 'utf8')).trim())).toBeUndefined()
  await chmod(path, 0o644)
  const found = await resolveSecret(options)
  expect(found).toEqual({ bytes: made.bytes, from: { kind: 'found', where: path } })
  expect((await stat(path)).mode & 0o777).toBe(0o600)
})

test('two starts at once agree on one secret', async () => {
  await using world = await folderOf()
  const options = { mode: 'development', configured: undefined, keep: secretInFolder(world.folder) } as const
  const [one, other] = await Promise.all([resolveSecret(options), resolveSecret(options)])
  expect(one.bytes).toEqual(other.bytes)
})

test('a kept secret that was damaged is refused, not used', async () => {
  await using world = await folderOf()
  await writeFile(join(world.folder, 'secret'), '')
  await expect(
    resolveSecret({ mode: 'development', configured: undefined, keep: secretInFolder(world.folder) }),
  ).rejects.toThrow('Delete it')
})
