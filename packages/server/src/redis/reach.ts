/** Opens Redis for somebody who has just started something: waits a while and says so, and in the end says what to do. */
import { FanfareError } from '@fanfare/protocol'
import { describeAddress, nameOf } from './address.ts'
import { openRedis, type RedisOptions } from './connect.ts'
import { openConnection } from './connection.ts'
import type { OpenRedis } from './redis.ts'

/** Sharded Pub/Sub and scripts with flags came with it. Every Valkey has them. */
const oldestMajor = 7
const sayAfterMs = 1_000
const defaultPrefix = 'fanfare'

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
    return await openRedis(options).catch(async (error) => {
      const refused = await refusalAt(options)
      throw refused === undefined ? error : new Error(`Redis at ${where} says: ${refused}. ${rights(options)}`)
    })
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    throw new FanfareError('unavailable', `${why}. ${advice}`, { cause: error })
  } finally {
    clearInterval(holding)
    saying.cancel()
  }
}

const advice =
  'Start Redis or correct REDIS_URL (fanfare doctor says more); without REDIS_URL this node runs alone, on its own disk.'

const rights = ({ prefix = defaultPrefix }: RedisOptions): string =>
  `The user of REDIS_URL needs ~${prefix}:* and &${prefix}:* in Redis' ACL, with +@all -@dangerous +info +client|kill`

/** What a server that answers says to what every node does there; nothing when it lets it be done, or does not answer. */
const refusalAt = async ({ address, clock, prefix = defaultPrefix }: RedisOptions): Promise<string | undefined> => {
  const [endpoint] = address.nodes
  if (endpoint === undefined || address.kind === 'sentinel') return undefined
  try {
    const connection = await openConnection({ endpoint, entry: address, clock, name: 'fanfare:rights' })
    try {
      await connection.send('GET', `${prefix}:tried`)
      await connection.send('SPUBLISH', `${prefix}:tried`, '')
      await connection.send('SSUBSCRIBE', `${prefix}:tried`)
    } finally {
      connection.destroy('everything was asked')
    }
    return undefined
  } catch (error) {
    return error instanceof Error && error.message.startsWith('NOPERM') ? error.message : undefined
  }
}

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
