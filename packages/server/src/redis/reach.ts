/** Opens Redis for somebody who has just started something: waits a while and says so, and in the end says what to do. */
import { FanfareError } from '@fanfare/protocol'
import { describeAddress, nameOf } from './address.ts'
import { openRedis, type RedisOptions } from './connect.ts'
import { openConnection } from './connection.ts'
import type { OpenRedis } from './redis.ts'

/** Sharded Pub/Sub and scripts with flags came with it. Every Valkey has them. */
const oldestMajor = 7
const sayAfterMs = 1_000

/** @throws FanfareError `unavailable` that says where, why, and what to do */
export const reachRedis = async (options: RedisOptions): Promise<OpenRedis> => {
  const { address, clock, log } = options
  const where = describeAddress(address)
  // The clock's timers hold no process; one that has nothing else to hold it would end, or spin, while it waits.
  const holding = setInterval(() => {}, 60_000)
  const saying = clock.after(sayAfterMs, () =>
    log.warn({ redis: where }, 'waiting for Redis, which does not answer yet'),
  )
  try {
    await refuseOld(options)
    return await openRedis(options)
  } catch (error) {
    if (error instanceof FanfareError && error.code !== 'unavailable') throw error
    const why = error instanceof Error ? error.message : String(error)
    throw new FanfareError('unavailable', `${why}. ${advice}`, { cause: error })
  } finally {
    clearInterval(holding)
    saying.cancel()
  }
}

const advice =
  'Start Redis or correct REDIS_URL (fanfare doctor says more); without REDIS_URL this node runs alone, on its own disk.'

/** Whoever cannot be asked is waited for by whoever opens. */
const refuseOld = async ({ address, clock }: RedisOptions): Promise<void> => {
  const [endpoint] = address.nodes
  if (endpoint === undefined) return
  const version = await versionAt({ endpoint, entry: address, clock, name: 'fanfare:version' })
  if (version === undefined || version[0] >= oldestMajor) return
  throw new Error(
    `Redis at ${nameOf(endpoint)} is version ${version.join('.')}, and ${oldestMajor} is the oldest that will do`,
  )
}

const versionAt = async (options: Parameters<typeof openConnection>[0]) => {
  try {
    const connection = await openConnection(options)
    connection.destroy('everything was asked')
    return connection.info.version
  } catch {
    return undefined
  }
}
