/**
 * What nodes say to each other over Redis, said by somebody else: noise, other versions, cut-off and repeated messages, on
 * every name that they listen to, while rooms are busy. They must count it, and go on as if it had not come.
 */
import { randomBytes, randomInt } from 'node:crypto'
import { Redis } from 'ioredis'
import { startRedis } from '../../packages/server/src/redis/servers.world.ts'
import { underLoad } from './redis-cases.ts'
import type { Outcome, RedisRig } from './redis-rig.ts'

export type Poisoning = { readonly seconds: number; readonly perSecond: number; readonly poisonsPerSecond: number }

export type Poisoned = Outcome & {
  /** Nodes that were given something that is no message of theirs, each time. */
  readonly given: number
  /** As the metrics of both nodes have it. */
  readonly counted: number
  readonly names: number
  /** Nodes that ended, or said that something was not caught. */
  readonly crashes: readonly string[]
}

const counters = /^fanfare_(?:redis_messages_refused|node_messages_refused|redis_poison)_total ([0-9]+)$/gm
const roundMs = 100
/** The last of it must have arrived by then, however busy the machine. */
const settleMs = 10_000
/** Real messages of each name that are kept to be spoilt. */
const keptOfEach = 20
/** Longer than the beats between nodes are apart. */
const listenMs = 3_000

export const poisonNodes = async ({ seconds, perSecond, poisonsPerSecond }: Poisoning): Promise<Poisoned> => {
  await using redis = await startRedis()
  let given = 0
  let counted = 0
  let names = 0
  const crashes: string[] = []
  const outcome = await underLoad(redis.url, { seconds, perSecond }, async (rig) => {
    await using poisoner = await Poisoner.open(redis.url)
    const until = performance.now() + seconds * 1_000
    while (performance.now() < until) {
      given += await poisoner.poisons((poisonsPerSecond * roundMs) / 1_000)
      await Bun.sleep(roundMs)
    }
    names = poisoner.names
    const settled = performance.now() + settleMs
    do {
      await Bun.sleep(roundMs)
      counted = await countedByAll(rig)
    } while (counted < given && performance.now() < settled)
    crashes.push(...crashesOf(rig))
  })
  return { ...outcome, given, counted, names, crashes }
}

const countedByAll = async (rig: RedisRig): Promise<number> =>
  (await Promise.all(rig.nodes.map((node) => countedBy(node.url)))).reduce((sum, each) => sum + each, 0)

const countedBy = async (url: string): Promise<number> => {
  const text = await (await fetch(`${url}/metrics`)).text()
  return [...text.matchAll(counters)].reduce((sum, [, count]) => sum + Number(count), 0)
}

const crashesOf = (rig: RedisRig): readonly string[] =>
  rig.nodes.flatMap((node) => {
    const uncaught = node.output.split('\n').filter((line) => /uncaught|unhandled/i.test(line))
    return node.isRunning ? uncaught : [`a node ended: ${node.output.slice(-500)}`]
  })

class Poisoner implements AsyncDisposable {
  readonly #redis: Redis
  readonly #heard = new Map<string, Buffer[]>()

  private constructor(redis: Redis) {
    this.#redis = redis
  }

  /** Resolves when it has heard for a while what nodes say on every name to which one listens. */
  static async open(url: string): Promise<Poisoner> {
    const poisoner = new Poisoner(new Redis(url))
    await poisoner.#listen(new Redis(url))
    return poisoner
  }

  get names(): number {
    return this.#heard.size
  }

  /** So many names are given one poison each. @returns how many heard one that is no message */
  async poisons(count: number): Promise<number> {
    const names = [...this.#heard.keys()]
    const heard = await Promise.all(
      Array.from({ length: count }, async () => {
        const name = names[randomInt(names.length)]!
        const { bytes, isMessage } = this.#poison(this.#heard.get(name)!)
        const ears = Number(await this.#redis.call('SPUBLISH', name, bytes))
        return isMessage ? 0 : ears
      }),
    )
    return heard.reduce((sum, ears) => sum + ears, 0)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#redis.disconnect()
  }

  async #listen(ear: Redis): Promise<void> {
    ear.on('smessageBuffer', (name: Buffer, message: Buffer) => {
      const kept = this.#heard.get(name.toString())
      if (kept && kept.length < keptOfEach && message.length > 0) kept.push(message)
    })
    const names = (await this.#redis.call('PUBSUB', 'SHARDCHANNELS')) as readonly string[]
    for (const name of names) {
      this.#heard.set(name, [])
      await ear.ssubscribe(name)
    }
    await Bun.sleep(listenMs)
    ear.disconnect()
  }

  #poison(heard: readonly Buffer[]): { readonly bytes: Buffer; readonly isMessage: boolean } {
    const real = heard[randomInt(Math.max(1, heard.length))]
    switch (randomInt(real ? 6 : 3)) {
      case 0:
        return { bytes: randomBytes(randomInt(1, 300)), isMessage: false }
      case 1:
        return { bytes: Buffer.from(oddities[randomInt(oddities.length)]!), isMessage: false }
      case 2:
        return { bytes: randomBytes(100_000), isMessage: false }
      case 3:
        // Of a version to come.
        return { bytes: Buffer.concat([Buffer.from('9'), real!.subarray(1)]), isMessage: false }
      case 4:
        // Not near its end: a number that is cut off there is a smaller number.
        return { bytes: real!.subarray(0, randomInt(Math.ceil(real!.length / 2))), isMessage: false }
      default:
        // Again, which is nothing new to anybody.
        return { bytes: real!, isMessage: true }
    }
  }
}

const oddities = [
  '\u0000',
  '{',
  '{"v":9}',
  '{"v":2,"type":"nothing"}',
  '[[[[[[[[[[[[[[[[',
  '1 ',
  '1 e',
  '1 e  ',
  '1 e epoch 1 {}',
  '1 e epoch -1 {"id":1}',
  '1 e epoch 99999999999999999999 {}',
  '2 e epoch 1 {"id":"a"}',
  '1 p ',
  '1 p \n\n\n',
  '1 z what',
  '{"__proto__":{"polluted":true}}',
  '1 e epoch 1 {"__proto__":{"polluted":true}}',
  'null',
  '"text"',
  '1e309',
]
