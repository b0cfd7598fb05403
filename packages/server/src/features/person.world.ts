/** A user in a test of a feature, in one tenant, on one device: runs its commands, asks for its rooms and routes as the server lets them. */
import type { Json, PublishResult } from '@fanfare/protocol'
import type { AppContext } from '../app/app.ts'
import { authorise } from '../flows/authorise.ts'
import { runCommand } from '../flows/command.ts'
import { contextOf } from '../flows/context.ts'
import { publish } from '../flows/publish.ts'
import { secretId } from '../lib/ids.ts'
import type { UserCaller } from '../model/caller.ts'
import type { Identity, User } from '../model/identity.ts'
import { type Asked, ask } from './requests.world.ts'
import { userOf, type WorldServices } from './services.world.ts'

export type PersonOptions = {
  readonly tenantId?: string
  readonly roles?: readonly string[]
  /** As in a token: `status:user:bob`. */
  readonly grants?: readonly string[]
  readonly claims?: { readonly [name: string]: unknown }
}

/** Who is there, as `isOnline` and `isIn` of the feature tell. Names: `acme ann`, `acme ann room`. */
export type Whereabouts = { readonly online: Map<string, number>; readonly inside: Map<string, number> }

export type PersonParts = { readonly services: () => WorldServices; readonly whereabouts: Whereabouts }

export class Person {
  readonly identity: Identity
  readonly user: User
  /** Of this device. */
  readonly session = secretId()
  readonly #parts: PersonParts
  readonly #rooms = new Set<string>()
  #connected = false

  constructor(parts: PersonParts, identity: Identity) {
    this.#parts = parts
    this.identity = identity
    this.user = userOf(identity)
  }

  get caller(): UserCaller {
    return { kind: 'user', tenantId: this.identity.tenantId, user: this.user }
  }

  get #name(): string {
    return `${this.identity.tenantId} ${this.identity.userId}`
  }

  /** What an application's code has in a command of this user. */
  get context(): AppContext {
    return contextOf(this.#parts.services(), { tenantId: this.identity.tenantId, userId: this.identity.userId })
  }

  /** Runs a command through its schema. With a `key`, again is once. @throws FanfareError */
  async says<Answer = Json>(name: string, input: unknown, options: { readonly key?: string } = {}): Promise<Answer> {
    const request = { name, input, session: this.session, ...options }
    return (await runCommand(this.#parts.services(), this.caller, request)) as Answer
  }

  /** @throws FanfareError `forbidden`, … */
  publishes(room: string, event: string, data: Json): Promise<PublishResult> {
    return publish(this.#parts.services(), this.caller, { room, event, data })
  }

  /** Whether the room's rule lets them subscribe, read its history and so on; what the rule throws is no answer. */
  async may(action: 'subscribe' | 'history' | 'presence' | 'publish', room: string, event?: string): Promise<boolean> {
    const services = this.#parts.services()
    const asked = { room: services.app.room(this.identity.tenantId, room), action, ...(event ? { event } : {}) }
    try {
      await authorise(services, this.caller, asked)
      return true
    } catch (error) {
      if ((error as { code?: string }).code === 'forbidden') return false
      throw error
    }
  }

  /** Comes online, and the feature has been told. */
  async connects(): Promise<this> {
    if (this.#connected) return this
    this.#connected = true
    more(this.#parts.whereabouts.online, this.#name)
    const services = this.#parts.services()
    for (const { hear } of services.features.listeners) await hear({ id: this.session, identity: this.identity })
    return this
  }

  /** Connects where they did not, and subscribes. @throws FanfareError `forbidden` */
  async enters(room: string): Promise<this> {
    await this.connects()
    const services = this.#parts.services()
    await authorise(services, this.caller, {
      room: services.app.room(this.identity.tenantId, room),
      action: 'subscribe',
    })
    if (this.#rooms.has(room)) return this
    this.#rooms.add(room)
    more(this.#parts.whereabouts.inside, `${this.#name} ${room}`)
    return this
  }

  leaves(room: string): void {
    if (this.#rooms.delete(room)) less(this.#parts.whereabouts.inside, `${this.#name} ${room}`)
  }

  /** The session ends. That the user is offline follows later, by `world.offline`, where this was the last. */
  goes(): void {
    if (!this.#connected) return
    this.#connected = false
    for (const room of [...this.#rooms]) this.leaves(room)
    less(this.#parts.whereabouts.online, this.#name)
  }

  /** An HTTP request with their token: `asks('GET /v1/users/ann/status')`. */
  asks(request: string, asked: Asked = {}): Promise<Response> {
    const services = this.#parts.services()
    const token = `token-of-${this.session}`
    services.shown.users.set(token, this.identity)
    return ask(services, request, { ...asked, token })
  }
}

const more = (counts: Map<string, number>, name: string): void => {
  counts.set(name, (counts.get(name) ?? 0) + 1)
}

const less = (counts: Map<string, number>, name: string): void => {
  const left = (counts.get(name) ?? 0) - 1
  if (left > 0) counts.set(name, left)
  else counts.delete(name)
}
