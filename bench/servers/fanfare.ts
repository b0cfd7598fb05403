/** Fanfare as a contender: the whole server, with the limits raised that a load from one machine must not meet. */
import { mkdirSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import process from 'node:process'
import { configWith, defineApp, silentLog, startServer } from '@fanfare/server'
import { z } from 'zod'
import { benchFolder } from '../lib/child.ts'
import { answerQuestions } from '../lib/control.ts'
import { measureMemory } from '../lib/memory.ts'
import { secret } from '../lib/token.ts'

const Tick = z.object({ text: z.string(), n: z.string() })
type Tick = z.infer<typeof Tick>
const events = { tick: Tick }

const app = defineApp({
  rooms: {
    'memory:{name}': { events, access: 'tenant', publish: 'tenant', log: { keep: 1_000, for: '5m' } },
    'durable:{name}': { events, access: 'tenant', publish: 'tenant', log: { keep: 1_000, for: '5m', durable: true } },
    'members:{name}': { events, access: 'tenant', presence: true },
  },
  socketio: {
    transports: ['websocket'],
    namespaces: {
      '/': {
        on: {
          join: async (socket, rooms: readonly string[]) => {
            for (const room of rooms) await socket.join(room)
          },
          publish: (socket, room: string, data: Tick) => socket.publish(room, 'tick', data),
        },
      },
    },
  },
})

const many = 1_000_000_000
// Beside the repository's files and not in a memory file system: durable must mean the disk.
const parent = join(benchFolder, '../.cache')
mkdirSync(parent, { recursive: true })
const dataFolder = join(parent, `bench-${process.pid}`)

const server = await startServer({
  app,
  log: silentLog,
  config: configWith({
    port: 0,
    dataFolder,
    secret,
    ...(process.env.BENCH_REDIS_URL === undefined ? {} : { redisUrl: process.env.BENCH_REDIS_URL }),
    // The load names an address for each connection, so that they count as the many machines that they stand for.
    trustedProxies: ['127.0.0.1'],
    limits: {
      connectsPerSecond: many,
      framesPerSecond: many,
      framesBurst: many,
      framesPerSecondPerUser: many,
      inboundBytesPerSecond: many,
    },
  }),
})

await answerQuestions(
  { port: Number(new URL(server.url).port) },
  {
    memory: () => measureMemory(),
    heap: () => heapByType(),
  },
)

/** Objects by type, and what the collector holds for them in bytes, for whoever looks where memory goes. */
async function heapByType() {
  const { heapStats } = await import('bun:jsc')
  Bun.gc(true)
  const { heapSize, heapCapacity, extraMemorySize, objectTypeCounts } = heapStats()
  return { heapSize, heapCapacity, extraMemorySize, objects: objectTypeCounts }
}

// A graceful stop gives its sessions time that a benchmark does not have: only the folder is tidied.
await rm(dataFolder, { recursive: true, force: true })
process.exit(0)
