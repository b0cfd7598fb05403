/**
 * States of sessions in Redis, each in the partition of its session. When one is over is judged by the time that scripts are
 * told; that the server forgets it by itself, much later, is only a net. No state of its own but whether it runs.
 */
import { FanfareError, type Json } from '@fanfare/protocol'
import type { Call, Partition, Redis, Reply } from '../../redis/redis.ts'
import { readScript } from '../../redis/script.ts'
import {
  claimMs,
  type SessionChange,
  type SessionState,
  type SessionStates,
  type StateRoom,
} from '../session-states.ts'

export type RedisSessionStatesOptions = { readonly redis: Redis }

const scripts = {
  write: readScript(new URL('./scripts/states-write.lua', import.meta.url)),
  find: readScript(new URL('./scripts/states-find.lua', import.meta.url)),
  take: readScript(new URL('./scripts/states-take.lua', import.meta.url)),
  renew: readScript(new URL('./scripts/states-renew.lua', import.meta.url)),
  forget: readScript(new URL('./scripts/states-forget.lua', import.meta.url)),
  over: readScript(new URL('./scripts/states-over.lua', import.meta.url)),
  expire: readScript(new URL('./scripts/states-expire.lua', import.meta.url)),
}

/** How much longer than it lasts the server keeps a state that nobody takes: no node may have run. */
const netMs = 7 * 24 * 60 * 60_000
const renewedAtOnce = 500

export const createRedisSessionStates = ({ redis }: RedisSessionStatesOptions): SessionStates =>
  new RedisSessionStates(redis)

class RedisSessionStates implements SessionStates {
  readonly #redis: Redis
  #isRunning = false

  constructor(redis: Redis) {
    this.#redis = redis
  }

  async start(): Promise<() => Promise<void>> {
    this.#isRunning = true
    return async () => {
      this.#isRunning = false
    }
  }

  async create(state: SessionState, forMs: number): Promise<void> {
    const { session, node, rooms, data, ...body } = state
    const texts = [session, JSON.stringify(rooms), JSON.stringify(data)]
    await this.#runOn(session, 'write', [...texts, forMs, JSON.stringify(body), node, forMs + netMs])
  }

  async update(session: string, { rooms, data }: SessionChange): Promise<boolean> {
    return (await this.#runOn(session, 'write', [session, JSON.stringify(rooms), JSON.stringify(data)])) === 1
  }

  async find(session: string): Promise<SessionState | undefined> {
    return stateOf(session, (await this.#runOn(session, 'find', [session])) as readonly string[])
  }

  async take(session: string, node: string): Promise<SessionState | undefined> {
    return stateOf(session, (await this.#runOn(session, 'take', [session, node])) as readonly string[])
  }

  async renew(sessions: readonly string[], forMs: number): Promise<ReadonlySet<string>> {
    const renewed = await Promise.all(
      [...Map.groupBy(sessions, (session) => this.#redis.partitionOf(session))].flatMap(([partition, mine]) =>
        chunksOf(mine, renewedAtOnce).map((chunk) => this.#renew(partition, chunk, forMs)),
      ),
    )
    return new Set(renewed.flat())
  }

  async forget(session: string): Promise<void> {
    await this.#runOn(session, 'forget', [session])
  }

  async expire(limit: number): Promise<readonly SessionState[]> {
    const taken: SessionState[] = []
    while (taken.length < limit) {
      const shares = await this.#share(limit - taken.length)
      if (shares.size === 0) break
      // Others may take some of them first; then the next look shows what is left.
      const given = await Promise.all([...shares].map(([partition, share]) => this.#take(partition, share)))
      taken.push(...given.flat())
    }
    return taken
  }

  /** How many to take from each partition, so that the oldest of all come first. */
  async #share(limit: number): Promise<ReadonlyMap<Partition, number>> {
    const all = await Promise.all(
      this.#redis.partitions.map(async (partition) => {
        const times = (await this.#run(partition, {
          script: scripts.over,
          keys: this.#lists(partition),
          args: [limit],
        })) as readonly string[]
        return times.map((time) => ({ partition, at: Number(time) }))
      }),
    )
    const shares = new Map<Partition, number>()
    const oldest = all.flat().sort((a, b) => a.at - b.at)
    for (const { partition } of oldest.slice(0, limit)) shares.set(partition, (shares.get(partition) ?? 0) + 1)
    return shares
  }

  async #take(partition: Partition, limit: number): Promise<readonly SessionState[]> {
    const args = [this.#redis.key(partition, 'session-state', ''), limit, claimMs]
    const given = (await this.#run(partition, {
      script: scripts.expire,
      keys: this.#lists(partition),
      args,
    })) as readonly string[]
    return chunksOf(given, 5).flatMap(([session, ...fields]) => stateOf(session!, fields) ?? [])
  }

  async #renew(partition: Partition, sessions: readonly string[], forMs: number): Promise<readonly string[]> {
    const keys = [this.#lists(partition)[0]!, ...sessions.map((session) => this.#stateKey(partition, session))]
    return (await this.#run(partition, {
      script: scripts.renew,
      keys,
      args: [forMs, forMs + netMs, ...sessions],
    })) as readonly string[]
  }

  async #runOn(session: string, script: keyof typeof scripts, args: readonly (string | number)[]): Promise<Reply> {
    const partition = this.#redis.partitionOf(session)
    const keys = [this.#stateKey(partition, session), ...this.#lists(partition)]
    return await this.#run(partition, { script: scripts[script], keys, args })
  }

  /** @throws FanfareError `unavailable` before the start and after the end */
  async #run(partition: Partition, call: Call): Promise<Reply> {
    if (!this.#isRunning) throw new FanfareError('unavailable', 'The engine is not running.')
    return await this.#redis.run(partition, call)
  }

  #stateKey(partition: Partition, session: string): string {
    return this.#redis.key(partition, 'session-state', session)
  }

  /** Sessions that live, by when they are over; sessions that were taken, by when their taker must have dealt with them. */
  #lists(partition: Partition): readonly string[] {
    return [this.#redis.key(partition, 'sessions-live'), this.#redis.key(partition, 'sessions-taken')]
  }
}

const stateOf = (session: string, fields: readonly string[]): SessionState | undefined => {
  const [body, node, rooms, data] = fields
  if (body === undefined || node === undefined || rooms === undefined || data === undefined) return undefined
  return {
    session,
    ...(JSON.parse(body) as Pick<SessionState, 'secret' | 'tenantId' | 'userId' | 'namespace'>),
    node,
    rooms: JSON.parse(rooms) as readonly StateRoom[],
    data: JSON.parse(data) as Json,
  }
}

const chunksOf = <T>(items: readonly T[], size: number): readonly (readonly T[])[] =>
  Array.from({ length: Math.ceil(items.length / size) }, (_, index) => items.slice(index * size, (index + 1) * size))
