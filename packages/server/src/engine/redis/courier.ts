/**
 * The courier over Redis: every node listens by its own name. To each other node one batch is under way at a time, so that
 * what is told stays in order; a number in front of each message lets the hearer drop what comes twice or late.
 */
import { FanfareError } from '@fanfare/protocol'
import type { Clock, Timer } from '../../lib/clock.ts'
import { type Deferred, deferred } from '../../lib/deferred.ts'
import { nodeIdLength } from '../../lib/ids.ts'
import type { Log } from '../../lib/log.ts'
import type { Metrics } from '../../lib/metrics.ts'
import { SeldomWarning } from '../../lib/seldom.ts'
import type { Partition, Redis, Reply } from '../../redis/redis.ts'
import { readScript } from '../../redis/script.ts'
import type { Courier } from '../courier.ts'

const scripts = {
  tell: readScript(new URL('./scripts/courier-tell.lua', import.meta.url)),
  stay: readScript(new URL('./scripts/courier-stay.lua', import.meta.url)),
}

const leaseMs = 15_000
const renewMs = 5_000
const keptMs = 60_000
/** A node that is there and does not listen is about to: its subscriber comes back. */
const retryMs = 100
/** After a server did not let this node listen. */
const listenMs = 1_000
const tries = 20
/**
 * One that was killed is there until its lease ends, but what it listened with has ended with it. Whoever comes back to
 * Redis listens within a second or two; who does not in this time, while Redis answers us, is taken for gone.
 */
const deafMs = 4_000
/** What was seen longer ago says nothing of now. */
const deafAgainMs = 8_000
const batchMessages = 256
const batchCharacters = 1024 * 1024
/** What may wait for one node. */
const mostWaiting = 2_000
const mostCharacters = 32 * 1024 * 1024
/** Senders whose last number is remembered; the oldest goes first. */
const mostSenders = 1_000

export type RedisCourierOptions = {
  readonly redis: Redis
  readonly node: string
  readonly clock: Clock
  readonly log: Log
  readonly metrics: Metrics
}

type Receive = (from: string, message: string) => void
type Waiting = { readonly text: string; readonly told: Deferred<boolean> }
/** Since when a node that is there has not listened, and when that was last seen. */
type Deafness = { readonly since: number; last: number }
type Route = { readonly waiting: Waiting[]; characters: number; busy: boolean }

export class RedisCourier implements Courier {
  readonly #options: RedisCourierOptions
  readonly #routes = new Map<string, Route>()
  readonly #heard = new Map<string, number>()
  readonly #deaf = new Map<string, Deafness>()
  readonly #naps = new Set<{ readonly timer: Timer; readonly over: Deferred<void> }>()
  #sent = 0
  #running = false
  readonly #unreadable: SeldomWarning

  constructor(options: RedisCourierOptions) {
    this.#options = options
    this.#unreadable = new SeldomWarning(options, 'a message from another node could not be read')
  }

