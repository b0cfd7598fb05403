#!/usr/bin/env bun
/** The `fanfare` command's door to the process: arguments, streams, signals, exit code. Everything else is in cli/. */
import process from 'node:process'
import { text } from 'node:stream/consumers'
import { systemProcesses } from './cli/processes.ts'
import { run } from './cli/program.ts'
import { type Terminal, wantsColour } from './cli/terminal.ts'
import { systemClock } from './lib/clock.ts'
import { version } from './version.ts'

const uncaught = ['uncaughtException', 'unhandledRejection'] as const
const stopSignals = ['SIGINT', 'SIGTERM'] as const

const terminal: Terminal = {
  out: (line) => void process.stdout.write(`${line}\n`),
  note: (line) => void process.stderr.write(`${line}\n`),
  colour: wantsColour(process.env, process.stdout.isTTY === true),
  environment: process.env,
  folder: process.cwd(),
  input: () => text(process.stdin),
  fetch: (url, init) => fetch(url, init),
  onSignal(callback) {
    for (const signal of stopSignals) process.on(signal, callback)
    return () => {
      for (const signal of stopSignals) process.off(signal, callback)
    }
  },
  onUncaught(callback) {
    for (const event of uncaught) process.on(event, callback)
    return () => {
      for (const event of uncaught) process.off(event, callback)
    }
  },
  processes: systemProcesses(),
  // The clock of a server lets the process end while it waits; a command that waits is still at work.
  clock: { ...systemClock, after: (ms, callback) => heldTimer(setTimeout(callback, ms)) },
  random: Math.random,
}

function heldTimer(timer: ReturnType<typeof setTimeout>): { cancel(): void } {
  return { cancel: () => clearTimeout(timer) }
}

// Whoever reads the result may have read enough (`| head`).
process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1))

const code = await run(process.argv.slice(2), terminal, version)
// Both streams may be pipes that have not taken everything yet.
await new Promise<void>((done) => process.stdout.write('', () => process.stderr.write('', () => done())))
process.exit(code)
