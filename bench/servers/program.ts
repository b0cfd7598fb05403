/** A server that is a program of somebody else's: started, waited for, measured from outside, stopped by its id. */
import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { giveUp } from '../lib/control.ts'
import type { Memory } from '../lib/memory.ts'

export type Program = { readonly pid: number; stop(): Promise<void> }
export type ProgramOptions = { readonly [name: string]: string }

/** What it prints goes to the one for errors. One that ends by itself ends the benchmark. */
export const startProgram = (path: string, args: readonly string[], environment: ProgramOptions = {}): Program => {
  const child = spawn(path, args, { stdio: ['ignore', 2, 2], env: { ...process.env, ...environment } })
  let stopping = false
  const ended = new Promise<void>((resolve) => {
    child.once('error', giveUp)
    child.once('exit', (code) => {
      if (!stopping) giveUp(new Error(`${path} ended with ${code}`))
      resolve()
    })
  })
  return {
    pid: child.pid ?? Number.NaN,
    async stop() {
      stopping = true
      child.kill('SIGTERM')
      const late = setTimeout(() => child.kill('SIGKILL'), 3_000)
      await ended
      clearTimeout(late)
    },
  }
}

/** Of those that the system has just given out; it gives the next one to the next who asks. */
export const freePort = async (): Promise<number> => {
  const server = createServer()
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
  const address = server.address()
  await new Promise((closed) => server.close(closed))
  if (address === null || typeof address === 'string') throw new Error('no port is free')
  return address.port
}

/** Resolves once it answers. @throws Error when it does not within 10 s */
export const answers = async (program: Program, url: string): Promise<void> => {
  for (let tried = 0; tried < 200; tried++) {
    const response = await fetch(url).catch(() => undefined)
    if (response?.ok) return
    await sleep(50)
  }
  await program.stop()
  throw new Error(`nothing answers at ${url}`)
}

export const childrenOf = (pid: number): readonly number[] =>
  readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').filter(Boolean).map(Number)

/** Resident bytes of them together, the lowest of a few looks. Their heaps are their own affair. */
export const residentOf = async (pids: readonly number[]): Promise<Memory> => {
  let resident = Number.POSITIVE_INFINITY
  for (let look = 0; look < 6; look++) {
    await sleep(250)
    resident = Math.min(
      resident,
      pids.reduce((sum, pid) => sum + residentNow(pid), 0),
    )
  }
  return { resident, heap: 0 }
}

const residentNow = (pid: number): number =>
  Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) * 1024
