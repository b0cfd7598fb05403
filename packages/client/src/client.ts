/** `createClient`: puts the parts together and gives them the application's types. Connects at the first use, not before. */
import {
  type AnyApp,
  type CommandInput,
  type CommandName,
  type CommandOutput,
  type Described,
  FanfareError,
  type Json,
  type KnownRoom,
} from '@fanfare/protocol'
import { Connection } from './connection.ts'
import type { ConnectionState } from './connection-state.ts'
import type { Store } from './listeners.ts'
import { type ClientOptions, type Settings, settingsOf } from './options.ts'
import { type RequestFrame, Requests } from './requests.ts'
import { createRoom, type PublishOptions, type RoomHandle, type RoomOptions } from './room.ts'
import { Rooms } from './rooms.ts'

export type Client<App extends Described = AnyApp> = {
  /** What the connection is doing; made for `useSyncExternalStore`. */
  readonly state: Store<ConnectionState>
  /** Connects now; any use of a room or command does so too. After an error that closed the client, starts anew. */
  connect(): void
  /** A handle of a room. Several handles share one subscription. @throws FanfareError `unavailable` once closed */
  room<const Name extends string>(name: KnownRoom<App, Name>, options?: RoomOptions): RoomHandle<App, Name>
  /** Runs a command once, however often it must be sent, and gives its answer. @throws FanfareError */
  command<const Name extends CommandName<App>>(
    name: Name,
    input: CommandInput<App, Name>,
    options?: PublishOptions,
  ): Promise<CommandOutput<App, Name>>
  /** Sends what still waits if there is a connection, then ends for good. Nothing of the client is left running. */
  close(): Promise<void>
  [Symbol.asyncDispose](): Promise<void>
}

/** @throws TypeError when `url` is no address */
export const createClient = <App extends Described = AnyApp>(options: ClientOptions): Client<App> => {
  const core = new ClientCore(settingsOf(options))
  const close = () => core.close()
  return {
    state: core.connection.state,
    connect: () => core.connect(),
    // The one place where the application's types are laid over what travels as JSON; the server checks the values.
    room: (name: string, roomOptions: RoomOptions = {}) => createRoom(core, name, roomOptions) as never,
    command: (name: string, input: unknown, commandOptions?: PublishOptions) =>
      core.command(name, input as Json, commandOptions) as never,
    close,
    [Symbol.asyncDispose]: close,
  }
}

class ClientCore {
  readonly connection: Connection
  readonly requests: Requests
  readonly rooms: Rooms
  readonly makeKey: () => string
  readonly #settings: Settings
  #closing: Promise<void> | undefined

  constructor(settings: Settings) {
    this.#settings = settings
    this.makeKey = settings.surroundings.makeKey
    this.requests = new Requests(settings, (frame) => this.connection.send(frame))
    this.rooms = new Rooms({ settings, requests: this.requests, send: (frame) => this.connection.send(frame) })
    this.connection = new Connection(settings, {
      connected: () => {
        // Rooms first: presence and publishes may depend on being in them.
        this.rooms.resume()
        this.requests.resume()
      },
      frame: (frame) => {
        if (frame.type === 'reply') this.requests.answered(frame)
        else if (frame.type === 'error') this.requests.failed(frame)
        this.rooms.receive(frame)
      },
      refused: (error) => {
        this.requests.fail(error)
        this.rooms.abandon(error)
      },
    })
  }

  connect(): void {
    if (this.#closing) throw new FanfareError('unavailable', 'The client was closed.')
    this.connection.start()
  }

  /** After an error that ended the connection, only `connect` starts it again: no loop of calls can hammer the server. */
  use(): void {
    if (this.#closing || this.connection.state.getSnapshot().status === 'idle') this.connect()
  }

  async ask(frame: RequestFrame): Promise<Json> {
    this.use()
    const state = this.connection.state.getSnapshot()
    if (state.status === 'closed' && state.error) throw state.error
    return this.requests.ask(frame)
  }

  command(name: string, input: Json, { key = this.makeKey() }: PublishOptions = {}): Promise<Json> {
    return this.ask({ type: 'command', name, input: input ?? null, key })
  }

  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close(): Promise<void> {
    if (this.connection.connected) await this.#flush()
    const error = new FanfareError('unavailable', 'The client was closed.')
    this.rooms.close(error)
    this.requests.fail(error)
    this.connection.close()
  }

  async #flush(): Promise<void> {
    const { closeTimeoutMs, surroundings } = this.#settings
    const late = Promise.withResolvers<void>()
    const timer = surroundings.clock.after(closeTimeoutMs, late.resolve)
    await Promise.race([this.requests.drained(), late.promise])
    timer.cancel()
  }
}
