import { expect, test } from 'bun:test'
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openDataFolder } from '../store/data-folder.ts'
import { run } from './program.ts'
import { fakeTerminal } from './terminal.fake.ts'

const key = Buffer.alloc(32, 7).toString('base64')

const worldOf = () => {
  const folder = mkdtempSync(join(tmpdir(), 'fanfare-migrate-'))
  const command = async (...words: readonly string[]) => {
    const world = fakeTerminal({ folder, environment: { FANFARE_ENCRYPTION_KEYS: key, FANFARE_DATA_FOLDER: folder } })
    let over = false
    const running = run(words, world.terminal, '1.0.0').finally(() => {
      over = true
    })
    while (!over) await world.clock.advance(1_000)
    return { code: await running, lines: world.lines, notes: world.notes }
  }
  return { folder, command }
}

test('without a database it is the file of the data folder, which nobody else may have open', async () => {
  const { folder, command } = worldOf()
  const held = await openDataFolder(folder)
  expect((await command('migrate')).notes).toContain('in use by')
  held.close()
  const ran = await command('migrate')
  expect(ran.code).toBe(0)
  expect(ran.lines).toContain('ran  journal/0001-journal')
  expect(ran.notes).toContain('store.sqlite')
  expect((await command('migrate', '--check')).code).toBe(0)
})

test('the key of a tenant is rotated, step by step', async () => {
  const { command } = worldOf()
  expect((await command('tenant', 'rotate-key', '--tenant', 'clinic')).notes).toContain('There is no store')
  await command('migrate')
  const first = await command('tenant', 'rotate-key', '--tenant', 'clinic')
  expect(first.code).toBe(0)
  expect(first.notes).toMatch(/Made the key 1\./)
  const second = await command('tenant', 'rotate-key', '--tenant', 'clinic', '--json')
  const steps = second.lines.map((line) => JSON.parse(line))
  expect(steps.map(({ kind }) => kind)).toEqual(['made', 'waiting', 'waiting', 'dropped'])
})

test('a tenant that is none is refused, and help has examples', async () => {
  const { command } = worldOf()
  const refused = await command('tenant', 'rotate-key', '--tenant', 'a|b')
  expect([refused.code, refused.notes]).toEqual([1, expect.stringContaining('tenant id')])
  for (const words of [['migrate'], ['tenant', 'rotate-key']]) {
    expect((await command(...words, '--help')).lines.join('\n')).toContain('Examples:')
  }
})
