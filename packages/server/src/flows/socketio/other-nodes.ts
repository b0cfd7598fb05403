/**
 * Engine.IO across nodes, as the node sees it where the client landed: its polls and posts are carried to the node that has
 * the session, its WebSocket is relayed there. What others ask of this node is for `ForOthers`.
 */

import type { Quotas } from '../../auth/quotas.ts'
import type { Engine } from '../../engine/engine.ts'
import type { Link, LinkReader } from '../../hub/link.ts'
import type { Services } from '../services.ts'
import { nodeOfEngineId } from './engine-id.ts'
import { FarSessions } from './far-sessions.ts'
import { ForOthers, type Here } from './for-others.ts'
import type { Answer, Letter, SessionAddress } from './letters.ts'
import { Mail } from './mail.ts'
import { Questions } from './questions.ts'
import { Relay } from './relay.ts'
import { Watch } from './watch.ts'

/** A session of another node. */
export type FarSession = SessionAddress & { readonly node: string }

/** Who waits for the answer to a poll, and how long. */
export type Patience = { readonly withinMs: number; readonly signal: AbortSignal }

export type OtherNodesServices = Pick<Services, 'clock' | 'limits' | 'log'> & {
  readonly engine: Pick<Engine, 'courier' | 'node'>
  readonly quotas: Pick<Quotas, 'seek'>
}

const seekMs = 10_000
const postMs = 10_000
/** A node that cannot be asked in this time is as good as gone: its clients wait. */
const yieldMs = 2_000

/** JSON makes six characters of some bytes. */
const escaped = 6

export class OtherNodes {
  readonly #services: OtherNodesServices
  readonly #mostBytes: number
  readonly #mail: Mail
  readonly #questions: Questions
  readonly #watch: Watch
  readonly #sessions = new FarSessions()
  readonly #relays = new Map<string, Relay>()
  #last = 0

  /** @param maxPayload bytes of the largest message of a client */
  constructor(services: OtherNodesServices, maxPayload: number) {
    const { clock, engine, limits, log } = services
    const largest = 2 * Math.max(limits.outboxBytes, maxPayload)
    this.#services = services
    this.#mostBytes = 2 * largest
    this.#mail = new Mail({ courier: engine.courier, clock, log, largest: escaped * largest })
    this.#watch = new Watch(this.#mail)
    this.#questions = new Questions(this.#mail, clock, this.#watch)
  }

  /** Resolves with what stops it. */
  async start(here: Here): Promise<() => Promise<void>> {
    const { clock } = this.#services
    const forOthers = new ForOthers({ here, mail: this.#mail, watch: this.#watch })
    const stopMail = await this.#mail.start((from, letter) => {
      this.#watch.heard(from)
      if (!this.#read(from, letter)) forOthers.read(from, letter)
    })
    const stopWatch = this.#watch.start(clock)
    return async () => {
      stopWatch()
      await stopMail()
    }
  }

  /** The node that gave the id, where it is not this one. */
  nodeOf(sid: string): string | undefined {
    const node = nodeOfEngineId(sid)
    return node === this.#services.engine.node ? undefined : node
  }

  /**
   * Before anything else is carried for a session: `there`, `refused` where it has a WebSocket, or `unknown`. Anybody can make
   * up an id that names a node, so what is not known here costs the address, which is given back where the session is there.
   *
   * @throws FanfareError `rate_limited`, `overloaded`
   */
  async seek(session: FarSession, address: string): Promise<Answer> {
    if (this.#sessions.has(session)) return { kind: 'there' }
    const { node, path, sid } = session
    const giveBack = this.#services.quotas.seek(address)
    const letter = (id: string): Letter => ({ type: 'seek', id, path, sid })
    const answer = await this.#questions.ask({ node, letter, withinMs: seekMs })
    if (answer?.kind !== 'there') return answer ?? { kind: 'unknown' }
    giveBack()
    this.#sessions.add(session)
    return answer
  }

  /** At most one of a session is open: another ends it. @throws FanfareError `overloaded` */
  async poll(session: FarSession, patience: Patience): Promise<Answer> {
    const { node, path, sid } = session
    const letter = (id: string): Letter => ({ type: 'poll', id, path, sid })
    return this.#one('poll', session, async () => {
      const answer = await this.#questions.ask({ node, letter, ...patience })
      const lost = !answer || patience.signal.aborted
      if (lost) this.#say(node, { type: 'lost', path, sid })
      if (lost || answer.kind !== 'payload') this.#sessions.forget(session)
      return answer ?? { kind: 'unknown' }
    })
  }

