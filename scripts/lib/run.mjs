// Runs other programs from the root of the repository. Owns no decision about which.
import { spawn } from 'node:child_process'
import { constants } from 'node:os'
import { dirname, resolve } from 'node:path'
import process from 'node:process'
import { fileURLToPath } from 'node:url'

export const root = resolve(dirname(fileURLToPath(import.meta.url)), '../..')

/** Runs to the end and keeps what was printed; `onOutput` sees it as it comes. Never throws: a program that cannot start has code 127. */
export const capture = (command, args, { cwd = root, env = process.env, onOutput = () => {} } = {}) =>
  new Promise((done) => {
    const child = spawn(command, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] })
    let output = ''
    const take = (chunk) => {
      const text = chunk.toString()
      output += text
      onOutput(text)
    }
    child.stdout.on('data', take)
    child.stderr.on('data', take)
    child.on('error', (error) => done({ code: 127, output: `${output}${error.message}\n` }))
    child.on('exit', (code, signal) => {
      const end = () => done({ code: code ?? 128 + constants.signals[signal], output })
      // What the program left running may hold the pipe open for as long as it likes.
      const late = setTimeout(() => {
        child.stdout.destroy()
        child.stderr.destroy()
        end()
      }, 2_000)
      child.on('close', () => {
        clearTimeout(late)
        end()
      })
    })
  })

/** Becomes the program: it has the terminal, gets the signals, and its exit code is ours. */
export const become = (command, args, env = process.env) => {
  const child = spawn(command, args, { cwd: root, env, stdio: 'inherit' })
  // A terminal sends Ctrl-C to both; only what came to this process alone is passed on.
  process.on('SIGINT', () => {
    if (!process.stdin.isTTY) child.kill('SIGINT')
  })
  for (const signal of ['SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal))
  child.on('error', (error) => {
    process.stderr.write(`Cannot run ${command}: ${error.message}\n`)
    process.exit(127)
  })
  child.on('exit', (code, signal) => process.exit(code ?? 128 + constants.signals[signal]))
}
