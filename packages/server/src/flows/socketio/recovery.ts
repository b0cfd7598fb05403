/**
 * Sessions that come back: their state is kept from the moment they connect, and they are asked anew who they are and
 * what they may read. Owns the secret that ties a state to its client, the leases of live sessions and their end.
 */
import { createHash, timingSafeEqual } from 'node:crypto'
import type { Json, JsonObject } from '@fanfare/protocol'
import type { Room } from '../../app/app.ts'
import type { SessionChange, SessionState, StateRoom } from '../../engine/session-states.ts'
import { nodeIdLength, secretId } from '../../lib/ids.ts'
import type { Identity } from '../../model/identity.ts'
import { decodeCursor } from '../../wire/cursor.ts'
import { userMay } from '../authorise.ts'
import { contextOf } from '../context.ts'
import { ownRoom } from '../own-room.ts'
import type { Services } from '../services.ts'

/**
 * A live session, as far as its lease goes. Each time that a session begins or comes back is a life of it, with a name that
 * begins with the node: whoever takes the session is told whose it was, so that exactly that life is ended, and no later one.
 */
export type Recoverable = {
  readonly id: string
  readonly life: string
  /** Its client is back on another link: nothing more may go out on this one. */
  takenOver(): void
  /** Its state was over while it lived, as after a pause of the process: it could not come back. */
  lost(): void
  /** Writes what changed since, if anything did. */
  save(): void
}

/** A session that may begin: new, or one that comes back. */
export type Arriving = {
  readonly id: string
  /** Given to the client, which gives it back. */
  readonly pid: string
  readonly life: string
  readonly recovered: boolean
  /** Its rooms, and from where it is to be given what is in them. */
  readonly places: readonly StateRoom[]
  /** Where it began in them. */
  readonly begins: readonly StateRoom[]
  readonly data: Json
}

type ComingBack = {
  readonly identity: Identity
  readonly session: string
  readonly offset: Json | undefined
  readonly life: string
}
type Returned = Pick<Arriving, 'places' | 'begins' | 'data'>

type Ended = { readonly id: string; readonly life: string; readonly tenantId: string }

/** Asks another node to end a life there, because its session came back here. */
export type Yielding = { yield(node: string, life: string): Promise<void> }

/** Who arrives where. */
export type Arrival = { readonly identity: Identity; readonly namespace: string; readonly auth: JsonObject }

const expiredAtOnce = 100

export class Recovery {
  readonly forMs: number
  readonly #services: Services
  readonly #others: Yielding
  /** By life: where a session comes back, the one before may not have ended. */
  readonly #live = new Map<string, Recoverable>()
  /** Lives that are about to begin here: each was given the session, and nobody has taken it from them. */
  readonly #coming = new Set<string>()
  #lives = 0
  #sweeping = false

  constructor(services: Services, forMs: number, others: Yielding) {
    this.#services = services
    this.#others = others
    this.forMs = forMs
  }

