/**
 * What other nodes ask of this one: polls, posts and WebSockets of clients that landed there and whose sessions are here,
 * and sessions that came back there. Each ends as it would if the client had landed here.
 */
import type { CarriedSession } from './engine-port.ts'
import type { Answer, Letter, SessionAddress } from './letters.ts'
import type { Mail } from './mail.ts'
import { RelayedLink } from './relayed-link.ts'
import type { Watch } from './watch.ts'

/** The sessions at one path. */
export type SessionsAt = {
  readonly settings: { readonly path: string }
  find(sid: string): CarriedSession | undefined
}

/** What this node has. */
export type Here = {
  readonly engines: readonly SessionsAt[]
  /** The session came back elsewhere: nothing more may go out in that life of it. */
  readonly yields: (life: string) => void
}

export type ForOthersOptions = { readonly here: Here; readonly mail: Mail; readonly watch: Watch }

type Of<Type extends Letter['type']> = Letter & { readonly type: Type }

export class ForOthers {
  readonly #here: Here
  readonly #mail: Mail
  readonly #watch: Watch
  readonly #links = new Map<string, RelayedLink>()

  constructor({ here, mail, watch }: ForOthersOptions) {
    this.#here = here
    this.#mail = mail
    this.#watch = watch
  }

  read(from: string, letter: Letter): void {
    switch (letter.type) {
      case 'seek':
        this.#seek(from, letter)
        return
      case 'poll':
        this.#poll(from, letter)
        return
      case 'post':
        void this.#post(from, letter)
        return
      case 'lost':
        this.#find(letter)?.pollLost()
        return
      case 'refuse':
        this.#find(letter)?.refuse()
        return
      case 'open':
        this.#open(from, letter)
        return
      case 'yield':
        this.#here.yields(letter.life)
        this.#answer(from, letter.id, { kind: 'yielded' })
        return
      case 'beat':
        for (const [name, sent] of letter.up) this.#compare(from, name, sent)
        return
      case 'up':
      case 'took':
      case 'gone':
        this.#ofLink(from, letter)
    }
  }

  #find({ path, sid }: SessionAddress): CarriedSession | undefined {
    return this.#here.engines.find(({ settings }) => settings.path === path)?.find(sid)
  }

  #seek(from: string, letter: Of<'seek'>): void {
    const socket = this.#find(letter)
    this.#answer(from, letter.id, { kind: !socket ? 'unknown' : socket.transport === 'polling' ? 'there' : 'refused' })
  }

  #poll(from: string, letter: Of<'poll'>): void {
    const socket = this.#find(letter)
    const waiting = socket?.poll()
    if (!socket || !waiting) {
      this.#answer(from, letter.id, { kind: socket ? 'refused' : 'unknown' })
      return
    }
    void waiting.then(async (payload) => {
      const sent = await this.#answer(from, letter.id, { kind: 'payload', payload })
      if (sent !== 'told') socket.pollLost()
    })
  }

  async #post(from: string, letter: Of<'post'>): Promise<void> {
    const socket = this.#find(letter)
    const taken = await socket?.post(async () => letter.body)
    this.#answer(from, letter.id, { kind: taken === undefined ? 'unknown' : taken ? 'taken' : 'refused' })
  }

  #open(from: string, letter: Of<'open'>): void {
    const { link: name } = letter
    const socket = this.#find(letter)
    if (!socket || this.#links.has(keyOf(from, name))) {
      this.#say(from, { type: 'close', link: name, how: 'bad_frame', reason: 'Session ID unknown' })
      return
    }
    const link = new RelayedLink({ node: from, name, mail: this.#mail, forget: this.#forget })
    this.#links.set(keyOf(from, name), link)
    this.#watch.add(link)
    link.reader = socket.probe(link)
  }

  #ofLink(from: string, letter: Of<'up' | 'took' | 'gone'>): void {
    const link = this.#links.get(keyOf(from, letter.link))
    if (letter.type === 'gone') link?.gone(letter.clean)
    else if (!link) this.#say(from, { type: 'close', link: letter.link, how: 'terminate', reason: '' })
    else if (letter.type === 'up') link.up(letter.n, letter.message)
    else link.took(letter.n, letter.waiting)
  }

  #compare(from: string, name: string, sent: number): void {
    const link = this.#links.get(keyOf(from, name))
    if (!link) this.#say(from, { type: 'close', link: name, how: 'terminate', reason: '' })
    else if (link.tally.received < sent) link.broken()
  }

  readonly #forget = (link: RelayedLink): void => {
    this.#links.delete(keyOf(link.node, link.name))
    this.#watch.remove(link)
  }

  #answer(to: string, id: string, answer: Answer) {
    return this.#mail.send(to, { type: 'answer', id, answer })
  }

  #say(to: string, letter: Letter): void {
    void this.#mail.send(to, letter)
  }
}

/** Links are named by the nodes where their clients are. */
const keyOf = (node: string, name: string): string => `${node} ${name}`
