import { expect, test } from 'bun:test'
import { run } from './program.ts'
import { fakeTerminal } from './terminal.fake.ts'
import { harmless, wantsColour } from './terminal.ts'

test('help is short, has examples, and is no failure', async () => {
  const world = fakeTerminal()
  expect(await run(['--help'], world.terminal, '1.0.0')).toBe(0)
  const help = world.lines.join('\n')
  for (const command of ['start', 'token', 'publish', 'tail', 'key', 'doctor']) expect(help).toContain(`  ${command} `)
  expect(help).toContain('fanfare start app.ts')
  expect(help.split('\n').length).toBeLessThan(35)
})

test.each([['start'], ['token'], ['publish'], ['tail'], ['key'], ['doctor']])(
  '%s --help has examples',
  async (name) => {
    const world = fakeTerminal()
    expect(await run([name, '--help'], world.terminal, '1.0.0')).toBe(0)
    expect(world.lines.join('\n')).toContain('Examples:')
  },
)

test('prints the version', async () => {
  const world = fakeTerminal()
  expect(await run(['--version'], world.terminal, '1.2.3')).toBe(0)
  expect(world.lines).toEqual(['1.2.3'])
})

test.each([
  [['strat']],
  [['token', '--tenant', 'clinic']],
  [['doctor', '--nonsense']],
  [['key', 'create', '--name', 'x']],
  [[]],
])('what is not understood ends with 2: %p', async (words) => {
  const world = fakeTerminal()
  expect(await run(words, world.terminal, '1.0.0')).toBe(2)
  expect(world.notes).not.toBe('')
})

test('suggests the command that was meant, and where to read more', async () => {
  const world = fakeTerminal()
  await run(['strat'], world.terminal, '1.0.0')
  expect(world.notes).toContain('Did you mean start?')
  expect(world.notes).toContain('--help')
})

test('all problems of the configuration are told at once', async () => {
  const world = fakeTerminal({ environment: { FANFARE_PORT: 'x', FANFARE_LOG_LEVEL: 'loud', FANFARE_PROT: '1' } })
  expect(await run(['token', '--tenant', 'c', '--user', 'a'], world.terminal, '1.0.0')).toBe(1)
  expect(world.notes).toContain('FANFARE_PORT is "x"')
  expect(world.notes).toContain('FANFARE_LOG_LEVEL is "loud"')
  expect(world.notes).toContain('Did you mean FANFARE_PORT?')
})

test('colours are for terminals, and for nobody who set NO_COLOR', () => {
  expect(wantsColour({}, true)).toBe(true)
  expect(wantsColour({}, false)).toBe(false)
  expect(wantsColour({ NO_COLOR: '1' }, true)).toBe(false)
  expect(wantsColour({ FORCE_COLOR: '1' }, false)).toBe(true)
})

test('foreign text cannot steer the terminal', () => {
  expect(harmless('a\u001b[2Jb\u0007')).toBe('a\\u001b[2Jb\\u0007')
})