  /**
   * At most once: whether a post that was not answered was taken, nobody knows, and the session ends. At most one of a session
   * is open: another ends it.
   *
   * @param read reads the body; what it throws ends the session and is thrown on
   * @throws FanfareError `overloaded`
   */
  async post(session: FarSession, read: () => Promise<string>): Promise<Answer> {
    const { node, path, sid } = session
    return this.#one('post', session, async () => {
      const body = await read().catch((error: unknown) => {
        this.refuse(session)
        throw error
      })
      const letter = (id: string): Letter => ({ type: 'post', id, path, sid, body })
      const answer = await this.#questions.ask({ node, letter, withinMs: postMs })
      if (answer?.kind === 'taken') return answer
      if (!answer) this.refuse(session)
      else this.#sessions.forget(session)
      return answer ?? { kind: 'unknown' }
    })
  }

  /** What the client sent is not taken. Nothing where the session is not known any more: then it was told, or is over. */
  refuse(session: FarSession): void {
    const { node, path, sid } = session
    if (this.#sessions.forget(session)) this.#say(node, { type: 'refuse', path, sid })
  }

  relay({ node, path, sid }: FarSession, link: Link): LinkReader {
    const name = `${++this.#last}`
    const relay = new Relay({ node, name, link, mail: this.#mail, mostBytes: this.#mostBytes, forget: this.#forget })
    this.#relays.set(name, relay)
    this.#watch.add(relay)
    relay.open(path, sid)
    return relay
  }

  /** Resolves once nothing more goes out in that life of a session, or nothing can be said of that node. */
  async yield(node: string, life: string): Promise<void> {
    const letter = (id: string): Letter => ({ type: 'yield', id, life })
    const answer = await this.#questions.ask({ node, letter, withinMs: yieldMs })
    if (!answer) this.#services.log.warn({ node, life }, 'a node did not say that it gave up a session')
  }

  /** WebSockets here whose sessions are elsewhere. */
  relays(): readonly Relay[] {
    return [...this.#relays.values()]
  }

  readonly #forget = (relay: Relay): void => {
    this.#relays.delete(relay.name)
    this.#watch.remove(relay)
  }

  async #one(kind: 'poll' | 'post', session: FarSession, ask: () => Promise<Answer>): Promise<Answer> {
    const answer = await this.#sessions.one(kind, session, ask)
    if (!answer) this.refuse(session)
    return answer ?? { kind: 'refused' }
  }

  #say(node: string, letter: Letter): void {
    void this.#mail.send(node, letter)
  }

  /** What the nodes say that have the sessions. False when the letter is not for where the client is. */
  #read(from: string, letter: Letter): boolean {
    switch (letter.type) {
      case 'answer':
        this.#questions.answered(from, letter.id, letter.answer)
        return true
      case 'down': {
        const relay = this.#relayOf(from, letter.link)
        if (relay) relay.down(letter.n, letter.frames)
        else this.#say(from, { type: 'gone', link: letter.link, clean: false })
        return true
      }
      case 'close':
        this.#relayOf(from, letter.link)?.close(letter.how, letter.reason)
        return true
      case 'beat':
        if (!this.#watch.knows(from)) this.#say(from, { type: 'here' })
        for (const [name, sent] of letter.down) this.#compare(from, name, sent)
        return false
      case 'here':
        return true
      default:
        return false
    }
  }

  #compare(from: string, name: string, sent: number): void {
    const relay = this.#relayOf(from, name)
    if (!relay) this.#say(from, { type: 'gone', link: name, clean: false })
    else if (relay.tally.received < sent) relay.broken()
  }

  #relayOf(from: string, name: string): Relay | undefined {
    const relay = this.#relays.get(name)
    return relay?.node === from ? relay : undefined
  }
}
