/**
 * Work that is done once over all nodes. Whoever is first claims it for a short lease, renewed while it goes on; others look
 * now and then for the answer. A claim whose node died is taken over when its lease ends.
 */
import { FanfareError, type Json } from '@fanfare/protocol'
import type { Clock } from '../lib/clock.ts'
import { secretId } from '../lib/ids.ts'
import type { Log } from '../lib/log.ts'
import type { Once } from '../model/once.ts'
import { tenantName } from '../model/tenant-name.ts'
import type { Partition, Redis, Reply } from '../redis/redis.ts'
import { readScript, type Script } from '../redis/script.ts'

const scripts = {
  claim: readScript(new URL('./scripts/once-claim.lua', import.meta.url)),
  settle: readScript(new URL('./scripts/once-settle.lua', import.meta.url)),
}

export type RedisOnceOptions = {
  readonly redis: Redis
  readonly clock: Clock
  readonly log: Log
  /** How long an answer is given again, in ms, counted from the first request. */
  readonly forMs: number
  /** How long a claim outlives its node, in ms. @default 5,000 */
  readonly leaseMs?: number
  /** How long somebody waits for another node's answer, in ms. @default 30,000 */
  readonly waitMs?: number
  /** The longest answer that is kept; a longer one is given once. @default 65,536 */
  readonly answerBytes?: number
}

const defaults = { leaseMs: 5_000, waitMs: 30_000, answerBytes: 65_536 } as const
const pauses = { first: 10, longest: 250 } as const

/** Not JSON, so that no answer looks like it. */
const tooLarge = '#too large'

type Claim = { readonly partition: Partition; readonly key: string; readonly owner: string }

export const redisOnce = (given: RedisOnceOptions): Once => {
  const options = { ...defaults, ...given }
  const { clock, forMs, leaseMs, log, redis, waitMs } = options
  /** What this node does or waits for: who asks here meanwhile shares it. */
  const underWay = new Map<string, Promise<Json>>()

  const run = ({ partition, key, owner }: Claim, script: Script, args: readonly (string | number)[]): Promise<Reply> =>
    redis.run(partition, { script, keys: [key], args: [owner, ...args] })

  /** The answer, once this node or another has it. */
  const settleOrWait = async (claim: Claim, work: () => Promise<Json>): Promise<Json> => {
    const deadline = clock.now() + waitMs
    for (let pauseMs: number = pauses.first; ; pauseMs = Math.min(pauseMs * 2, pauses.longest)) {
      const [what, answer] = (await run(claim, scripts.claim, [leaseMs, forMs])) as readonly string[]
      if (what === 'work') return perform(claim, work)
      if (what === 'answer' && answer !== undefined) return readAnswer(answer)
      if (clock.now() >= deadline) {
        throw new FanfareError('unavailable', 'It is still being done elsewhere. Ask again with the same key.')
      }
      await new Promise<void>((resolve) => clock.after(pauseMs, resolve))
    }
  }

  const perform = async (claim: Claim, work: () => Promise<Json>): Promise<Json> => {
    const settle = (...how: readonly (string | number)[]) => settled(run(claim, scripts.settle, how), log)
    const renewing = clock.every(leaseMs / 3, () => void settle('renew', leaseMs))
    try {
      const answer = await work()
      renewing.cancel()
      const text = JSON.stringify(answer)
      await settle('answer', Buffer.byteLength(text) > options.answerBytes ? tooLarge : text)
      return answer
    } catch (error) {
      renewing.cancel()
      await settle('fail')
      throw error
    }
  }

  return {
    once(tenantId, key, work) {
      const name = tenantName(tenantId, key)
      const known = underWay.get(name)
      if (known) return known
      const partition = redis.partitionOf(name)
      const answer = settleOrWait({ partition, key: redis.key(partition, 'once', name), owner: secretId() }, work)
      underWay.set(name, answer)
      const leave = () => void underWay.delete(name)
      answer.then(leave, leave)
      return answer
    },
  }
}

/** When Redis is away the outcome stands all the same: whoever did the work has its answer, and the lease ends by itself. */
const settled = async (work: Promise<Reply>, log: Log): Promise<void> => {
  try {
    await work
  } catch (error) {
    log.warn({ error }, 'what became of a command could not be kept; a retry may run it again')
  }
}

const readAnswer = (text: string): Json => {
  if (text !== tooLarge) return JSON.parse(text) as Json
  throw new FanfareError('too_large', 'It was done, and its answer was too large to be given a second time.')
}
