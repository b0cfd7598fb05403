/**
 * One feature on a store in memory, with a clock that a test moves, and no engine and no sockets: its commands, rules and routes
 * run as the server runs them. Everything that it says to the rest is kept, to be looked at.
 */
import type { NewNotification, RoomEvent } from '@fanfare/protocol'
import type { AppContext } from '../app/app.ts'
import { defineAppWith } from '../app/define-app.ts'
import type { AppDescription } from '../app/description.ts'
import type { FeatureApis, FeatureOptions } from '../app/features.ts'
import { causeOf } from '../app/lifecycle.ts'
import { contextOf } from '../flows/context.ts'
import { OpenFeatures } from '../flows/open-features.ts'
import { Closing } from '../lib/closing.ts'
import { type FakeClock, fakeClock } from '../lib/fake-clock.ts'
import { secretId, uuidv7 } from '../lib/ids.ts'
import type { Log, LogFields } from '../lib/log.ts'
import { noOwnMetrics } from '../lib/metrics.ts'
import { type AuditEntry, noAudit } from '../model/audit.ts'
import type { Store } from '../store/store.ts'
import { openTestStore, type TestStore } from '../store/store.world.ts'
import type { Feature, FeatureName, FeatureSettings, Offers } from './feature.ts'
import { createOffers, openFeatures } from './open.ts'
import { Person, type PersonOptions, type Whereabouts } from './person.world.ts'
import { type Asked, ask } from './requests.world.ts'
import { type WorldServices, worldServices } from './services.world.ts'

export type FeatureWorldOptions<Name extends FeatureName> = {
  readonly options?: Exclude<NonNullable<FeatureOptions[Name]>, false>
  readonly clock?: FakeClock
  /** What other features offer. @default a notify and an audit that keep what they are given, in `notified` and `audited`; `{}` for none */
  readonly offers?: Partial<Offers>
  readonly settings?: Partial<FeatureSettings>
  /** The application around the feature. @default none */
  readonly app?: Omit<AppDescription, 'features' | 'rooms'> & { readonly rooms?: AppDescription['rooms'] }
  /** @default one of its own */
  readonly store?: Store
  /** @default SQLite in memory, the only kind that starts in no time; `store.contract.ts` runs on all */
  readonly kind?: 'sqlite'
}

const testSettings: FeatureSettings = {
  mode: 'development',
  vapid: undefined,
  auditKey: new Uint8Array(32).fill(7),
  auditCheckpoints: undefined,
}

/** The tenant of whoever is not said to be elsewhere. */
export const homeTenant = 'acme'

export type AskedByServer = Asked & {
  /** Of the API key. @default none */
  readonly scopes?: readonly string[]
  readonly tenantId?: string
}

export type Logged = { readonly level: keyof Log; readonly fields: LogFields; readonly message: string }

export class FeatureWorld<Name extends FeatureName> implements AsyncDisposable {
  readonly clock: FakeClock
  readonly store: Store
  /** After the commit, in order, of all tenants: journaled or not. */
  readonly published: RoomEvent[] = []
  /** By `services.audit`, and by the audit that the world offers. */
  readonly audited: AuditEntry[] = []
  /** By the `notify` that the world offers. */
  readonly notified: (NewNotification & { readonly tenantId: string })[] = []
  /** What the feature offers others. */
  offered: Partial<Offers> = {}
  /** Who has a session and who is subscribed where, as the feature is told: `acme ann`, `acme ann room`. */
  readonly whereabouts: Whereabouts = { online: new Map(), inside: new Map() }
  /** Whose subscriptions were to be weighed again: `acme ann`. */
  readonly reweighed: string[] = []
  readonly logged: Logged[] = []
  /** Whoever is online is so since the world began. */
  readonly #began: number
  readonly #feature: Feature<Name>
  readonly #options: FeatureWorldOptions<Name>
  readonly #ownStore: TestStore | undefined
  #services!: WorldServices
  #closing!: Closing

  constructor(feature: Feature<Name>, options: FeatureWorldOptions<Name>, ownStore: TestStore | undefined) {
    this.#feature = feature
    this.#options = options
    this.clock = options.clock ?? fakeClock()
    this.#began = this.clock.now()
    this.#ownStore = ownStore
    this.store = options.store ?? ownStore!
  }

  /** What the flows have. */
  get services(): WorldServices {
    return this.#services
  }

