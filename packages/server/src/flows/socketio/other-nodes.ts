/**
 * Engine.IO across nodes, as the node sees it where the client landed: its polls and posts are carried to the node that has
 * the session, its WebSocket is relayed there. What others ask of this node is for `ForOthers`.
 */

import type { Engine } from '../../engine/engine.ts'
import type { Link, LinkReader } from '../../hub/link.ts'
import type { Services } from '../services.ts'
import { nodeOfEngineId } from './engine-id.ts'
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
}

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

  /** @throws FanfareError `overloaded` */
  async poll({ node, path, sid }: FarSession, patience: Patience): Promise<Answer> {
    const letter = (id: string): Letter => ({ type: 'poll', id, path, sid })
    const answer = await this.#questions.ask({ node, letter, ...patience })
    if (!answer || patience.signal.aborted) this.#say(node, { type: 'lost', path, sid })
    return answer ?? { kind: 'unknown' }
  }

  /** At most once: whether a post that was not answered was taken, nobody knows, and the session ends. @throws FanfareError `overloaded` */
  async post({ node, path, sid }: FarSession, body: string): Promise<Answer> {
    const letter = (id: string): Letter => ({ type: 'post', id, path, sid, body })
    const answer = await this.#questions.ask({ node, letter, withinMs: postMs })
    if (!answer) this.#say(node, { type: 'refuse', path, sid })
    return answer ?? { kind: 'unknown' }
  }

  /** What the client sent is of a kind that is not taken. */
  refuse({ node, path, sid }: FarSession): void {
    this.#say(node, { type: 'refuse', path, sid })
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
