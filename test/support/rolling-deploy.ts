/** Two nodes on one Redis, of which one is told to stop under load: how its clients come to the other, and what they miss. */
import { randomBytes } from 'node:crypto'
import { fileURLToPath } from 'node:url'
import type { PublishResult, ServerFrame } from '@fanfare/protocol'
import { type ServerProcess, startServerProcess } from '@fanfare/testkit'
import { startRedis } from '../../packages/server/src/redis/servers.world.ts'
import { Follower } from './follower.ts'
import { unlimitedEnvironment } from './unlimited.ts'

export type Deploy = {
  /** On the node that stops; all come back to the other. */
  readonly clients: number
  /** A client is in one. */
  readonly rooms: number
  /** Publishes a second, over all rooms, on the node that stays. */
  readonly perSecond: number
}

export type Deployed = {
  readonly acknowledged: number
  readonly faults: readonly string[]
  /** The most that came back in any second, and how many did in one on average. */
  readonly peak: number
  readonly average: number
  readonly stopMs: number
  readonly exitCode: number | null
  /** From the order to stop until the last was back. */
  readonly allBackMs: number
}

const app = fileURLToPath(new URL('clinic.ts', import.meta.url))
const waitMs = 60_000

export const rollingDeploy = async (deploy: Deploy): Promise<Deployed> => {
  await using redis = await startRedis()
  const secret = randomBytes(48).toString('base64url')
  const environment = { ...unlimitedEnvironment, REDIS_URL: redis.url }
  await using going = await startServerProcess({ app, secret, environment })
  await using staying = await startServerProcess({ app, secret, environment })
  const rooms = Array.from({ length: deploy.rooms }, (_, index) => `archive:deploy${index}`)
  const clients = Array.from({ length: deploy.clients }, (_, index) => new Returning(going, `client${index}`))
  const roomOf = (index: number) => rooms[index % rooms.length]!
  for (let from = 0; from < clients.length; from += 200) {
    await Promise.all(clients.slice(from, from + 200).map((client, index) => client.settles(roomOf(from + index))))
  }
  const publisher = await SteadyPublisher.open(staying, rooms)
  publisher.publishes(deploy.perSecond)
  await Bun.sleep(1_000)

  const began = performance.now()
  const returning = Promise.all(clients.map((client) => client.comesBackTo(staying)))
  const exitCode = await going.stop()
  const stopMs = performance.now() - began
  const arrivals = (await returning).sort((a, b) => a - b)
  const allBackMs = performance.now() - began
  await publisher.finishes()

  const faults = [...publisher.faults]
  for (const [index, { follower }] of clients.entries()) {
    const top = publisher.tops.get(roomOf(index)) ?? 0
    await follower.reaches(roomOf(index), top, waitMs).catch((error: Error) => faults.push(error.message))
    faults.push(...follower.faults)
    if (follower.gaps > 0) faults.push(`${follower.name} was told of a gap`)
    if (follower.lastClosing !== 1012) faults.push(`${follower.name} was closed with ${follower.lastClosing}`)
    follower.drops()
  }
  publisher.closes()
  return { acknowledged: publisher.acknowledged, faults, ...ratesOf(arrivals), stopMs, exitCode, allBackMs }
}

const ratesOf = (times: readonly number[]): { peak: number; average: number } => {
  let peak = 0
  let first = 0
  for (const [index, at] of times.entries()) {
    while (at - times[first]! >= 1_000) first++
    peak = Math.max(peak, index - first + 1)
  }
  const seconds = Math.max(1, ((times.at(-1) ?? 0) - (times[0] ?? 0)) / 1_000)
  return { peak, average: times.length / seconds }
}

/** A client that does what it is told when its node goes: comes back then, and goes on where it was. */
class Returning {
  readonly follower: Follower
  #home: ServerProcess

  constructor(home: ServerProcess, name: string) {
    this.#home = home
    const address = () => this.#home.socketUrl
    const token = home.token(name)
    this.follower = new Follower({
      name,
      token,
      get url() {
        return address()
      },
    })
  }

  async settles(room: string): Promise<void> {
    await this.follower.connects()
    this.follower.enters(room)
    await this.follower.reaches(room)
  }

  /** Resolves with when it came. */
  async comesBackTo(other: ServerProcess): Promise<number> {
    const { follower } = this
    await follower.until('its close', () => follower.closedWith !== undefined, waitMs)
    if (follower.comeBackAfterMs === undefined) follower.faults.push(`${follower.name} was not told when to come back`)
    await Bun.sleep(follower.comeBackAfterMs ?? 0)
    this.#home = other
    const at = performance.now()
    await follower.connects()
    return at
  }
}

/** Numbers to one room after another, each with a key; every one must be acknowledged. */
class SteadyPublisher {
  readonly faults: string[] = []
  /** The highest offset acknowledged, by room. */
  readonly tops = new Map<string, number>()
  acknowledged = 0
  readonly #socket: WebSocket
  readonly #rooms: readonly string[]
  #sent = 0
  #timer: ReturnType<typeof setInterval> | undefined

  private constructor(socket: WebSocket, rooms: readonly string[]) {
    this.#socket = socket
    this.#rooms = rooms
    socket.addEventListener('message', ({ data }) => this.#hear(JSON.parse(String(data)) as ServerFrame))
    socket.addEventListener('close', ({ code }) => {
      if (this.#timer) this.faults.push(`the publisher was closed with ${code}`)
    })
  }

  static async open(server: ServerProcess, rooms: readonly string[]): Promise<SteadyPublisher> {
    const socket = new WebSocket(server.socketUrl, ['fanfare.v1', `bearer.${server.token('monitor')}`])
    const publisher = new SteadyPublisher(socket, rooms)
    await new Promise((resolve, reject) => {
      socket.addEventListener('open', resolve)
      socket.addEventListener('error', reject)
    })
    return publisher
  }

  publishes(perSecond: number): void {
    const began = performance.now()
    this.#timer = setInterval(() => {
      const due = ((performance.now() - began) / 1_000) * perSecond
      while (this.#sent < due) this.#say(this.#sent++)
    }, 5)
  }

  async finishes(): Promise<void> {
    clearInterval(this.#timer)
    const deadline = performance.now() + waitMs
    while (this.acknowledged < this.#sent && performance.now() < deadline) await Bun.sleep(20)
    if (this.acknowledged < this.#sent) {
      this.faults.push(`${this.#sent - this.acknowledged} publishes were never acknowledged`)
    }
  }

  closes(): void {
    this.#timer = undefined
    this.#socket.close()
  }

  #say(n: number): void {
    const room = this.#rooms[n % this.#rooms.length]!
    this.#socket.send(JSON.stringify({ type: 'publish', id: n, room, event: 'counted', data: { n }, key: `n${n}` }))
  }

  #hear(frame: ServerFrame): void {
    if (frame.type === 'error') this.faults.push(`publish ${frame.id}: ${frame.code}`)
    if (frame.type !== 'reply') return
    const { room, offset } = frame.result as unknown as PublishResult
    this.acknowledged++
    this.tops.set(room, Math.max(this.tops.get(room) ?? 0, offset))
  }
}
