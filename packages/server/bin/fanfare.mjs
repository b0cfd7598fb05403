#!/usr/bin/env node
// The `fanfare` command for people who have Node: runs main with the Bun that npm installed beside this package.
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { constants } from 'node:os'
import { dirname, join } from 'node:path'
import process from 'node:process'
import { fileURLToPath } from 'node:url'

const source = join(dirname(fileURLToPath(import.meta.url)), '../src')
const main = ['main.js', 'main.ts'].map((name) => join(source, name)).find((path) => existsSync(path))
const bun = join(dirname(createRequire(import.meta.url).resolve('bun/package.json')), 'bin/bun.exe')

const child = spawn(bun, [main, ...process.argv.slice(2)], { stdio: 'inherit' })
// A terminal sends Ctrl-C to both; only what came to this process alone is passed on.
process.on('SIGINT', () => {
  if (!process.stdin.isTTY) child.kill('SIGINT')
})
for (const signal of ['SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal))
child.on('error', (error) => {
  process.stderr.write(`Bun, which npm installs with @fanfare/server, does not run: ${error.message}\n`)
  process.exit(1)
})
child.on('exit', (code, signal) => process.exit(code ?? 128 + constants.signals[signal]))