  /** Resolves with what stops it. */
  async start(): Promise<() => Promise<void>> {
    const { clock, engine } = this.#services
    const stop = await engine.sessions.start()
    const timers = [
      clock.every(Math.min(1_000, Math.max(50, this.forMs / 4)), () => void this.#sweep()),
      clock.every(this.#renewMs, () => void this.#renew()),
    ]
    return async () => {
      for (const timer of timers) timer.cancel()
      await stop()
    }
  }

  ownRoom(tenantId: string, session: string): Room {
    return ownRoom({ tenantId, session, forMs: this.forMs })
  }

  /** The session that the client asks to come back to; undefined when it cannot, whatever the reason. @throws FanfareError `unavailable` */
  async find({ identity, namespace, auth }: Arrival): Promise<Arriving | undefined> {
    const { pid, offset } = auth
    if (typeof pid !== 'string') return undefined
    const [session = '', secret = ''] = pid.split('.')
    const state = await this.#services.engine.sessions.find(session)
    if (!state || !sameSecret(state.secret, secret)) return undefined
    const { tenantId, userId } = identity
    if (state.tenantId !== tenantId || state.userId !== userId || state.namespace !== namespace) return undefined
    const life = this.#newLife()
    this.#coming.add(life)
    let back: Returned | undefined
    try {
      back = await this.#comeBack({ identity, session, offset, life })
      return back && { id: session, pid, life, recovered: true, ...back }
    } finally {
      if (!back) this.#coming.delete(life)
    }
  }

  /** Whether it may begin still: its client may be on another link already. Asked once of each that arrives. */
  begins({ life, recovered }: Pick<Arriving, 'life' | 'recovered'>): boolean {
    return this.#coming.delete(life) || !recovered
  }

  /** The client of that life is on another link, here or elsewhere: nothing more may go out. */
  yield(life: string): void {
    this.#coming.delete(life)
    this.#live.get(life)?.takenOver()
  }

  async #comeBack({ identity, session, offset, life }: ComingBack): Promise<Returned | undefined> {
    const state = await this.#take(session, life)
    if (!state) return undefined
    const places = this.#placesOf(state, offset)
    const whole = await Promise.all(places.map((place) => this.#isWhole(identity, session, place)))
    if (!whole.every(Boolean)) return undefined
    const renewed = await this.#services.engine.sessions.renew([session], this.#leaseMs)
    return renewed.has(session) ? { places, begins: state.rooms, data: state.data } : undefined
  }

  /** Its state, once nothing more goes out where it was. Whoever proved to be its client is not on the old link any more. */
  async #take(session: string, life: string): Promise<SessionState | undefined> {
    const { engine } = this.#services
    const taken = await engine.sessions.take(session, life)
    if (!taken) return undefined
    const node = taken.node.slice(0, nodeIdLength)
    if (node === engine.node) this.yield(taken.node)
    else if (node !== '') await this.#others.yield(node, taken.node)
    return engine.sessions.find(session)
  }

  #newLife(): string {
    return `${this.#services.engine.node}${++this.#lives}`
  }

  /** A new session in these rooms, its state kept. @throws FanfareError `unavailable`, `unknown_room` */
  async create({ identity, namespace }: Arrival, rooms: readonly string[]): Promise<Arriving> {
    const { tenantId, userId } = identity
    const session = secretId()
    const secret = secretId()
    const own = this.ownRoom(tenantId, session).name
    const places = await Promise.all([own, ...rooms].map((name) => this.place(tenantId, session, name)))
    const life = this.#newLife()
    const of = { session, secret: hashOf(secret), tenantId, userId, namespace, node: life }
    const state = { ...of, rooms: places, data: {} }
    await this.#services.engine.sessions.create(state, this.#leaseMs)
    return { id: session, pid: `${session}.${secret}`, life, recovered: false, places, begins: places, data: {} }
  }

  /** Where the room's log is now. @throws FanfareError `unknown_room`, `unavailable` */
  async place(tenantId: string, session: string, name: string): Promise<StateRoom> {
    const room = this.roomOf(tenantId, session, name)
    const { top } = await this.#services.engine.log.read(room, { after: 'latest', limit: 1 })
    return { name, epoch: top.epoch, offset: top.offset }
  }

  /** @throws FanfareError `unknown_room` */
  roomOf(tenantId: string, session: string, name: string): Room {
    const own = this.ownRoom(tenantId, session)
    return name === own.name ? own : this.#services.app.room(tenantId, name)
  }

  enter(session: Recoverable): void {
    this.#live.set(session.life, session)
  }

  /** It broke off, and has the window to come back. */
  left(session: Recoverable): void {
    if (!this.#live.delete(session.life)) return
    this.#write(this.#services.engine.sessions.renew([session.id], this.forMs))
  }

  /** It ended for good. */
  forget({ id, life, tenantId }: Ended): void {
    this.#live.delete(life)
    this.#write(this.#services.engine.sessions.forget(id))
    this.#write(this.#forgetRoom(tenantId, id))
  }

  /** Most sessions were never emitted to, and their rooms were never written. */
  async #forgetRoom(tenantId: string, session: string): Promise<void> {
    const { log } = this.#services.engine
    const room = this.ownRoom(tenantId, session)
    const { top } = await log.read(room, { after: 'latest', limit: 1 })
    if (top.offset > 0) await log.forget(room)
  }

  update(session: string, change: SessionChange): Promise<boolean> {
    return this.#services.engine.sessions.update(session, change)
  }

  /** From where each room goes on: from the event that the client saw last, or from where the session began in the room. */
  #placesOf(state: SessionState, offset: Json | undefined): readonly StateRoom[] {
    const own = this.ownRoom(state.tenantId, state.session).name
    const names = state.rooms.map(({ name }) => name)
    const seen = decodeCursor(typeof offset === 'string' ? offset : '', names)
    // Clients keep the last position of the session before this one too: only what names this session's own room is of it.
    if (!seen.has(own)) return state.rooms
    return state.rooms.map((begin) => {
      const last = seen.get(begin.name)
      // Before its beginning the session was not in the room, whatever a client says.
      if (!last || (last.epoch === begin.epoch && last.offset < begin.offset)) return begin
      return { name: begin.name, ...last }
    })
  }

