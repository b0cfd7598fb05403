/** the same key, said again through other connections to Redis, after each of them was cut at random moments. */
import { randomBytes } from 'node:crypto'
import { fileURLToPath } from 'node:url'
import { type ErrorCode, FanfareError, type PublishResult } from '@fanfare/protocol'
import { systemClock } from '@fanfare/server'
import { type ServerProcess, startServerProcess } from '@fanfare/testkit'
import { createRedisEngine } from '../../packages/server/src/engine/redis/redis.ts'
import { nodeId } from '../../packages/server/src/lib/ids.ts'
import { silentLog } from '../../packages/server/src/lib/log.ts'
import { noMetrics } from '../../packages/server/src/lib/metrics.ts'
import type { LogRoom } from '../../packages/server/src/model/room.ts'
import { roomKey } from '../../packages/server/src/model/room-key.ts'
import { parseRedisAddress } from '../../packages/server/src/redis/address.ts'
import { openRedis } from '../../packages/server/src/redis/connect.ts'
import { startProxy } from '../../packages/server/src/redis/proxy.world.ts'
import { startRedis } from '../../packages/server/src/redis/servers.world.ts'
import { type LoggedNumber, readLog } from './read-log.ts'
import { cutAtRandom, type Mouth, type Retried, retries, type Said, storedOnce } from './retries.ts'
import { unlimitedEnvironment } from './unlimited.ts'

export type RetriesOutcome = Retried & { readonly cuts: number; readonly stored: number }

const atOnce = 100
const cutEvery = 250
const clinic = fileURLToPath(new URL('clinic.ts', import.meta.url))
const tenantId = 'acme'
const name = 'archive:retries'
const type = 'counted'
const keyOf = (n: number) => `key-${n}`
/** After the last cut, for both places to come back. */
const mendMs = 3_000

type Place = AsyncDisposable & { readonly mouth: Mouth; read(): Promise<readonly LoggedNumber[]> }

/** One Redis, two places that reach it over a connection of their own that is cut. */
const overTwo = async (open: (redisUrl: string) => Promise<Place>, publishes: number): Promise<RetriesOutcome> => {
  await using redis = await startRedis()
  await using one = await startProxy(redis.port)
  await using other = await startProxy(redis.port)
  await using here = await open(one.url)
  await using there = await open(other.url)
  const cutting = cutAtRandom([one, other])
  // Beside those at random, in the moment in which something is on its way: a quick machine has few others.
  const cutBoth = () => {
    for (const proxy of [one, other]) proxy.cut()
  }
  const said = (count: number) => {
    if (count % cutEvery === 0) setImmediate(cutBoth)
  }
  const retried = await retries({ mouths: [here.mouth, there.mouth], publishes, atOnce, said })
  await cutting.end()
  await Bun.sleep(mendMs)
  const log = await here.read()
  const faults = [...retried.faults, ...storedOnce(log, retried)]
  return { ...retried, cuts: cutting.cuts, stored: log.length, faults }
}

export const retriesOverNodes = (publishes: number): Promise<RetriesOutcome> => {
  const secret = randomBytes(48).toString('base64url')
  return overTwo(async (redisUrl) => {
    const environment = { ...unlimitedEnvironment, REDIS_URL: redisUrl }
    const node = await startServerProcess({ app: clinic, secret, environment })
    const mouth = await WireMouth.of(node)
    return {
      mouth,
      read: async () => {
        const actor = await node.person('auditor')
        const log = await readLog(actor, name)
        await actor.goes()
        return log
      },
      async [Symbol.asyncDispose]() {
        mouth.closes()
        await node[Symbol.asyncDispose]()
      },
    }
  }, publishes)
}

export const retriesOverEngines = (publishes: number): Promise<RetriesOutcome> =>
  overTwo(async (redisUrl) => {
    const node = nodeId()
    const redis = await openRedis({
      address: parseRedisAddress(redisUrl),
      prefix: 'fanfare',
      node,
      clock: systemClock,
      log: silentLog,
      metrics: noMetrics,
    })
    const { log } = createRedisEngine({ redis, node, clock: systemClock })
    const stop = await log.start({ deliver() {}, lost() {} })
    const draft = (n: number) => ({
      id: `${node}-${n}`,
      type,
      tenantId,
      room: name,
      timestamp: new Date().toISOString(),
      data: { n },
    })
    return {
      mouth: { says: async (n) => log.publish(engineRoom, draft(n), { key: keyOf(n) }) },
      read: async () => {
        const slice = await log.read(engineRoom, { after: 'earliest', limit: publishes * 2 })
        if (!slice.ok) throw new Error(`the log could not be read: ${slice.reason}`)
        return slice.events.map(({ offset, data }) => ({ ...(data as { n: number }), offset, epoch: slice.top.epoch }))
      },
      async [Symbol.asyncDispose]() {
        await stop()
        await redis.close()
      },
    }
  }, publishes)

const engineRoom: LogRoom = { key: roomKey(tenantId, name), log: { keep: 1_000_000, forMs: 3_600_000, durable: true } }

/** A session that publishes; every answer finds its question. */
class WireMouth implements Mouth {
  readonly #socket: WebSocket
  readonly #asked = new Map<number, PromiseWithResolvers<Said>>()
  #nextId = 0

  private constructor(socket: WebSocket) {
    this.#socket = socket
    socket.addEventListener('message', ({ data }) => this.#hear(JSON.parse(String(data)) as Answer))
  }

  static async of(node: ServerProcess): Promise<WireMouth> {
    const socket = new WebSocket(node.socketUrl, ['fanfare.v1', `bearer.${node.token('teller')}`])
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    socket.addEventListener('open', () => resolve())
    socket.addEventListener('close', ({ code }) => reject(new Error(`closed with ${code}`)))
    await promise
    return new WireMouth(socket)
  }

  says(n: number): Promise<Said> {
    const id = ++this.#nextId
    const asked = Promise.withResolvers<Said>()
    this.#asked.set(id, asked)
    this.#socket.send(JSON.stringify({ type: 'publish', id, room: name, event: type, data: { n }, key: keyOf(n) }))
    return asked.promise
  }

  closes(): void {
    this.#socket.close()
  }

  #hear(answer: Answer): void {
    const asked = this.#asked.get(Number(answer.id))
    this.#asked.delete(Number(answer.id))
    if (answer.type === 'reply') asked?.resolve(answer.result)
    else if (answer.type === 'error') asked?.reject(new FanfareError(answer.code, answer.message))
  }
}

type Answer =
  | { readonly type: 'reply'; readonly id: number; readonly result: PublishResult }
  | { readonly type: 'error'; readonly id: number; readonly code: ErrorCode; readonly message: string }
  | { readonly type: 'connected'; readonly id?: never }
