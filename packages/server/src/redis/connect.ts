/** Opens Redis, wherever it is. */
import { FanfareError } from '@fanfare/protocol'
import type { Clock } from '../lib/clock.ts'
import type { Log } from '../lib/log.ts'
import type { Metrics } from '../lib/metrics.ts'
import type { RedisAddress } from './address.ts'
import { openConnection } from './connection.ts'
import type { Call, Listener, OpenRedis, Partition, Reply } from './redis.ts'
import { singlePartition } from './tags.ts'

export type RedisOptions = {
  /** From {@link parseRedisAddress}. */
  readonly address: RedisAddress
  /** Stands before every key of this deployment. @default fanfare */
  readonly prefix?: string
  /** This node's id. */
  readonly node: string
  /** Of connections and waiting; never of what scripts are told. */
  readonly clock: Clock
  readonly log: Log
  readonly metrics: Metrics
  /** What scripts are told: the server's own time, or another in tests. @default server */
  readonly time?: 'server' | (() => number)
}

/** @throws FanfareError `unavailable` when Redis does not answer */
export const openRedis = async (options: RedisOptions): Promise<OpenRedis> => {
  const { address, prefix = 'fanfare', node, clock, log, time = 'server' } = options
  const endpoint = address.nodes[0]!
  const open = (name: string) => openConnection({ endpoint, entry: address, clock, name: `fanfare:${node}:${name}` })
  const [commands, subscriber] = await Promise.all([open('commands'), open('subscriber')])
  const listeners = new Map<string, Listener>()
  subscriber.onMessage((channel, message) => {
    try {
      listeners.get(channel)?.(channel, message)
    } catch (error) {
      log.error({ error }, 'a listener threw')
    }
  })
  const run = async (_: Partition, call: Call): Promise<Reply> => {
    const now = time === 'server' ? 0 : time()
    const rest = [call.keys.length, ...call.keys, now, commands.info.replid, ...call.args]
    try {
      return await commands.send('EVALSHA', call.script.sha, ...rest)
    } catch (error) {
      if (!(error instanceof Error && error.message.startsWith('NOSCRIPT'))) throw error
      return await commands.send('EVAL', call.script.source, ...rest)
    }
  }
  return {
    partitions: singlePartition,
    partitionOf: () => singlePartition[0]!,
    key: (partition, ...parts) => `${prefix}:{${partition.tag}}:${parts.join(':')}`,
    async run(partition, call) {
      try {
        return await run(partition, call)
      } catch (error) {
        throw new FanfareError('unavailable', 'Redis did not do it.', { cause: error })
      }
    },
    async subscribe(_, channels, listener) {
      for (const channel of channels) listeners.set(channel, listener)
      if (channels.length > 0) await subscriber.send('SSUBSCRIBE', ...channels)
    },
    async unsubscribe(_, channels) {
      for (const channel of channels) listeners.delete(channel)
      if (channels.length > 0) await subscriber.send('SUNSUBSCRIBE', ...channels)
    },
    onDoubt: () => () => {},
    shards: () => [
      {
        address: `${endpoint.host}:${endpoint.port}`,
        partitions: singlePartition,
        healthy: commands.open && subscriber.open,
      },
    ],
    async close() {
      commands.destroy('closed')
      subscriber.destroy('closed')
      await Promise.all([commands.ended, subscriber.ended])
    },
  }
}
