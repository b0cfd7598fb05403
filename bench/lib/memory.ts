/** What the process that asks takes of memory once everything that can be let go is. Runs on Bun and Node. */
import { readFileSync } from 'node:fs'
import process from 'node:process'
import { setTimeout as sleep } from 'node:timers/promises'

/** In bytes. `resident` is the lowest of several looks: pages that were freed go back to the system with a delay. */
export type Memory = { readonly resident: number; readonly heap: number }

const collect = (): void => {
  if (typeof Bun !== 'undefined') Bun.gc(true)
  else if (globalThis.gc) globalThis.gc()
  else throw new Error('run Node with --expose-gc')
}

/** VmRSS of this process, in bytes, as it stands. */
export const residentNow = (): number =>
  Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync('/proc/self/status', 'utf8'))?.[1]) * 1024

export const measureMemory = async (): Promise<Memory> => {
  let resident = Number.POSITIVE_INFINITY
  for (let look = 0; look < 6; look++) {
    collect()
    await sleep(250)
    resident = Math.min(resident, residentNow())
  }
  return { resident, heap: process.memoryUsage().heapUsed }
}

/** Of the whole machine: TCP buffers of both ends, so of servers and loads together. */
export const kernelTcpBytes = (): number => {
  const pages = /^TCP:.* mem (\d+)/m.exec(readFileSync('/proc/net/sockstat', 'utf8'))?.[1]
  return Number(pages) * 4096
}

const ofSockets = /^(TCP|TCPv6|sock_inode_cache|filp) +(\d+) +\d+ +(\d+)/gm

/** Of the whole machine: the kernel's records of TCP sockets of both ends, without buffers. NaN where it may not be read. */
export const kernelSocketBytes = (): number => {
  try {
    const text = readFileSync('/proc/slabinfo', 'utf8')
    return [...text.matchAll(ofSockets)].reduce((sum, [, , count, size]) => sum + Number(count) * Number(size), 0)
  } catch {
    return Number.NaN
  }
}
