import { expect, test } from 'bun:test'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { exportJWK, generateKeyPair } from 'jose'
import { keysOfFile } from './keys-file.ts'

const folder = mkdtempSync(join(tmpdir(), 'fanfare-keys-'))
const path = join(folder, 'keys.json')
const { publicKey } = await generateKeyPair('ES256', { extractable: true })
const set = JSON.stringify({ keys: [{ ...(await exportJWK(publicKey)), kid: 'lab' }] })

test('the keys of a file are those of its set', async () => {
  writeFileSync(path, set)
  expect(await keysOfFile(path, ['ES256'])).toMatchObject([{ kid: 'lab', algorithm: 'ES256' }])
})

test.each([
  ['missing', undefined, 'there is none'],
  ['no JSON', '{"keys": [', 'JSON'],
  ['no key set', '[]', 'a list called keys'],
  ['empty', '{"keys": []}', 'none in it verifies'],
])('a file that is %s stops the start, and the message names it and the setting', async (_, text, reason) => {
  rmSync(path, { force: true })
  if (text !== undefined) writeFileSync(path, text)
  const failed = await keysOfFile(path, ['RS256']).catch((error: unknown) => error)
  expect(failed).toBeInstanceOf(Error)
  const { message } = failed as Error
  for (const part of [path, reason, 'FANFARE_KEYS_FILE']) expect(message).toContain(part)
  // What a command prints of it is the message alone.
  expect((failed as Error).constructor).toBe(Error)
})
