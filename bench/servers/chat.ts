/** Fanfare with chat, on SQLite or (BENCH_DATABASE_URL) PostgreSQL: rooms with members, and as many messages in them as are asked for. */
import { mkdirSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import process from 'node:process'
import { type AppContext, configWith, defineApp, silentLog, startServer } from '@fanfare/server'
import { z } from 'zod'
import { membersOf, nameOfRoom, senderOf, tenantOfChat } from '../lib/chat-rooms.ts'
import { benchFolder } from '../lib/child.ts'
import { answerQuestions } from '../lib/control.ts'
import { measureMemory } from '../lib/memory.ts'
import { secret } from '../lib/token.ts'

let of: ((tenantId: string) => AppContext) | undefined

const app = defineApp({
  rooms: { lobby: { events: { tick: z.object({}) }, access: 'tenant' } },
  onStart(server) {
    of = server.of
  },
})

const many = 1_000_000_000
const parent = join(benchFolder, '../.cache')
mkdirSync(parent, { recursive: true })
const dataFolder = join(parent, `bench-chat-${process.pid}`)
const databaseUrl = process.env.BENCH_DATABASE_URL

const server = await startServer({
  app,
  log: silentLog,
  config: configWith({
    port: 0,
    dataFolder,
    secret,
    ...(databaseUrl === undefined ? {} : { databaseUrl }),
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

const chat = () => of!(tenantOfChat).chat

/** Unanswered at a time. */
const inFlight = 400

/** `work` for 0 to `count`, so many at a time. */
const all = async (count: number, together: number, work: (index: number) => Promise<unknown>): Promise<void> => {
  let next = 0
  const one = async () => {
    while (next < count) await work(next++)
  }
  await Promise.all(Array.from({ length: Math.min(together, count) }, one))
}

await answerQuestions(
  { port: Number(new URL(server.url).port) },
  {
    memory: () => measureMemory(),
    async rooms({ count }: { readonly count: number }) {
      await all(count, 16, (index) =>
        chat().createRoom({ id: nameOfRoom(index), members: membersOf(index).map((userId) => ({ userId })) }),
      )
      return {}
    },
    async fill({ from, to, rooms }: { readonly from: number; readonly to: number; readonly rooms: number }) {
      const began = performance.now()
      await all(to - from, inFlight, (index) => {
        const room = (from + index) % rooms
        const text = `Message ${from + index}: the wound is dry, the dressing was changed at ten, she slept well and asks for tea.`
        return chat().send({ roomId: nameOfRoom(room), userId: senderOf(room, from + index), text })
      })
      return { seconds: (performance.now() - began) / 1000 }
    },
  },
)

await rm(dataFolder, { recursive: true, force: true })
process.exit(0)