  /** Whether the user may read the room now, and nothing that was missed is gone. */
  async #isWhole(identity: Identity, session: string, { name, ...after }: StateRoom): Promise<boolean> {
    const { auth, engine, log } = this.#services
    try {
      const room = this.roomOf(identity.tenantId, session, name)
      const asked = { room, action: 'subscribe' } as const
      if (!(await userMay(this.#services, auth.userOf(identity), asked))) return false
      return room.log.keep === 0 || (await engine.log.read(room, { after, limit: 1 })).ok
    } catch (error) {
      log.info({ error, session }, 'a room of a session that came back could not be read')
      return false
    }
  }

  get #renewMs(): number {
    return Math.max(250, Math.min(10_000, this.forMs / 4))
  }

  /** Of a live session: the window counts from when it was last known to live, and never less. */
  get #leaseMs(): number {
    return this.forMs + 2 * this.#renewMs
  }

  async #renew(): Promise<void> {
    const sessions = [...this.#live.values()]
    for (const session of sessions) session.save()
    try {
      const ids = sessions.map(({ id }) => id)
      const renewed = await this.#services.engine.sessions.renew(ids, this.#leaseMs)
      for (const session of sessions) {
        if (!renewed.has(session.id) && this.#live.has(session.life)) session.lost()
      }
    } catch (error) {
      this.#services.log.warn({ error }, 'the states of sessions were not renewed; it is tried again')
    }
  }

  async #sweep(): Promise<void> {
    if (this.#sweeping) return
    this.#sweeping = true
    try {
      for (const state of await this.#services.engine.sessions.expire(expiredAtOnce)) await this.#expire(state)
    } catch (error) {
      this.#services.log.warn({ error }, 'sessions that are over could not be looked up; it is tried again')
    } finally {
      this.#sweeping = false
    }
  }

  async #expire(state: SessionState): Promise<void> {
    const { app, engine, log } = this.#services
    const { session, tenantId, userId, namespace, data } = state
    this.#live.get(state.node)?.lost()
    const rooms = state.rooms.map(({ name }) => name).filter((name) => !name.startsWith('__'))
    try {
      const context = contextOf(this.#services, { tenantId, namespace, cause: `expired|${session}` })
      await app.socketio?.namespaces.get(namespace)?.expired?.(context, { id: session, namespace, userId, rooms, data })
    } catch (error) {
      log.error({ error, session }, 'what the application does when a session expires failed')
    }
    await this.#forgetRoom(tenantId, session)
    await engine.sessions.forget(session)
  }

  /** Nobody waits for it: what is not written ends by itself, a little later. */
  #write(written: Promise<unknown>): void {
    written.catch((error: unknown) => this.#services.log.warn({ error }, 'the state of a session was not written'))
  }
}

const hashOf = (secret: string): string => createHash('sha256').update(secret).digest('base64url')

const sameSecret = (hash: string, secret: string): boolean =>
  timingSafeEqual(Buffer.from(hash), Buffer.from(hashOf(secret)))
