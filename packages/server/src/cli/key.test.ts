import { expect, test } from 'bun:test'
import { mkdtempSync, readdirSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { run } from './program.ts'
import { fakeTerminal } from './terminal.fake.ts'

test('makes a key, shows it once, lists it without its secret, and ends it', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'fanfare-key-'))
  const fanfare = async (...words: string[]) => {
    const world = fakeTerminal({ folder })
    return { code: await run(['key', ...words, '--tenant', 'clinic'], world.terminal, '1.0.0'), world }
  }
  const made = await fanfare('create', '--name', 'gateway', '--scope', 'publish:patient:*')
  expect(made.code).toBe(0)
  const [key = ''] = made.world.lines
  expect(key).toMatch(/^ff_[0-9a-f]{16}_/)
  // The secret may hold a `_` of its own.
  const [, id = '', secret = ''] = /^ff_([^_]+)_(.+)$/.exec(key) ?? []
  expect(made.world.notes).toContain('may publish:patient:* in clinic')

  const listed = await fanfare('list')
  expect(listed.world.lines).toEqual([`${id}  2026-01-02  gateway  (publish:patient:*)`])
  for (const file of readdirSync(join(folder, '.fanfare'))) {
    expect(readFileSync(join(folder, '.fanfare', file)).includes(secret)).toBe(false)
  }

  expect((await fanfare('revoke', id)).code).toBe(0)
  const empty = await fanfare('list', '--json')
  expect(empty.world.lines).toEqual([])
  expect(empty.world.notes).toContain('clinic has no keys')

  const again = await fanfare('revoke', id)
  expect(again.code).toBe(1)
  expect(again.world.notes).toContain('no API key of this id')
})

test('a scope that is none is refused', async () => {
  const world = fakeTerminal({ folder: mkdtempSync(join(tmpdir(), 'fanfare-key-')) })
  const words = ['key', 'create', '--tenant', 'clinic', '--name', 'x', '--scope', 'everything']
  expect(await run(words, world.terminal, '1.0.0')).toBe(1)
  expect(world.notes).toContain('A scope is publish, read or admin')
})