  async open(): Promise<this> {
    const { clock, log, store, whereabouts } = this
    const { options = {}, settings, app } = this.#options
    const { name } = this.#feature
    const closing = new Closing(log)
    const apis = new OpenFeatures([name])
    const offers = this.#makeOffers()
    const description = { rooms: {}, ...app, features: { [name]: options } } as AppDescription
    this.#services = worldServices({
      app: defineAppWith([this.#feature], description),
      apis,
      // What verbs tell of themselves is no word of the feature's.
      audit: noAudit,
      clock,
      store,
      log,
      published: (event) => void this.published.push(event),
    })
    this.#closing = closing
    closing.push(async () => this.#services.end())
    const given = {
      apis,
      offers,
      clock,
      store,
      ids: uuidv7,
      log,
      metrics: noOwnMetrics,
      settings: { ...testSettings, ...settings },
      of: (tenantId: string) => this.of(tenantId),
      isOnline: async (tenantId: string, userId: string) => whereabouts.online.has(`${tenantId} ${userId}`),
      isIn: async (tenantId: string, userId: string, room: string) =>
        whereabouts.inside.has(`${tenantId} ${userId} ${room}`),
      heldSince: async (tenantId: string, userIds: readonly string[]) => {
        const online = userIds.filter((userId) => whereabouts.online.has(`${tenantId} ${userId}`))
        return new Map(online.map((userId) => [userId, this.#began]))
      },
      hereSince: () => undefined,
      untilHeld: async () => {},
      isReactedTo: (event: string) => this.#services.app.reactions(event).length > 0,
      reweigh: async (tenantId: string, userId: string) => void this.reweighed.push(`${tenantId} ${userId}`),
    }
    await openFeatures([{ feature: this.#feature as never, options }], given, closing)
    return this
  }

  /** What the feature offers is kept here, and what others offer is as the test says. */
  #makeOffers() {
    const offers = createOffers()
    const others = this.#options.offers ?? this.#keeping()
    this.offered = {}
    return {
      ...offers,
      audit: { record: async (entry: AuditEntry) => void this.audited.push(entry) },
      offer: <Name extends keyof Offers>(name: Name, offered: Offers[Name]) => {
        this.offered = { ...this.offered, [name]: offered }
      },
      find: <Name extends keyof Offers>(name: Name) => others[name],
    }
  }

  #keeping(): Offers {
    const { audited, notified } = this
    return {
      notify: {
        in: async (_, tenantId, notifications) => {
          for (const one of notifications) notified.push({ ...one, tenantId })
        },
      },
      audit: {
        record: async (entry) => void audited.push(entry),
        in: async (_, entries) => void audited.push(...entries),
      },
    }
  }

  /** As another process finds what this one left in the store. */
  async restarts(): Promise<void> {
    await this.#closing.close()
    await this.open()
  }

  /** A context of the application. `cause`: as in a reaction, which may run again. */
  of(tenantId: string = homeTenant, about: { readonly cause?: string; readonly userId?: string } = {}): AppContext {
    return contextOf(this.#services, { tenantId, ...about })
  }

  /** What an application calls: `context.chat`. */
  api(tenantId: string = homeTenant): FeatureApis[Name] {
    return this.of(tenantId)[this.#feature.name]
  }

  /** A user on a device of theirs, who is not online until they connect. */
  person(userId: string, options: PersonOptions = {}): Person {
    const { tenantId = homeTenant, roles = [], grants = [], claims = {} } = options
    const identity = { tenantId, userId, roles, grants, claims, expiresAt: Number.POSITIVE_INFINITY }
    return new Person({ services: () => this.#services, whereabouts: this.whereabouts }, identity)
  }

  /** An HTTP request of a tenant's server: `asks('POST /v1/chat/rooms', { json, scopes: ['admin'] })`. */
  asks(request: string, { scopes = [], tenantId = homeTenant, ...asked }: AskedByServer = {}): Promise<Response> {
    const token = `ff_${secretId()}`
    this.#services.shown.servers.set(token, { kind: 'server', tenantId, keyId: 'key', scopes })
    return ask(this.#services, request, { ...asked, token })
  }

  /** Nobody has seen the user for a while, on any node: the feature's handlers of that have run. */
  async offline(userId: string, tenantId: string = homeTenant): Promise<void> {
    const since = new Date(this.clock.now()).toISOString()
    for (const { owner, handle } of this.#services.app.lifecycle['user.offline']) {
      const cause = causeOf(`user.offline|${userId}|${since}`, owner)
      await handle(this.of(tenantId, { cause }), { userId, since })
    }
  }

  /** What was published into one room, oldest first. */
  heard(room: string, tenantId: string = homeTenant): readonly RoomEvent[] {
    return this.published.filter((event) => event.room === room && event.tenantId === tenantId)
  }

  /** Resolves when no reaction is running. */
  async settled(): Promise<void> {
    await this.clock.advance(0)
    await this.#services.reactor.idle()
  }

  get log(): Log {
    const note = (level: keyof Log) => (fields: LogFields, message: string) =>
      void this.logged.push({ level, fields, message })
    return { debug: note('debug'), info: note('info'), warn: note('warn'), error: note('error') }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#closing.close()
    await this.#ownStore?.[Symbol.asyncDispose]()
  }
}

/** `await using world = await openFeature(chat)` */
export const openFeature = async <Name extends FeatureName>(
  feature: Feature<Name>,
  options: FeatureWorldOptions<Name> = {},
): Promise<FeatureWorld<Name>> => {
  const clock = options.clock ?? fakeClock()
  const own = options.store ? undefined : await openTestStore({ schemas: [feature.schema], clock })
  return new FeatureWorld(feature, { ...options, clock }, own).open()
}
