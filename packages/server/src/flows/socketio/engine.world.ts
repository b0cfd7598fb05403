/** Engine.IO sessions in a test: a clock that is moved by hand, links that are lists, and an engine that repeats what it hears. */
import { defaultLimits } from '@fanfare/protocol'
import { createQuotas } from '../../auth/quotas.ts'
import type { Link, LinkReader } from '../../hub/link.ts'
import { type FakeClock, fakeClock } from '../../lib/fake-clock.ts'
import { silentLog } from '../../lib/log.ts'
import type { Frame } from '../../wire/dialect.ts'
import { Couriers } from './couriers.world.ts'
import type {
  EngineCloseReason,
  EngineLink,
  EngineReader,
  EngineSettings,
  Handshake,
  OpenEngine,
} from './engine-port.ts'
import type { EngineSocket } from './engine-socket.ts'
import { EngineSockets } from './engine-sockets.ts'
import { OtherNodes } from './other-nodes.ts'

export const testSettings: EngineSettings = {
  path: '/socket.io',
  pingIntervalMs: 300,
  pingTimeoutMs: 200,
  upgradeTimeoutMs: 1_000,
  maxPayload: 1_000_000,
  transports: ['polling', 'websocket'],
  serveClient: true,
}

/** What an engine heard of one session, and its hand on it. */
export class Heard implements EngineReader {
  readonly link: EngineLink
  readonly messages: (string | Uint8Array)[] = []
  readonly ends: EngineCloseReason[] = []
  drains = 0
  readonly #onMessage: ((heard: Heard, message: string | Uint8Array) => void) | undefined

  constructor(link: EngineLink, onMessage?: (heard: Heard, message: string | Uint8Array) => void) {
    this.link = link
    this.#onMessage = onMessage
  }

  receive(message: string | Uint8Array): void {
    this.messages.push(message)
    this.#onMessage?.(this, message)
  }

  drained(): void {
    this.drains++
  }

  closed(reason: EngineCloseReason): void {
    this.ends.push(reason)
  }
}

export const repeat = ({ link }: Heard, message: string | Uint8Array): void =>
  link.write([typeof message === 'string' ? `4${message}` : message])

export class FakeLink implements Link {
  readonly kind = 'websocket'
  readonly frames: Frame[] = []
  closedWith: string | undefined
  waiting = 0
  reader: LinkReader | undefined

  write(frames: readonly Frame[]): void {
    this.frames.push(...frames)
  }

  buffered(): number {
    return this.waiting
  }

  close(code: string): void {
    this.closedWith ??= code
  }

  terminate(): void {
    this.closedWith ??= 'terminated'
  }

  /** What the client sends. */
  hears(message: string | Uint8Array): void {
    this.reader?.receive(message)
  }

  /** What came since the last look. */
  take(): Frame[] {
    return this.frames.splice(0)
  }
}

const handshake = (now: number): Handshake => ({
  headers: new Headers(),
  query: new URLSearchParams(),
  address: '192.0.2.1',
  origin: undefined,
  openedAt: now,
})

/** A poll that is open: what it was answered with, once it was. */
export type Poll = { answer: string | undefined; readonly done: Promise<void> }

export class PollingClient {
  readonly socket: EngineSocket
  readonly heard: Heard

  constructor(socket: EngineSocket, heard: Heard) {
    this.socket = socket
    this.heard = heard
  }

  /** Undefined when the poll was refused. */
  polls(): Poll | undefined {
    const payload = this.socket.poll()
    if (!payload) return undefined
    const poll: { answer: string | undefined; done: Promise<void> } = { answer: undefined, done: Promise.resolve() }
    poll.done = payload.then((answer) => {
      poll.answer = answer
    })
    return poll
  }

  /** What the next poll brings; the test hangs where nothing does. */
  async next(): Promise<string | undefined> {
    const poll = this.polls()
    await poll?.done
    return poll?.answer
  }

  posts(body: string): Promise<boolean> {
    return this.socket.post(async () => body)
  }
}

export type EngineWorldOptions = {
  readonly settings?: Partial<EngineSettings>
  /** @default repeats every message */
  readonly onMessage?: (heard: Heard, message: string | Uint8Array) => void
  readonly onOpen?: (link: EngineLink) => void
  /** @default a node with no other */
  readonly node?: string
  readonly couriers?: Couriers
  readonly clock?: FakeClock
  readonly yields?: (session: string) => void
}

export const nodeA = 'nodeAAAA'

/** Ids that a node would give, but such that a test knows them. */
export const idOf = (node: string, number: number): string => `${node}${String(number).padStart(22, '0')}`

export const engineWorld = (options: EngineWorldOptions = {}) => {
  const { settings, onMessage = repeat, onOpen, node = nodeA, couriers = new Couriers(), clock = fakeClock() } = options
  const sessions = new Map<string, Heard>()
  const open: OpenEngine = (link) => {
    const heard = new Heard(link, onMessage)
    sessions.set(link.id, heard)
    onOpen?.(link)
    return heard
  }
  let last = 0
  const quotas = createQuotas({ clock, limits: defaultLimits, random: () => 0 })
  const engine = { node, courier: couriers.of(node) }
  const others = new OtherNodes(
    { clock, engine, limits: defaultLimits, log: silentLog, quotas },
    testSettings.maxPayload,
  )
  const sockets = new EngineSockets({
    clock,
    settings: { ...testSettings, ...settings },
    open,
    ids: () => idOf(node, ++last),
    others,
  })
  return {
    clock,
    node,
    sockets,
    others,
    quotas,
    sessions,
    start: () => others.start({ engines: [sockets], yields: options.yields ?? (() => {}) }),
    polling(): PollingClient {
      const { sid } = JSON.parse(sockets.openPolling(handshake(clock.now())).slice(1)) as { sid: string }
      return new PollingClient(sockets.find(sid)!, sessions.get(sid)!)
    },
    websocket(): { readonly link: FakeLink; readonly heard: Heard; readonly sid: string } {
      const link = new FakeLink()
      link.reader = sockets.openLink(handshake(clock.now()), link)
      const { sid } = JSON.parse(String(link.take()[0]).slice(1)) as { sid: string }
      return { link, heard: sessions.get(sid)!, sid }
    },
    probe({ socket }: PollingClient): FakeLink {
      const link = new FakeLink()
      link.reader = socket.probe(link)
      return link
    },
  }
}
