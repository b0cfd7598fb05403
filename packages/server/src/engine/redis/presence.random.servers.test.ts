/**
 * Random histories of three nodes that enter, leave, renew, die and lose messages, against a model of a few lines: every node
 * ends with what is, and one that lost nothing was told each change once and in order.
 */
import { afterAll, expect, test } from 'bun:test'
import { startRedis } from '../../redis/servers.world.ts'
import { entry, type Node, PresenceWorld, ward } from './presence.world.ts'

const server = await startRedis()
afterAll(() => server[Symbol.asyncDispose]())

const leaseMs = 20_000
const renewMs = 10_000

/** Mulberry32: the same numbers for the same seed. */
const randomOf = (seed: number) => {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let bits = Math.imul(state ^ (state >>> 15), 1 | state)
    bits = (bits + Math.imul(bits ^ (bits >>> 7), 61 | bits)) ^ bits
    return ((bits ^ (bits >>> 14)) >>> 0) / 2 ** 32
  }
}

type Said = { readonly node: Node; readonly session: string; state: number; until: number }
type Shown = { sessions: Said[]; state: number; since: string; grace: { session: string; until: number } | undefined }

/** Who is in, and what every user's changes were. */
class Model {
  readonly users = new Map<string, Shown>()
  readonly changes = new Map<string, string[]>()

  enter(user: string, said: Said, now: number): void {
    const shown = this.users.get(user)
    if (!shown) {
      const since = new Date(now).toISOString()
      this.users.set(user, { sessions: [said], state: said.state, since, grace: undefined })
      this.#tell(user, 'join')
      return
    }
    shown.grace = undefined
    shown.sessions = [...shown.sessions.filter(({ session }) => session !== said.session), said]
    this.#show(user, shown)
  }

  leave(user: string, session: string, graceUntil: number): void {
    const shown = this.users.get(user)
    if (!shown) return
    const isIn = shown.sessions.some((said) => said.session === session)
    shown.sessions = shown.sessions.filter((said) => said.session !== session)
    if (shown.sessions.length > 0) this.#show(user, shown)
    else if (isIn && graceUntil > 0) shown.grace = { session, until: graceUntil }
    else if (isIn || (shown.grace?.session === session && graceUntil === 0)) this.#remove(user)
  }

  sweep(now: number): void {
    for (const [user, shown] of this.users) {
      const over = shown.sessions.filter(({ until }) => until <= now).sort((a, b) => (a.session < b.session ? -1 : 1))
      for (const { session } of over) this.leave(user, session, 0)
      if (shown.grace && shown.grace.until <= now) this.#remove(user)
    }
  }

  renew(node: Node, now: number): void {
    for (const shown of this.users.values()) {
      for (const said of shown.sessions) if (said.node === node) said.until = now + leaseMs
    }
  }

  get members() {
    return [...this.users].map(([userId, { state, since }]) => ({ userId, state, since })).sort(byUser)
  }

  #show(user: string, shown: Shown): void {
    const { state } = shown.sessions.at(-1)!
    if (state === shown.state) return
    shown.state = state
    this.#tell(user, 'update')
  }

  #remove(user: string): void {
    this.users.delete(user)
    this.#tell(user, 'leave')
  }

  #tell(user: string, change: string): void {
    this.changes.set(user, [...(this.changes.get(user) ?? []), `${change} ${user}`])
  }
}

const byUser = (a: { userId: string }, b: { userId: string }) => (a.userId < b.userId ? -1 : 1)

class History {
  readonly #world: PresenceWorld
  readonly #random: () => number
  readonly #model = new Model()
  /** The nodes that have lost nothing, from the beginning. */
  readonly #whole: Set<Node>
  #sinceRenewal = 0

  constructor(world: PresenceWorld, random: () => number) {
    this.#world = world
    this.#random = random
    this.#whole = new Set(world.nodes)
  }

