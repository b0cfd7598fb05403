/** What the figures were measured on, and how much of it others used meanwhile. */
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { availableParallelism, cpus, release, totalmem } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { benchFolder, pinned } from './child.ts'

export type Machine = { readonly [name: string]: string | number | boolean }

const versionOf = (name: string): string => {
  const path = join(benchFolder, '../node_modules', name, 'package.json')
  return (JSON.parse(readFileSync(path, 'utf8')) as { readonly version: string }).version
}

const lineOf = (command: string, args: readonly string[]): string =>
  execFileSync(command, args, { cwd: benchFolder, encoding: 'utf8' }).trim()

export const describeMachine = (): Machine => ({
  processor: cpus()[0]?.model ?? 'unknown',
  cores: availableParallelism(),
  memoryGB: Math.round(totalmem() / 2 ** 30),
  kernel: release(),
  pinned,
  bun: process.versions.bun ?? 'none',
  node: lineOf(join(benchFolder, '../node_modules/.bin/node'), ['--version']),
  'socket.io': versionOf('socket.io'),
  commit: lineOf('git', ['rev-parse', '--short', 'HEAD']),
})

/** Seconds that all cores together were busy since the start, in ticks of 10 ms. */
export const busySeconds = (): number => {
  const [user = 0, nice = 0, system = 0, , , interrupts = 0, soft = 0, steal = 0] = readFileSync('/proc/stat', 'utf8')
    .split('\n', 1)[0]!
    .trim()
    .split(/\s+/)
    .slice(1)
    .map(Number)
  return (user + nice + system + interrupts + soft + steal) / 100
}