  async start(receive: Receive): Promise<() => Promise<void>> {
    const { redis, node, clock, log } = this.#options
    const { partition, channel } = this.#placeOf(node)
    this.#running = true
    await this.#listen(receive)
    // Until it is said that this node is there, it is there for whoever finds that it listens.
    const stay = () =>
      this.#stay(leaseMs).catch((error: unknown) => log.debug({ error }, 'a node could not say that it is there'))
    await stay()
    const staying = clock.every(renewMs, () => void stay())
    return async () => {
      if (!this.#running) return
      this.#running = false
      staying.cancel()
      for (const { timer, over } of this.#naps) {
        timer.cancel()
        over.resolve()
      }
      await Promise.allSettled([this.#stay(0), redis.unsubscribe(partition, [channel])])
    }
  }

  /** A server that is away just now keeps no node from its start: until it is back, this node is there and does not listen. */
  async #listen(receive: Receive): Promise<void> {
    const { redis, node, clock, log } = this.#options
    const { partition, channel } = this.#placeOf(node)
    try {
      await redis.subscribe(partition, [channel], (_, text) => this.#hear(text, receive))
      if (!this.#running) await redis.unsubscribe(partition, [channel])
    } catch (error) {
      log.warn({ error }, 'what other nodes tell this one cannot be heard yet')
      clock.after(listenMs, () => {
        if (this.#running) void this.#listen(receive)
      })
    }
  }

  async tell(node: string, message: string): Promise<boolean> {
    this.#mustRun()
    const route = this.#routeTo(node)
    if (route.waiting.length >= mostWaiting || route.characters + message.length > mostCharacters) {
      throw new FanfareError('unavailable', 'Too much waits for the other node.', { retryAfterMs: 1_000 })
    }
    const told = deferred<boolean>()
    route.characters += message.length
    route.waiting.push({ text: `1 ${this.#options.node} ${++this.#sent} ${message}`, told })
    if (!route.busy) void this.#carry(node, route)
    return told.promise
  }

  async #carry(node: string, route: Route): Promise<void> {
    route.busy = true
    // What is told in the same tick goes together.
    await Promise.resolve()
    while (route.waiting.length > 0) {
      const batch = route.waiting.splice(0, sizeOfBatch(route.waiting))
      if (route.waiting.length === 0) route.characters = 0
      try {
        const told = await this.#deliver(
          node,
          batch.map(({ text }) => text),
        )
        for (const each of batch) each.told.resolve(told)
      } catch (error) {
        for (const each of batch) each.told.reject(error)
      }
    }
    route.busy = false
    this.#routes.delete(node)
  }

  /** @throws FanfareError `unavailable` */
  async #deliver(node: string, texts: readonly string[]): Promise<boolean> {
    const { redis } = this.#options
    const { partition, channel, life } = this.#placeOf(node)
    for (let turn = 0; turn < tries; turn++) {
      this.#mustRun()
      const call = { script: scripts.tell, keys: [channel, life], args: texts }
      const reply: Reply = await redis.run(partition, call).catch((error: unknown) => {
        // Where Redis is away, nobody listens.
        this.#deaf.clear()
        throw error
      })
      if (reply !== -1) {
        this.#deaf.delete(node)
        return reply === 1
      }
      if (this.#isDeaf(node)) return false
      await this.#nap()
    }
    throw new FanfareError('unavailable', 'The other node does not listen just now.', { retryAfterMs: 1_000 })
  }

  #isDeaf(node: string): boolean {
    const now = this.#options.clock.now()
    const before = this.#deaf.get(node)
    if (before === undefined || now - before.last > deafAgainMs) {
      this.#deaf.delete(node)
      this.#deaf.set(node, { since: now, last: now })
      if (this.#deaf.size > mostSenders) this.#deaf.delete(this.#deaf.keys().next().value!)
      return false
    }
    before.last = now
    return now - before.since >= deafMs
  }

  async #nap(): Promise<void> {
    const over = deferred()
    const nap = { timer: this.#options.clock.after(retryMs, () => over.resolve()), over }
    this.#naps.add(nap)
    await over.promise
    this.#naps.delete(nap)
  }

  #hear(text: string, receive: Receive): void {
    const { metrics } = this.#options
    const [version, from = '', number = ''] = text.split(' ', 3)
    const order = Number(number)
    if (version !== '1' || from.length !== nodeIdLength || !Number.isSafeInteger(order) || order < 1) {
      metrics.add('fanfare_node_messages_refused_total')
      this.#unreadable.warn({ characters: text.length })
      return
    }
    if (order <= (this.#heard.get(from) ?? 0)) return
    this.#heard.delete(from)
    this.#heard.set(from, order)
    if (this.#heard.size > mostSenders) this.#heard.delete(this.#heard.keys().next().value!)
    receive(from, text.slice(4 + from.length + number.length))
  }

  #routeTo(node: string): Route {
    let route = this.#routes.get(node)
    if (!route) {
      route = { waiting: [], characters: 0, busy: false }
      this.#routes.set(node, route)
    }
    return route
  }

  async #stay(forMs: number): Promise<void> {
    const { partition, life } = this.#placeOf(this.#options.node)
    await this.#options.redis.run(partition, { script: scripts.stay, keys: [life], args: [forMs, keptMs] })
  }

  #placeOf(node: string): { readonly partition: Partition; readonly channel: string; readonly life: string } {
    const { redis } = this.#options
    const partition = redis.partitionOf(`courier|${node}`)
    return {
      partition,
      channel: redis.key(partition, 'courier', node),
      life: redis.key(partition, 'courier-life', node),
    }
  }

  #mustRun(): void {
    if (!this.#running) throw new FanfareError('unavailable', 'The node is not running.')
  }
}

const sizeOfBatch = (waiting: readonly Waiting[]): number => {
  let characters = 0
  const end = waiting.findIndex(({ text }, index) => {
    characters += text.length
    return index > 0 && (index >= batchMessages || characters > batchCharacters)
  })
  return end < 0 ? waiting.length : end
}
