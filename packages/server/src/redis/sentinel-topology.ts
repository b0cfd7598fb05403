/** What the Sentinels say who the master is. Asks all of them, each by a connection that is kept, and believes the latest election. */
import type { Clock } from '../lib/clock.ts'
import type { Log } from '../lib/log.ts'
import { inTime } from '../lib/within.ts'
import { type Endpoint, type Entry, nameOf } from './address.ts'
import type { Connection } from './connection.ts'
import { Kept } from './kept.ts'
import type { Partition, Reply } from './redis.ts'
import type { Topology } from './topology.ts'

export type SentinelTopologyOptions = {
  readonly sentinels: readonly Endpoint[]
  readonly master: string
  readonly partitions: readonly Partition[]
  readonly open: (endpoint: Endpoint) => Promise<Connection>
  readonly clock: Clock
  readonly log: Log
}

type Vote = { readonly endpoint: Endpoint; readonly epoch: number }

/** The answer of SENTINEL MASTER: names and values in turn. */
export const voteOf = (reply: Reply): Vote => {
  const flat = Array.isArray(reply) ? reply.map(String) : []
  const field = (name: string) => flat[flat.findIndex((text, index) => index % 2 === 0 && text === name) + 1] ?? ''
  return { endpoint: { host: field('ip'), port: Number(field('port')) }, epoch: Number(field('config-epoch')) }
}

/** A Sentinel that was away for an election says who was master before it. */
export const electedBy = (votes: readonly Vote[]): Endpoint | undefined =>
  [...votes].sort((one, other) => other.epoch - one.epoch)[0]?.endpoint

/** One that hangs does not hold up what the others say. */
const answerMs = 700

export const sentinelTopology = (options: SentinelTopologyOptions): Topology => {
  const { sentinels, master, partitions, open, clock, log } = options
  let changed = () => {}
  const listen = (connection: Connection) => {
    // An older Sentinel answers nothing else on a connection that listens; there the next question finds the change.
    if (connection.info.version[0] < 7) return
    connection.onMessage(() => changed())
    // Refused or lost, the question of every second finds the change.
    connection.send('SUBSCRIBE', '+switch-master').catch(() => {})
  }
  const kept = sentinels.map((sentinel) => {
    const about = { address: nameOf(sentinel), for: 'sentinel' }
    return new Kept({ open: () => open(sentinel), clock, log, about, onOpen: listen })
  })
  for (const one of kept) one.start()
  return {
    partitions,
    everyMs: 1_000,
    onChange: (told) => {
      changed = told
    },
    async masters() {
      const ask = async (one: Kept) => voteOf(await (await one.ready(answerMs)).send('SENTINEL', 'MASTER', master))
      const votes = await Promise.allSettled(kept.map((one) => inTime(clock, answerMs, ask(one))))
      const elected = electedBy(votes.flatMap((vote) => (vote.status === 'fulfilled' ? [vote.value] : [])))
      if (elected !== undefined) return [{ endpoint: elected, partitions }]
      const why = votes.map((vote) => (vote.status === 'rejected' ? String(vote.reason) : '')).join('; ')
      throw new Error(`no Sentinel says who is ${master}: ${why}`)
    },
    async close() {
      await Promise.all(kept.map((one) => one.close()))
    },
  }
}

/** Sentinels often ask for no password where the servers do; one is sent only where it is asked for. */
export const openSentinel = async (
  { tls, username, password }: Entry,
  open: (entry: Entry) => Promise<Connection>,
): Promise<Connection> => {
  const anybody = { tls, username: undefined, password: undefined, db: 0 }
  try {
    return await open(anybody)
  } catch (error) {
    if (password === undefined || !/NOAUTH/.test(String(error))) throw error
    return open({ ...anybody, username, password })
  }
}
