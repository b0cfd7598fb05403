/**
 * A client of the simulation: connects to any node, subscribes, resumes by position, comes again when it is refused, and
 * publishes with a key until that is acknowledged.
 */
import { defaultLimits, type Position } from '@fanfare/protocol'
import { connect } from '../../flows/connect.ts'
import { disconnect } from '../../flows/disconnect.ts'
import type { Chance } from '../../flows/race.chance.ts'
import { subscribe } from '../../flows/subscribe.ts'
import { unsubscribe } from '../../flows/unsubscribe.ts'
import type { Session } from '../../hub/session.ts'
import type { LogRoom } from '../../model/room.ts'
import { decodeLimits, nativeDialect } from '../../wire/native.ts'
import type { Ledger } from './simulation.ledger.ts'
import type { SimulatedNode } from './simulation.node.ts'
import { Reader, ReaderLink } from './simulation.reader.ts'
import type { SimulatedTime } from './simulation.time.ts'

export type ClientOptions = {
  readonly name: string
  readonly nodes: readonly SimulatedNode[]
  readonly time: SimulatedTime
  readonly chance: Chance
  readonly ledger: Ledger
  readonly hasLost: (room: string, from: Position) => boolean
}

const dialect = nativeDialect(decodeLimits(defaultLimits))
const identity = { tenantId: 't', userId: 'u', roles: [], grants: [], claims: {}, expiresAt: 0 }

export class SimulatedClient {
  /** Publishes that are not acknowledged yet. */
  publishing = 0
  readonly #options: ClientOptions
  readonly #reader: Reader
  /** The rooms it wants to be in. */
  readonly #wanted = new Set<string>()
  #node: SimulatedNode
  #session: Session
  #published = 0

  constructor(options: ClientOptions) {
    this.#options = options
    this.#reader = new Reader(options)
    this.#node = options.chance.pick(options.nodes)
    this.#session = this.#connect()
  }

  get rooms(): Iterable<string> {
    return this.#wanted
  }

  get node(): SimulatedNode {
    return this.#node
  }

  positionIn(room: string): Position | undefined {
    return this.#reader.positions.get(room)
  }

  /** Whether it is in the room and follows it. */
  isLive(room: string): boolean {
    for (const { name, state } of this.#session.subscriptions.values()) if (name === room) return state === 'live'
    return false
  }

  enters(room: string): void {
    if (this.#wanted.has(room)) return
    this.#wanted.add(room)
    const since = this.#options.chance.pick(['where it was', 'where it was', 'earliest', 'now'] as const)
    if (since !== 'where it was') this.#reader.positions.delete(room)
    void this.#subscribe(this.#session, room, since === 'earliest' ? 'earliest' : undefined)
  }

  leaves(room: string): void {
    if (!this.#wanted.delete(room)) return
    const { services } = this.#node
    // A subscription that is still under way may not be there to be left.
    unsubscribe(services, this.#session, { room }).catch(() => undefined)
  }

  /** The link is cut; it comes back to any node, and resumes all its rooms where it was. */
  moves(): void {
    this.#session.link.terminate()
    this.#session.open = false
    disconnect(this.#node.services, this.#session, true)
    this.#node = this.#options.chance.pick(this.#options.nodes)
    this.#session = this.#connect()
    for (const room of this.#wanted) void this.#subscribe(this.#session, room, undefined)
  }

  /** Now and then again by another node, as one who does not know whether it was done. */
  async publishes(room: LogRoom, name: string): Promise<void> {
    const { chance, time, nodes } = this.#options
    const key = `${this.#options.name}-${++this.#published}`
    this.publishing++
    for (let tries = 0; ; tries++) {
      const node = tries === 0 ? this.#node : chance.pick(nodes)
      const id = `${key}-${tries}`
      const draft = {
        id,
        type: 'e',
        tenantId: 't',
        room: name,
        data: key,
        timestamp: new Date(time.now()).toISOString(),
      }
      try {
        const { epoch, offset } = await node.publish(room, draft, { key })
        if (chance.below(6) === 0) this.#looks(node, room, { epoch, offset: Math.max(0, offset - 1 - chance.below(4)) })
        break
      } catch {
        await time.sleep(50 + chance.below(400))
      }
    }
    this.publishing--
  }

  /** As somebody who comes back at this moment. */
  #looks(node: SimulatedNode, room: LogRoom, after: Position): void {
    node.read(room, { after, limit: 8 }).catch(() => undefined)
  }

  #connect(): Session {
    const link = new ReaderLink(this.#reader)
    return connect(this.#node.services, { link, dialect, identity, endpoint: undefined })
  }

  /** Until it is in the room, or no longer wants to, or its link ended. */
  async #subscribe(session: Session, room: string, first: 'earliest' | undefined): Promise<void> {
    const { time, chance } = this.#options
    const { services } = this.#node
    while (session === this.#session && this.#wanted.has(room)) {
      const since = this.#reader.positions.get(room) ?? first
      this.#reader.asks(room, since)
      try {
        await subscribe(services, session, { room, ...(since === undefined ? {} : { since }) })
        if (session === this.#session && !this.#wanted.has(room)) await unsubscribe(services, session, { room })
        return
      } catch {
        await time.sleep(100 + chance.below(500))
      }
    }
  }
}
