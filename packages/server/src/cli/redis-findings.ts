/** What `fanfare doctor` finds out about Redis, by opening it as a node does. Changes nothing there but what every node's own signs of life do. */
import type { Config } from '../config.ts'
import { systemClock } from '../lib/clock.ts'
import { parseRedisAddress } from '../redis/address.ts'
import { inspectServer, risksOf } from '../redis/inspect.ts'
import type { Redis, ShardState } from '../redis/redis.ts'
import { tryOut } from '../store/redis-texts.ts'
import type { Finding } from './findings.ts'
import { withRedis } from './trust-at.ts'

const about = 'redis'
/** A sign of life goes through Pub/Sub and comes back well within this time. */
const soundMs = 5_000

export const redisFindings = async (config: Config): Promise<readonly Finding[]> => {
  if (config.redisUrl === undefined) return []
  try {
    return await withRedis(config, (redis) => examine(redis, config.redisUrl ?? ''))
  } catch (error) {
    return [{ state: 'failed', about, detail: error instanceof Error ? error.message : String(error) }]
  }
}

const examine = async (redis: Redis, redisUrl: string): Promise<readonly Finding[]> => {
  await soundness(redis)
  const findings: Finding[] = []
  for (const shard of redis.shards()) {
    findings.push(...(await findingsOf(shard, redisUrl)), ...(await writing(redis, shard)))
  }
  return findings
}

/** A server may answer, and yet not let this user do what nodes do. */
const writing = async (redis: Redis, { address, partitions }: ShardState): Promise<readonly Finding[]> => {
  try {
    for (const partition of partitions.slice(0, 1)) await tryOut(redis, partition)
    return []
  } catch (error) {
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error
    const why = cause instanceof Error ? cause.message : String(cause)
    return [{ state: 'failed', about, detail: `${address} refuses to be written to: ${why}` }]
  }
}

const soundness = async (redis: Redis): Promise<void> => {
  const deadline = Date.now() + soundMs
  while (Date.now() < deadline && redis.shards().some(({ healthy }) => !healthy)) {
    await new Promise<void>((resolve) => void systemClock.after(50, resolve))
  }
}

const findingsOf = async (
  { address, healthy, partitions }: ShardState,
  redisUrl: string,
): Promise<readonly Finding[]> => {
  const entry = parseRedisAddress(redisUrl)
  const report = await inspectServer({ address, entry, clock: systemClock })
  const share = report.cluster === 'none' ? '' : `, cluster with ${partitions.length} partitions here`
  const sound: Finding = healthy
    ? { state: 'ok', about, detail: `${address} answers: ${report.version}${share}; sharded Pub/Sub comes back` }
    : {
        state: 'failed',
        about,
        detail: `${address} answers (${report.version}), but what is published does not come back: may this user SSUBSCRIBE and SPUBLISH under the prefix (ACL: &fanfare:*)?`,
      }
  const broken: readonly Finding[] =
    report.cluster === 'fail'
      ? [
          {
            state: 'failed',
            about,
            detail: `${address} says cluster_state:fail: some slots have no master (redis-cli --cluster check)`,
          },
        ]
      : []
  return [sound, ...broken, ...risksOf(report).map((detail): Finding => ({ state: 'unsafe', about, detail }))]
}
