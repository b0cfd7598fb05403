/** Processes of the benchmark, seen from its main process: started, pinned to a core where the system can, asked, stopped. */
import { spawn } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { dirname, join } from 'node:path'
import process from 'node:process'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import type { Answer } from './control.ts'

export const benchFolder = dirname(dirname(fileURLToPath(import.meta.url)))

export type ChildOptions = {
  readonly runtime: 'bun' | 'node'
  /** From the folder of the benchmark. */
  readonly script: string
  readonly flags?: readonly string[]
  readonly environment?: { readonly [name: string]: string }
  /** Servers have core 0, loads core 1. @default any, for scenarios with more processes than cores */
  readonly core?: 0 | 1
}

export type Child = AsyncDisposable & {
  /** What it said when it was ready. */
  readonly ready: Answer
  ask(question: string, options?: object): Promise<Answer>
  /** Processor time used so far, by user and system, in seconds: of the processes that `ready` names, or its own. */
  cpuSeconds(): number
}

const taskset = (process.env.PATH ?? '')
  .split(':')
  .map((folder) => join(folder, 'taskset'))
  .find((path) => existsSync(path))

export const pinned = taskset !== undefined && availableParallelism() > 1

const runtimes = { bun: process.execPath, node: join(benchFolder, '../node_modules/.bin/node') }

const commandOf = ({ runtime, script, flags = [], core }: ChildOptions): [string, string[]] => {
  const command = [runtimes[runtime], ...flags, join(benchFolder, script)]
  const whole = pinned && taskset && core !== undefined ? [taskset, '-c', String(core), ...command] : command
  return [whole[0] ?? '', whole.slice(1)]
}

/** Where it runs other processes and does nothing itself, it says which: these count. */
const processesOf = (ready: Answer, own: number | undefined): readonly (number | undefined)[] =>
  Array.isArray(ready.processes) ? (ready.processes as number[]) : [own]

/** In clock ticks of 10 ms, which Linux promises to programs. */
const cpuSecondsOf = (pid: number | undefined): number => {
  const path = `/proc/${pid}/stat`
  if (!existsSync(path)) return Number.NaN
  const fields = readFileSync(path, 'utf8')
    .replace(/^.*\) /s, '')
    .split(' ')
  return (Number(fields[11]) + Number(fields[12])) / 100
}

/** Resolves when the process is ready. @throws Error with what it printed, when it ends instead */
export const startChild = async (options: ChildOptions): Promise<Child> => {
  const [command, args] = commandOf(options)
  const child = spawn(command, args, {
    stdio: ['pipe', 'pipe', 'inherit'],
    env: { ...process.env, ...options.environment },
  })
  // Whoever asks a process that is gone learns it from the answer that does not come.
  child.stdin.on('error', () => {})
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()))
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  const nextAnswer = async (): Promise<Answer> => {
    const { value, done } = await lines.next()
    if (done) throw new Error(`${options.script} ended`)
    const answer = JSON.parse(value) as Answer
    if (typeof answer.failed === 'string') throw new Error(`${options.script}: ${answer.failed}`)
    return answer
  }
  const ready = await nextAnswer()
  const counted = processesOf(ready, child.pid)
  return {
    ready,
    ask(question, given = {}) {
      child.stdin.write(`${JSON.stringify({ ask: question, options: given })}\n`)
      return nextAnswer()
    },
    cpuSeconds: () => counted.reduce<number>((sum, pid) => sum + cpuSecondsOf(pid), 0),
    async [Symbol.asyncDispose]() {
      child.stdin.end()
      const late = setTimeout(() => child.kill('SIGKILL'), 5_000)
      await ended
      clearTimeout(late)
    },
  }
}
