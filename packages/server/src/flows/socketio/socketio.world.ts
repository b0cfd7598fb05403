/** A node and Socket.IO clients that speak packets to it over links of their own: what it says is read with the stock parser. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Decoder, type Packet, PacketType } from 'socket.io-parser'
import type { App } from '../../app/app.ts'
import { configWith } from '../../config.ts'
import type { SessionInfo } from '../../engine/directory.ts'
import { type FakeClock, fakeClock } from '../../lib/fake-clock.ts'
import { silentLog } from '../../lib/log.ts'
import { type RunningServer, startServer } from '../../server.ts'
import type { Frame } from '../../wire/dialect.ts'
import type { Services } from '../services.ts'
import type { EngineCloseReason, EngineLink, EngineReader } from './engine-port.ts'
import { createSocketIo, type SocketIo } from './socketio.ts'

const settle = async (): Promise<void> => {
  for (let turn = 0; turn < 12; turn++) await new Promise<void>((resolve) => setImmediate(resolve))
}

/** Until it is so; what has not come about after so many turns does not. */
export const until = async (holds: () => boolean): Promise<void> => {
  for (let turn = 0; turn < 20_000 && !holds(); turn++) await new Promise<void>((resolve) => setImmediate(resolve))
}

/** One Engine.IO session's worth of client. */
export class FakeClient {
  /** What came, as the stock parser reads it. */
  readonly packets: Packet[] = []
  /** What came, as it was written. */
  readonly frames: Frame[] = []
  closed: EngineCloseReason | undefined
  unsent = 0
  readonly #decoder = new Decoder()
  readonly #reader: EngineReader

  constructor(socketio: SocketIo, handshake: Partial<EngineLink['handshake']> = {}) {
    this.#decoder.on('decoded', (packet: Packet) => this.packets.push(packet))
    const link: EngineLink = {
      id: 'engine',
      handshake: {
        headers: new Headers(),
        query: new URLSearchParams('EIO=4&transport=polling'),
        address: '203.0.113.7',
        origin: undefined,
        openedAt: 0,
        ...handshake,
      },
      write: (messages) => this.#take(messages),
      writeAlone: (message) => this.#take([message]),
      buffered: () => this.unsent,
      close: (reason) => this.breaks(reason),
      terminate: () => this.breaks('forced close'),
    }
    this.#reader = socketio.spoken[0]!.open(link)
  }

  #take(messages: readonly Frame[]): void {
    if (this.closed) return
    for (const message of messages) {
      this.frames.push(message)
      if (typeof message === 'string') this.#decoder.add(message.slice(1))
      else this.#decoder.add(Buffer.from(message))
    }
  }

  /** The link ends. */
  breaks(reason: EngineCloseReason = 'transport close'): void {
    if (this.closed) return
    this.closed = reason
    queueMicrotask(() => this.#reader.closed(reason))
  }

  async sends(...messages: (string | Uint8Array)[]): Promise<void> {
    for (const message of messages) this.#reader.receive(message)
    await settle()
  }

  async connects(auth: object = {}, namespace = '/'): Promise<Packet | undefined> {
    const before = this.packets.length
    const reply = () =>
      this.packets
        .slice(before)
        .find(
          ({ type, nsp }) => nsp === namespace && (type === PacketType.CONNECT || type === PacketType.CONNECT_ERROR),
        )
    await this.sends(`0${namespace === '/' ? '' : `${namespace},`}${JSON.stringify(auth)}`)
    await until(() => reply() !== undefined)
    await settle()
    return reply()
  }

  /** The answer to what was sent with this id. */
  async answer(id: number): Promise<unknown[] | undefined> {
    await until(() => this.acks().some((ack) => ack.id === id))
    return this.acks().find((ack) => ack.id === id)?.args
  }

  /** Of the session that it connected to first. */
  get sid(): string {
    return String(this.packets.find(({ type }) => type === PacketType.CONNECT)?.data.sid)
  }

  /** The arguments of every event of this name. */
  heard(name: string): unknown[][] {
    return this.events()
      .filter(([given]) => given === name)
      .map(([, ...args]) => args)
  }

  events(): unknown[][] {
    return this.packets.filter(({ type }) => type === PacketType.EVENT).map(({ data }) => data as unknown[])
  }

  acks(): { id: number | undefined; args: unknown[] }[] {
    return this.packets.filter(({ type }) => type === PacketType.ACK).map(({ id, data }) => ({ id, args: data }))
  }

  /** What a stock client gives back when it returns. */
  memory(): { pid?: string; offset?: string } {
    const reply = this.packets.findLast(({ type }) => type === PacketType.CONNECT)
    const offset = this.events()
      .findLast((data) => typeof data.at(-1) === 'string')
      ?.at(-1)
    return { pid: reply?.data?.pid, ...(offset === undefined ? {} : { offset: offset as string }) }
  }
}

export class SocketIoWorld implements AsyncDisposable {
  readonly clock: FakeClock = fakeClock()
  readonly #app: App
  readonly #folder: string
  #server!: RunningServer
  #socketio!: SocketIo
  #stop: () => Promise<void> = async () => {}

  private constructor(app: App, folder: string) {
    this.#app = app
    this.#folder = folder
  }

  static async open(app: App): Promise<SocketIoWorld> {
    const world = new SocketIoWorld(app, await mkdtemp(join(tmpdir(), 'fanfare-socketio-')))
    await world.#start()
    return world
  }

  async #start(): Promise<void> {
    const config = configWith({ port: 0, dataFolder: this.#folder, logLevel: 'silent' })
    const app = { ...this.#app, socketio: undefined }
    this.#server = await startServer({ app, config, clock: this.clock, log: silentLog })
    const rule = this.#app.socketio
    if (!rule) throw new Error('The application has no Socket.IO.')
    this.#socketio = createSocketIo(this.services, rule)
    this.#stop = await this.#socketio.start()
  }

  /** The node's, with the application's Socket.IO back in. */
  get services(): Services {
    return { ...this.#server.services, app: this.#app }
  }

  client(handshake: Partial<EngineLink['handshake']> = {}): FakeClient {
    return new FakeClient(this.#socketio, handshake)
  }

  token(userId: string, claims: { tenantId?: string; ttlSeconds?: number; grants?: string[] } = {}): Promise<string> {
    return this.#server.mint({ tenantId: 'acme', ...claims, userId })
  }

  /** Somebody who is connected to the main namespace. */
  async person(userId: string, auth: object = {}): Promise<FakeClient> {
    const client = this.client()
    await client.connects({ token: await this.token(userId), ...auth })
    return client
  }

  /** Who is connected, as an administrator sees it. */
  sessions(): Promise<readonly SessionInfo[]> {
    return this.services.engine.directory.list('acme', { limit: 10 })
  }

  async passes(ms: number): Promise<void> {
    await this.clock.advance(ms)
    await settle()
  }

  settles(): Promise<void> {
    return settle()
  }

  /** Everything of the process is gone but the folder; `meanwhile` passes before it is back. */
  async restarts(meanwhile = 0): Promise<void> {
    await this.#stop()
    await this.#server.stop()
    await this.clock.advance(meanwhile)
    await this.#start()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stop()
    await this.#server.stop()
    await rm(this.#folder, { recursive: true, force: true })
  }
}