  async play(steps: number): Promise<void> {
    for (const node of this.#world.nodes) await node.listen()
    for (let step = 0; step < steps; step++) await this.#step()
    for (const node of this.#living) node.isLost = () => false
    for (const node of this.#living) await node.compare()
    await this.#wait(1)
    await this.#check()
  }

  get #living(): Node[] {
    return this.#world.nodes.filter(({ lives }) => lives)
  }

  #pick<T>(items: readonly T[]): T {
    return items[Math.floor(this.#random() * items.length)]!
  }

  async #step(): Promise<void> {
    const kind = this.#random()
    if (kind < 0.55) await this.#act()
    else if (kind < 0.75) await this.#wait(1 + Math.floor(this.#random() * 8))
    else if (kind < 0.85) this.#lose()
    else if (kind < 0.97) await this.#pick(this.#living).compare()
    else await this.#replace()
    if (this.#random() < 0.5) await this.#world.settle()
  }

  /** Several users at once, each at one node. */
  async #act(): Promise<void> {
    const now = this.#world.clock.now()
    const users = ['ann', 'bob', 'cid', 'dan', 'eve'].filter(() => this.#random() < 0.5)
    await Promise.all(
      users.map(async (user) => {
        const node = this.#pick(this.#living)
        const session = `${user}${this.#world.nodes.indexOf(node)}${this.#pick(['x', 'y'])}`
        if (this.#random() < 0.6) {
          const state = this.#pick([1, 2])
          this.#model.enter(user, { node, session, state, until: now + leaseMs }, now)
          return await node.enter(user, session, state)
        }
        const graceMs = this.#pick([0, 0, 3_000])
        this.#model.leave(user, session, graceMs === 0 ? 0 : now + graceMs)
        await node.leave(user, session, graceMs)
      }),
    )
  }

  async #wait(seconds: number): Promise<void> {
    // Time that passes while messages are on their way makes nodes read instead, which tells in another order.
    await this.#world.settle()
    for (let second = 0; second < seconds; second++) {
      await this.#world.advance(1_000)
      this.#sinceRenewal += 1_000
      this.#model.sweep(this.#world.clock.now())
      if (this.#sinceRenewal < renewMs) continue
      this.#sinceRenewal = 0
      for (const node of this.#living) {
        this.#model.renew(node, this.#world.clock.now())
        await node.presence.renew(this.#entriesOf(node))
      }
    }
  }

  #entriesOf(node: Node) {
    return [...this.#model.users].flatMap(([user, { sessions }]) =>
      sessions.filter((said) => said.node === node).map(({ session }) => entry(user, session)),
    )
  }

  #lose(): void {
    const node = this.#pick(this.#world.nodes.slice(1))
    const share = this.#pick([0, 0.3, 1])
    node.isLost = () => this.#random() < share
    if (share > 0) this.#whole.delete(node)
  }

  async #replace(): Promise<void> {
    const node = this.#pick(this.#living.slice(1))
    await this.#world.settle()
    await node.kill()
    this.#whole.delete(node)
    await (await this.#world.add()).listen()
  }

  async #check(): Promise<void> {
    const { members } = this.#model
    for (const node of this.#living) {
      expect([...(await node.presence.read(ward))].sort(byUser)).toEqual(members)
      expect([...node.seen.get(ward)!.values()].sort(byUser)).toEqual(members)
      expect(node.wrong).toEqual([])
    }
    const [first, ...others] = [...this.#whole]
    for (const [user, changes] of this.#model.changes) {
      expect(first!.told.filter((line) => line.endsWith(user))).toEqual(changes)
    }
    for (const other of others) expect(other.told).toEqual(first!.told)
  }
}

for (let seed = 1; seed <= 40; seed++) {
  test(`history ${seed}`, async () => {
    await using world = await PresenceWorld.open(server.url, 3)
    await new History(world, randomOf(seed)).play(60)
  }, 20_000)
}
