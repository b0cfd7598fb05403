import { afterAll, beforeAll, expect, test } from 'bun:test'
import { type PostgresServer, startPostgres } from '../store/postgres.world.ts'
import { run } from './program.ts'
import { fakeTerminal } from './terminal.fake.ts'

const secret = 'kR8vQ2mZx7Lp0TtWfYc3NsHb6UdJe1AgiO9yKw4XqE5rVnM'

let server: PostgresServer
beforeAll(async () => {
  server = await startPostgres()
}, 30_000)
afterAll(() => server[Symbol.asyncDispose]())

const command = async (url: string, ...words: readonly string[]) => {
  const environment = { DATABASE_URL: url, FANFARE_MODE: 'production', FANFARE_SECRET: secret }
  const world = fakeTerminal({ environment, folder: '/nowhere' })
  const code = await run(words, world.terminal, '1.0.0')
  return { code, lines: world.lines, notes: world.notes }
}

const databaseOf = async (url: string) => {
  const { lines } = await command(url, 'doctor', '--json')
  const { findings } = JSON.parse(lines.join('\n'))
  return findings.filter(({ about }: { readonly about: string }) => about === 'postgres')
}

test('migrate says what it would run, runs it once, and finds nothing more to do', async () => {
  const { url } = await server.database()
  const check = await command(url, 'migrate', '--check')
  expect(check.code).toBe(1)
  expect(check.lines).toContain('to run  journal/0001-journal')
  expect(await databaseOf(url)).toContainEqual(
    expect.objectContaining({ state: 'failed', detail: expect.stringContaining('fanfare migrate') }),
  )
  const first = await command(url, 'migrate')
  expect(first.code).toBe(0)
  expect(first.lines).toHaveLength(check.lines.length)
  expect(first.lines).toContain('ran  journal/0001-journal')
  const again = await command(url, 'migrate')
  expect([again.code, again.lines]).toEqual([0, []])
  expect(again.notes).toContain('is as this version needs it')
  expect((await command(url, 'migrate', '--check')).code).toBe(0)
  const findings = await databaseOf(url)
  expect(findings).toContainEqual(
    expect.objectContaining({ state: 'ok', detail: expect.stringContaining('PostgreSQL 1') }),
  )
  expect(findings).not.toContainEqual(expect.objectContaining({ state: 'failed' }))
})

test('doctor warns of a superuser, and of what a crash may lose', async () => {
  const { url } = await server.database()
  const findings = await databaseOf(url.replace('application@', 'postgres@'))
  expect(findings).toContainEqual(
    expect.objectContaining({ state: 'unsafe', detail: expect.stringContaining('superuser') }),
  )
  expect(findings).toContainEqual(
    expect.objectContaining({ state: 'unsafe', detail: expect.stringContaining('fsync') }),
  )
  expect(await databaseOf(url)).not.toContainEqual(
    expect.objectContaining({ detail: expect.stringContaining('superuser') }),
  )
})

test('a database that does not answer is told by every command, without its password', async () => {
  const url = 'postgres://fanfare:hunter2@127.0.0.1:1/fanfare'
  const migrate = await command(url, 'migrate')
  expect(migrate.code).toBe(1)
  expect(migrate.notes).toContain('127.0.0.1:1/fanfare does not answer')
  const doctor = await command(url, 'doctor', '--json')
  expect(doctor.code).toBe(1)
  expect([migrate.notes, ...doctor.lines, doctor.notes].join('\n')).not.toContain('hunter2')
})
