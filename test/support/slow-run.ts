/** A room of 5 MB/s with readers of 1 KB/s among a hundred that keep up: what becomes of each, and of the server's memory. */
import { fileURLToPath } from 'node:url'
import { type ServerProcess, startServerProcess } from '@fanfare/testkit'
import { Follower } from './follower.ts'
import { Publisher } from './publisher.ts'
import { SlowReaders, type SlowReading } from './slow-readers.ts'
import { unlimitedEnvironment } from './unlimited.ts'

export type SlowRun = { readonly kind: 'websocket' | 'event-stream'; readonly slow: number; readonly fast: number }

export type SlowOutcome = {
  /** From the first publish until the last slow session was gone from the node, ms. */
  readonly goneAfterMs: number
  /** The most that resident memory grew, and by how much less it did in the same time and load without slow readers; bytes. */
  readonly grown: number
  readonly grownWithout: number
  readonly seen: readonly SlowReading[]
  /** Of the fast readers, and of those who resumed for the slow ones. */
  readonly faults: readonly string[]
  /** Fast readers whose link did not last. */
  readonly fastLost: number
}

const app = fileURLToPath(new URL('clinic.ts', import.meta.url))
const room = 'images:slow'
const bytesPerSecond = 5_000_000
const eventBytes = 10_000
/**
 * So far the room gets ahead of those who keep up, half of what waits for a session: on a machine that is too busy for the
 * rate they would be slow readers too. Who reads 1 KB/s is left behind at any rate.
 */
const mostAhead = 25
const warmUpMs = 1_500
/** So long the room goes on after the slow ones are gone. */
const afterMs = 1_000

export const slowRun = async ({ kind, slow, fast }: SlowRun): Promise<SlowOutcome> => {
  await using server = await startServerProcess({ app, environment: unlimitedEnvironment })
  const follower = (name: string) => new Follower({ name, url: server.socketUrl, token: server.token(name) })
  const crowd = Array.from({ length: fast }, (_, index) => follower(`fast${index}`))
  await Promise.all(crowd.map((one) => one.connects()))
  for (const one of crowd) one.enters(room)
  await Promise.all(crowd.map((one) => one.reaches(room)))
  const publisher = imagePublisher(server, (top) => crowd.some((one) => one.places.get(room)!.offset < top - mostAhead))
  await publisher.connects()

  const memory = await MemoryWatch.on(server)
  publisher.publishes(bytesPerSecond / eventBytes)
  await Bun.sleep(warmUpMs)
  const grownWithout = memory.most()
  await using readers = new SlowReaders(server, { kind, room, count: slow })
  await readers.open()
  const opened = performance.now()
  while ((await sessionsOf(server)) > fast + 1) await Bun.sleep(20)
  const goneAfterMs = performance.now() - opened
  await Bun.sleep(afterMs)
  await publisher.finishes()
  const grown = memory.most()
  memory.stop()

  const top = publisher.top!
  const seen = await readers.hurry()
  const back = seen.map((_, index) => follower(`back${index}`))
  for (const [index, one] of back.entries()) {
    await one.connects()
    one.enters(room, { epoch: top.epoch, offset: seen[index]!.last! })
  }
  await Promise.all([...crowd, ...back].map((one) => one.reaches(room, top.offset)))
  const gaps = back.filter((one) => one.gaps > 0).map(({ name }) => `${name} could not resume`)
  const fastLost = crowd.filter(({ closedWith }) => closedWith !== undefined).length
  for (const one of [...crowd, ...back]) one.drops()
  publisher.closes()
  return {
    goneAfterMs,
    grown,
    grownWithout,
    seen,
    fastLost,
    faults: [...crowd, ...back].flatMap((one) => one.faults).concat(gaps),
  }
}

/** @param behind whether somebody who keeps up is too far from this offset */
const imagePublisher = (server: ServerProcess, behind: (top: number) => boolean): Publisher => {
  let n = 0
  const data = { text: 'x'.repeat(eventBytes - 250) }
  return new Publisher({
    name: 'camera',
    url: server.socketUrl,
    token: server.token('camera'),
    room,
    durability: 'memory',
    event: () => ({ event: 'message.created', data }),
    next: () => ++n,
    holds: () => behind(n),
  })
}

/** How many sessions the node has, as it says itself. */
const sessionsOf = async (server: ServerProcess): Promise<number> => {
  const text = await (await fetch(`${server.url}/metrics`)).text()
  return Number(/^fanfare_sessions(?:\{\})? (\d+)$/m.exec(text)?.[1])
}

class MemoryWatch {
  readonly #server: ServerProcess
  readonly #before: number
  readonly #timer: ReturnType<typeof setInterval>
  #most = 0

  private constructor(server: ServerProcess, before: number) {
    this.#server = server
    this.#before = before
    this.#timer = setInterval(() => void this.#look(), 50)
  }

  static async on(server: ServerProcess): Promise<MemoryWatch> {
    return new MemoryWatch(server, await server.resident())
  }

  async #look(): Promise<void> {
    this.#most = Math.max(this.#most, (await this.#server.resident()) - this.#before)
  }

  most(): number {
    return this.#most
  }

  stop(): void {
    clearInterval(this.#timer)
  }
}
