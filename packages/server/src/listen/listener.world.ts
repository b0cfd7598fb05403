/** A listener with a door and requests behind it that a test scripts. */
import { defaultLimits, FanfareError, type Limits } from '@fanfare/protocol'
import type { Link, LinkReader } from '../hub/link.ts'
import { type Clock, systemClock } from '../lib/clock.ts'
import { silentLog } from '../lib/log.ts'
import type { Attached, Behind, Door, Opening, Remote } from './listener.ts'
import { type RawOptions, RawSocket } from './raw-socket.world.ts'

/** One link that the door let in, and all that its reader was told. */
export class Guest implements LinkReader {
  readonly link: Link
  readonly received: (string | Uint8Array)[] = []
  drains = 0
  /** Every `closed`, which must be one. */
  readonly goodbyes: boolean[] = []
  onMessage: (message: string | Uint8Array) => void = () => {}
  readonly gone = Promise.withResolvers<boolean>()
  #waiting: (() => void)[] = []

  constructor(link: Link) {
    this.link = link
  }

  receive(message: string | Uint8Array): void {
    this.received.push(message)
    this.onMessage(message)
    this.#wake()
  }

  drained(): void {
    this.drains++
    this.#wake()
  }

  closed(clean: boolean): void {
    this.goodbyes.push(clean)
    this.gone.resolve(clean)
    this.#wake()
  }

  /** Looks again whenever the reader was told something. */
  async until(true_: () => boolean): Promise<void> {
    while (!true_()) await new Promise<void>((resolve) => this.#waiting.push(resolve))
  }

  #wake(): void {
    for (const resolve of this.#waiting.splice(0)) resolve()
  }
}

/** `/socket` opens, `/spoken` with a subprotocol, `/lines` with that of several frames a message, `/refused` says why not. */
export class ScriptedDoor implements Door {
  readonly guests: Guest[] = []
  asked: { readonly request: Request; readonly address: string } | undefined

  decide(request: Request, address: string): Opening {
    const { pathname } = new URL(request.url)
    const accept = (link: Link): LinkReader => {
      const guest = new Guest(link)
      this.guests.push(guest)
      return guest
    }
    switch (pathname) {
      case '/socket':
        this.asked = { request, address }
        return { kind: 'open', protocol: undefined, accept }
      case '/spoken':
        return { kind: 'open', protocol: 'fanfare.v1', accept }
      case '/lines':
        return { kind: 'open', protocol: 'fanfare.v1.lines', lines: true, accept }
      case '/refused':
        return { kind: 'refuse', error: new FanfareError('overloaded', 'Not now.', { retryAfterMs: 1_500 }) }
      default:
        return { kind: 'elsewhere' }
    }
  }
}

export type Listening = Attached & { readonly url: string; readonly end?: () => Promise<void> }
/** Listens on a free port of 127.0.0.1. */
export type Listen = (behind: Behind) => Promise<Listening>

export type Handle = (request: Request, remote: Remote) => Response | Promise<Response>

export type WorldOptions = {
  readonly handle?: Handle
  readonly limits?: Partial<Limits>
  readonly clock?: Clock
}

export class ListenerWorld implements AsyncDisposable {
  readonly door: ScriptedDoor
  readonly listening: Listening
  readonly #sockets: RawSocket[] = []

  constructor(door: ScriptedDoor, listening: Listening) {
    this.door = door
    this.listening = listening
  }

  static async open(listen: Listen, options: WorldOptions = {}): Promise<ListenerWorld> {
    const { handle = () => new Response('here'), clock = systemClock } = options
    const door = new ScriptedDoor()
    const listening = await listen({
      services: { clock, log: silentLog, limits: { ...defaultLimits, ...options.limits } },
      doors: [{ decide: () => ({ kind: 'elsewhere' }) }, door],
      fetch: async (request, remote) => handle(request, remote),
    })
    return new ListenerWorld(door, listening)
  }

  get url(): string {
    return this.listening.url
  }

  async socket(path: string, options: RawOptions = {}): Promise<RawSocket> {
    const socket = await RawSocket.open(this.url, path, options)
    this.#sockets.push(socket)
    return socket
  }

  /** A link from both of its ends. */
  async link(
    options: RawOptions = {},
    path = '/socket',
  ): Promise<{ readonly client: RawSocket; readonly guest: Guest }> {
    const before = this.door.guests.length
    const client = await this.socket(path, options)
    const guest = this.door.guests[before]
    if (!client.isOpen || !guest) throw new Error(`The link did not open: ${client.status} ${client.body}`)
    return { client, guest }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { socket } of this.#sockets) socket.destroy()
    await this.listening.close()
    await this.listening.end?.()
  }
}

/** One case of the contract, in a world of its own. */
export type Play = (title: string, run: (world: ListenerWorld) => Promise<void>, options?: WorldOptions) => void
