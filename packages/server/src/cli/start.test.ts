import { expect, test } from 'bun:test'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { configWith } from '../config.ts'
import { run } from './program.ts'
import { banner, loadApp, untilStopped } from './start.ts'
import { fakeTerminal } from './terminal.fake.ts'

test('says what file is missing, and what a file lacks', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'fanfare-start-'))
  const missing = fakeTerminal({ folder })
  expect(await run(['start', 'app.ts'], missing.terminal, '1.0.0')).toBe(1)
  expect(missing.notes).toContain(`There is no file ${join(folder, 'app.ts')}`)
  writeFileSync(join(folder, 'empty.ts'), 'export const other = 1\n')
  const empty = fakeTerminal({ folder })
  expect(await run(['start', 'empty.ts'], empty.terminal, '1.0.0')).toBe(1)
  expect(empty.notes).toContain('export default defineApp(')
})

test('several workers need a Redis to share, and say how to give one', async () => {
  const world = fakeTerminal()
  const code = await run(['start', 'app.ts', '--workers', '2'], world.terminal, '1.0.0')
  expect(code).toBe(1)
  expect(world.notes).toContain('set REDIS_URL')
})

test('a worker is started by its supervisor, and not by hand', async () => {
  const world = fakeTerminal()
  expect(await run(['start', 'app.ts', '--worker', '2'], world.terminal, '1.0.0')).toBe(1)
  expect(world.notes).toContain('Give --workers')
})

test('one worker is a node as without workers, and needs nothing', async () => {
  const world = fakeTerminal({ folder: '/nowhere' })
  expect(await run(['start', 'app.ts', '--workers', '1'], world.terminal, '1.0.0')).toBe(1)
  expect(world.notes).toContain('There is no file /nowhere/app.ts')
})

test('takes the default export, or the one named app', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'fanfare-start-'))
  const app = '{ room() {}, reactions() { return [] }, name: import.meta.url }'
  writeFileSync(join(folder, 'default.ts'), `export default ${app}\n`)
  writeFileSync(join(folder, 'named.ts'), `export const app = ${app}\n`)
  expect(await loadApp(join(folder, 'default.ts'))).toHaveProperty('name', expect.stringContaining('default.ts'))
  expect(await loadApp(join(folder, 'named.ts'))).toHaveProperty('name', expect.stringContaining('named.ts'))
})

test('greets with the address, the data folder and, in development, the way to a token', () => {
  const { terminal } = fakeTerminal({ folder: '/srv/app' })
  const url = 'http://127.0.0.1:8080'
  const development = banner(terminal, { config: configWith(), url, file: 'app.ts' }).join('\n')
  expect(development).toContain(url)
  expect(development).toContain('/srv/app/.fanfare')
  expect(development).toContain('fanfare token --tenant')
  const shared = configWith({ redisUrl: 'redis://ann:hunter2@cache:6379' })
  const withOthers = banner(terminal, { config: shared, url, file: 'app.ts' }).join('\n')
  expect(withOthers).toMatch(/redis +cache:6379$/m)
  expect(withOthers).not.toContain('/srv/app/.fanfare')
  expect(withOthers).not.toContain('hunter2')
  const production = banner(terminal, { config: configWith({ mode: 'production' }), url, file: 'app.ts' }).join('\n')
  expect(production).not.toContain('fanfare token')
})

test('stops when told to, and says so', async () => {
  const world = fakeTerminal()
  let stopped = false
  const stop = async () => {
    stopped = true
  }
  const running = untilStopped(world.terminal, { stop })
  world.signal()
  await running
  expect(stopped).toBe(true)
  expect(world.notes).toContain('Stopped.')
  expect(world.listening).toBe(0)
})

test('told twice, it waits no longer; but one Ctrl-C that arrives twice is one', async () => {
  const world = fakeTerminal()
  const never = new Promise<void>(() => {})
  const running = untilStopped(world.terminal, { stop: () => never })
  world.signal()
  await world.clock.advance(50)
  world.signal()
  await world.clock.advance(5_000)
  expect(world.listening).toBe(1)
  world.signal()
  await expect(running).rejects.toThrow('Told to stop twice')
})
