/** What the figures were measured on, and how much of it others used meanwhile. */
import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { availableParallelism, cpus, release, totalmem } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { benchFolder, pinned } from './child.ts'

export type Machine = { readonly [name: string]: string | number | boolean }

const lineOf = (command: string, args: readonly string[]): string =>
  execFileSync(command, args, { cwd: benchFolder, encoding: 'utf8' }).trim()

/** With `-dirty` where files were changed since. */
export const currentCommit = (): string => lineOf('git', ['describe', '--always', '--dirty', '--exclude=*'])

const firstLine = (path: string): string | undefined =>
  existsSync(path) ? readFileSync(path, 'utf8').split('\n', 1)[0]?.trim() : undefined

/** A guest shares its cores with strangers, so that a repeat may differ by more than the spread says. */
const isVirtual = (): boolean => /^flags\s*:.*\bhypervisor\b/m.test(readFileSync('/proc/cpuinfo', 'utf8'))

/** Nothing that names the machine or its user. */
export const describeMachine = (): Machine => ({
  processor: cpus()[0]?.model ?? 'unknown',
  cores: availableParallelism(),
  'memory, GB': Math.round(totalmem() / 2 ** 30),
  kernel: release(),
  'virtual machine': isVirtual(),
  'frequency governor': firstLine('/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor') ?? 'not shown by the system',
  'servers and loads pinned to cores of their own': pinned,
  bun: process.versions.bun ?? 'none',
  node: lineOf(join(benchFolder, '../node_modules/.bin/node'), ['--version']),
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
