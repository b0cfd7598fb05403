/** The port to other processes of this same program, and what it is on a real machine. Knows nothing of what they are for. */
import { spawn } from 'node:child_process'
import { availableParallelism } from 'node:os'
import process from 'node:process'

export type Ending = { readonly code: number | null; readonly signal: string | null }

export type ChildEvents = {
  readonly heard: (message: unknown) => void
  /** Once, also when it could not be started at all. */
  readonly ended: (how: Ending) => void
}

export type Child = {
  readonly pid: number | undefined
  /** Nothing happens when it has gone. */
  tell(message: object): void
  kill(): void
}

export type Parent = {
  tell(message: object): void
  /** Calls back with every message, and once with `gone` when the process that started this one is no more. */
  listen(callback: (message: unknown) => void, gone: () => void): void
}

export type Processes = {
  /** Starts this program with these words. It writes where this one does, and hears no signal of this one's terminal. */
  start(words: readonly string[], environment: { readonly [name: string]: string }, events: ChildEvents): Child
  /** This one's. */
  readonly pid: number
  /** Who started this one with `start`. */
  readonly parent: Parent | undefined
  /** Calls back on every SIGHUP; the result ends that. Not at a terminal: there it means that the terminal has gone. */
  onHangUp(callback: () => void): () => void
  /** That this process may use. */
  readonly cores: number
  /** Whether the system spreads connections over processes that listen on one port. */
  readonly sharesPorts: boolean
}

const parentOf = (): Parent | undefined => {
  if (!process.send) return undefined
  return {
    tell: (message) => void process.send?.(message, undefined, {}, () => {}),
    listen(callback, gone) {
      process.on('message', callback)
      process.once('disconnect', gone)
    },
  }
}

export const systemProcesses = (): Processes => ({
  start(words, environment, { heard, ended }) {
    const [, script = ''] = process.argv
    const child = spawn(process.execPath, [...process.execArgv, script, ...words], {
      env: { ...process.env, ...environment },
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
      detached: true,
    })
    child.on('message', heard)
    child.once('exit', (code, signal) => ended({ code, signal }))
    child.once('error', () => {
      if (child.pid === undefined) ended({ code: 127, signal: null })
    })
    return {
      pid: child.pid,
      tell: (message) => {
        if (child.connected) child.send(message, () => {})
      },
      kill: () => void child.kill('SIGKILL'),
    }
  },
  pid: process.pid,
  parent: parentOf(),
  onHangUp(callback) {
    if (process.stdin.isTTY) return () => {}
    process.on('SIGHUP', callback)
    return () => process.off('SIGHUP', callback)
  },
  cores: availableParallelism(),
  sharesPorts: process.platform === 'linux',
})
