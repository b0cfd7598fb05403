/** Nodes beside the one that a contract is played on: what each has, and all that it was told. */
import type { LocalSessions, SessionFilter, SessionInfo, TenantCounts } from './directory.ts'
import type { Engine } from './engine.ts'
import type { NodeMessage } from './node-bus.ts'

export type AnotherNode = {
  readonly engine: Engine
  /** As if its process had been killed: nothing that it does from now on has any effect. */
  kill(): Promise<void>
}

export type Letter = { readonly from: string; readonly message: string }

/** Until it no longer throws: what goes over a network comes soon, and no fake clock can say when. */
export const eventually = async (check: () => unknown, withinMs = 3_000): Promise<void> => {
  const until = performance.now() + withinMs
  for (;;) {
    try {
      await check()
      return
    } catch (error) {
      if (performance.now() > until) throw error
    }
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}

/** The sessions of a node that has no hub. */
export class SessionsHere implements LocalSessions {
  readonly #sessions = new Map<string, { readonly tenantId: string; readonly info: SessionInfo }>()

  put(tenantId: string, info: SessionInfo): void {
    this.#sessions.set(info.session, { tenantId, info })
  }

  remove(session: string): void {
    this.#sessions.delete(session)
  }

  find(session: string): SessionInfo | undefined {
    return this.#sessions.get(session)?.info
  }

  of(tenantId: string, { userId, limit }: SessionFilter): readonly SessionInfo[] {
    const all = [...this.#sessions.values()].filter((there) => there.tenantId === tenantId).map(({ info }) => info)
    return all.filter((info) => userId === undefined || info.userId === userId).slice(0, limit)
  }

  count(tenantId: string): TenantCounts {
    const all = this.of(tenantId, { limit: Number.POSITIVE_INFINITY })
    const tally = (names: readonly string[]) => {
      const counts: Record<string, number> = {}
      for (const name of names) counts[name] = (counts[name] ?? 0) + 1
      return counts
    }
    const sessionsByUser = tally(all.map(({ userId }) => userId))
    const sessionsByRoom = tally(all.flatMap(({ rooms }) => rooms))
    const [users, rooms] = [Object.keys(sessionsByUser).length, Object.keys(sessionsByRoom).length]
    return { sessions: all.length, users, rooms, sessionsByRoom, sessionsByUser }
  }
}

/** One more node of the world's cluster, and all that it was told. */
export class NodeStage {
  readonly engine: Engine
  readonly here = new SessionsHere()
  readonly received: NodeMessage[] = []
  readonly letters: Letter[] = []
  readonly #kill: () => Promise<void>
  #stops: (() => Promise<void>)[] = []

  constructor({ engine, kill }: AnotherNode) {
    this.engine = engine
    this.#kill = kill
  }

  async start(): Promise<this> {
    const { engine } = this
    this.#stops.push(await engine.log.start({ deliver() {}, lost() {} }))
    this.#stops.push(await engine.presence.start({ changed() {} }))
    this.#stops.push(await engine.bus.start((message) => this.received.push(message)))
    this.#stops.push(await engine.sessions.start())
    this.#stops.push(await engine.leases.start())
    this.#stops.push(await engine.directory.start(this.here))
    this.#stops.push(await engine.courier.start((from, message) => this.letters.push({ from, message })))
    return this
  }

  async stop(): Promise<void> {
    for (const stop of this.#stops.splice(0).reverse()) await stop()
  }

  kill(): Promise<void> {
    return this.#kill()
  }
}
