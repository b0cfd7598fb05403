/**
 * Fanfare for the soak: every feature on, memory and durable rooms with presence, recovery for Socket.IO, and the limits as
 * they are shipped, but for the rate of one link: a publisher of the load speaks for many.
 */
import { mkdirSync, readdirSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import process from 'node:process'
import { configWith, defineApp, silentLog, startServer } from '@fanfare/server'
import { z } from 'zod'
import { benchFolder } from '../lib/child.ts'
import { answerQuestions } from '../lib/control.ts'
import { residentNow } from '../lib/memory.ts'
import { keptFor } from '../lib/soak.ts'
import { secret } from '../lib/token.ts'

const Tick = z.object({ room: z.string(), n: z.number(), at: z.number(), text: z.string() })
const log = { keep: 1_000, for: keptFor.text }
const rules = { events: { tick: Tick }, access: 'tenant', publish: 'tenant', presence: true } as const

const app = defineApp({
  rooms: { 'memory:{name}': { ...rules, log }, 'durable:{name}': { ...rules, log: { ...log, durable: true } } },
  socketio: {
    transports: ['websocket'],
    recovery: { for: keptFor.text },
    namespaces: {
      '/': {
        on: {
          join: async (socket, rooms: readonly string[]) => {
            for (const room of rooms) await socket.join(room)
          },
          leave: (socket, room: string) => socket.leave(room),
        },
      },
    },
  },
})

const parent = join(benchFolder, '../.cache')
mkdirSync(parent, { recursive: true })
const dataFolder = join(parent, `bench-soak-${process.pid}`)
const ofSpeakers = 100_000

const server = await startServer({
  app,
  log: silentLog,
  config: configWith({
    port: 0,
    dataFolder,
    secret,
    trustedProxies: ['127.0.0.1'],
    limits: { framesPerSecond: ofSpeakers, framesBurst: ofSpeakers, framesPerSecondPerUser: ofSpeakers },
  }),
})

const lagResolutionMs = 10
const delays = monitorEventLoopDelay({ resolution: lagResolutionMs })
delays.enable()

/** The lag is of the time since the last question, in ms. */
const vitals = ({ collect }: { readonly collect: boolean }) => {
  const lag = { lagP99: delays.percentile(99) / 1e6 - lagResolutionMs, lagMost: delays.max / 1e6 - lagResolutionMs }
  delays.reset()
  const resident = residentNow()
  const fds = readdirSync('/proc/self/fd').length
  if (!collect) return { resident, fds, ...lag }
  Bun.gc(true)
  return { resident, fds, ...lag, collected: residentNow(), heap: process.memoryUsage().heapUsed }
}

/** Objects by type, for whoever looks for what stays. */
const types = async () => {
  const { heapStats } = await import('bun:jsc')
  Bun.gc(true)
  const { heapSize, heapCapacity, extraMemorySize, objectCount, objectTypeCounts } = heapStats()
  return { heapSize, heapCapacity, extraMemorySize, objectCount, objects: objectTypeCounts }
}

await answerQuestions({ port: Number(new URL(server.url).port), pid: process.pid }, { vitals, types })
await rm(dataFolder, { recursive: true, force: true })
process.exit(0)
