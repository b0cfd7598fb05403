/**
 * Letters between nodes, over the engine's courier: in order between two nodes, each at most once. What is written to a node
 * in one tick goes together; a letter that is too large to be sent as one goes in parts, which nothing comes between.
 */
import type { Courier } from '../../engine/courier.ts'
import type { Clock, Timer } from '../../lib/clock.ts'
import { type Deferred, deferred } from '../../lib/deferred.ts'
import type { Log } from '../../lib/log.ts'
import { within } from '../../lib/within.ts'
import { decodeLetter, encodeLetter, type Letter } from './letters.ts'

/** Characters of what is sent as one. */
const partLength = 1024 * 1024

/** How long a node that stops waits for what it has written. */
const lastMs = 1_000

/** JSON on one line has none inside. */
const between = '\n'

/** The parts of a letter follow each other at once; a letter whose rest did not come is dropped. */
const patienceMs = 10_000

export type MailOptions = {
  readonly courier: Courier
  readonly clock: Clock
  readonly log: Log
  /** Characters of the largest letter that is sent or put together. */
  readonly largest: number
}

/** `gone`: there is no such node. `unknown`: it may have arrived, or not; also for a letter that is too large to be sent. */
export type Sent = 'told' | 'gone' | 'unknown'

/** What goes to one node together. */
type Bundle = { readonly texts: string[]; characters: number; readonly sent: Deferred<Sent> }

type Incomplete = { readonly parts: string[]; readonly of: number; readonly patience: Timer }

export class Mail {
  readonly #options: MailOptions
  readonly #bundles = new Map<string, Bundle>()
  readonly #onTheWay = new Set<Promise<Sent>>()
  /** By sender: of each, one letter at a time is on its way. */
  readonly #incomplete = new Map<string, Incomplete>()

  constructor(options: MailOptions) {
    this.#options = options
  }

  /** @param receive must not throw */
  async start(receive: (from: string, letter: Letter) => void): Promise<() => Promise<void>> {
    const stop = await this.#options.courier.start((from, text) => {
      for (const one of text.split(between)) {
        const letter = this.#read(from, one)
        if (letter) receive(from, letter)
      }
    })
    return async () => {
      // Goodbyes, for instance; what does not go in this time, the others find out by themselves.
      await within(this.#options.clock, lastMs, Promise.all(this.#onTheWay))
      await stop()
      for (const from of [...this.#incomplete.keys()]) this.#drop(from)
    }
  }

  /** Never rejects. */
  async send(node: string, letter: Letter): Promise<Sent> {
    const { largest, log } = this.#options
    const text = encodeLetter(letter)
    if (text.length > largest) {
      log.warn({ node, characters: text.length, largest }, 'a message to another node was too large to be sent')
      return 'unknown'
    }
    const sent = await Promise.all(inParts(text).map((part) => this.#bundle(node, part)))
    return sent.find((one) => one !== 'told') ?? 'told'
  }

  #bundle(node: string, text: string): Promise<Sent> {
    let bundle = this.#bundles.get(node)
    if (bundle && bundle.characters + text.length > partLength) {
      void this.#dispatch(node, bundle)
      bundle = undefined
    }
    if (!bundle) {
      const begun: Bundle = { texts: [], characters: 0, sent: deferred() }
      this.#bundles.set(node, begun)
      queueMicrotask(() => {
        if (this.#bundles.get(node) === begun) void this.#dispatch(node, begun)
      })
      bundle = begun
      this.#onTheWay.add(begun.sent.promise)
    }
    bundle.texts.push(text)
    bundle.characters += text.length
    return bundle.sent.promise
  }

  async #dispatch(node: string, { texts, sent }: Bundle): Promise<void> {
    const { courier, log } = this.#options
    this.#bundles.delete(node)
    try {
      sent.resolve((await courier.tell(node, texts.join(between))) ? 'told' : 'gone')
    } catch (error) {
      log.debug({ error, node }, 'another node could not be told')
      sent.resolve('unknown')
    } finally {
      this.#onTheWay.delete(sent.promise)
    }
  }

  #read(from: string, text: string): Letter | undefined {
    const letter = text.length <= this.#options.largest ? decodeLetter(text) : undefined
    if (letter?.type === 'part') return this.#join(from, letter)
    this.#drop(from)
    if (!letter) this.#options.log.debug({ node: from }, 'a message of another node was not understood')
    return letter
  }

  #join(from: string, { index, of, text }: Letter & { readonly type: 'part' }): Letter | undefined {
    if (index === 0) this.#begin(from, of)
    const incomplete = this.#incomplete.get(from)
    if (incomplete?.of !== of || incomplete.parts.length !== index || text.length > partLength) {
      this.#drop(from)
      return undefined
    }
    incomplete.parts.push(text)
    if (incomplete.parts.length < of) return undefined
    this.#drop(from)
    const whole = decodeLetter(incomplete.parts.join(''))
    return whole?.type === 'part' ? undefined : whole
  }

  #begin(from: string, of: number): void {
    this.#drop(from)
    if (of * partLength > this.#options.largest + partLength) return
    const patience = this.#options.clock.after(patienceMs, () => this.#drop(from))
    this.#incomplete.set(from, { parts: [], of, patience })
  }

  #drop(from: string): void {
    this.#incomplete.get(from)?.patience.cancel()
    this.#incomplete.delete(from)
  }
}

const inParts = (text: string): readonly string[] => {
  if (text.length <= partLength) return [text]
  const of = Math.ceil(text.length / partLength)
  return Array.from({ length: of }, (_, index) => {
    const part = text.slice(index * partLength, (index + 1) * partLength)
    return encodeLetter({ type: 'part', index, of, text: part })
  })
}
