/** What the flows have, for the tests of features: real where features meet it, and nothing behind it. */
import type { RoomEvent } from '@fanfare/protocol'
import { defaultLimits } from '@fanfare/protocol'
import type { App } from '../app/app.ts'
import { causeOf } from '../app/lifecycle.ts'
import { type Grant, mayDo, parseGrant } from '../auth/grant.ts'
import { contextOf } from '../flows/context.ts'
import type { OpenFeatures } from '../flows/open-features.ts'
import { Reactor } from '../flows/react.ts'
import type { Services } from '../flows/services.ts'
import type { Clock } from '../lib/clock.ts'
import { uuidv7 } from '../lib/ids.ts'
import type { Log } from '../lib/log.ts'
import { noMetrics } from '../lib/metrics.ts'
import type { Audit } from '../model/audit.ts'
import type { Cache } from '../model/cache.ts'
import type { ServerCaller } from '../model/caller.ts'
import type { Identity, User } from '../model/identity.ts'
import { memoryOnce } from '../store/memory-once.ts'
import type { Store } from '../store/store.ts'
import { WorldLog } from './log.world.ts'

export type WorldServicesOptions = {
  readonly app: App
  readonly apis: OpenFeatures
  readonly audit: Audit
  readonly clock: Clock
  readonly store: Store
  readonly log: Log
  readonly published: (event: RoomEvent) => void
}

/** Who shows which token or key. */
export type Shown = { readonly users: Map<string, Identity>; readonly servers: Map<string, ServerCaller> }

export type WorldServices = Services & { readonly shown: Shown; end(): void }

export const worldServices = (options: WorldServicesOptions): WorldServices => {
  const { app, apis, audit, clock, log, store } = options
  const shown: Shown = { users: new Map(), servers: new Map() }
  const end = store.onCommitted(({ events }) => {
    for (const { epoch: _, depth = 0, ...event } of events) {
      options.published(event)
      void services.reactor.react(app.room(event.tenantId, event.room), event, depth)
    }
  })
  // Only what these flows use: the rest of a node is not on this stage.
  const services = {
    accepting: true,
    starting: false,
    app,
    audit,
    auth: {
      userOf,
      verifyToken: async (token: string) => shown.users.get(token)!,
      verifyKey: async (key: string) => shown.servers.get(key)!,
    },
    cache: memoryCache(),
    clock,
    commands: memoryOnce({ clock, forMs: defaultLimits.idempotencyMs }),
    contextOf: (asked: { readonly tenantId: string }) => contextOf(services, asked),
    engine: {
      log: new WorldLog({ store, published: options.published }),
      directory: { count: async () => noCounts },
      presence: { read: async () => [] },
    },
    features: apis,
    ids: uuidv7,
    limits: defaultLimits,
    log,
    metrics: noMetrics,
    quotas: { spend() {}, anonymous() {} },
    reactor: new Reactor({
      app,
      clock,
      log,
      metrics: noMetrics,
      unreacted: { list: async () => [], done() {} },
      context: ({ id, tenantId }, { owner, depth }) =>
        contextOf(services, { tenantId, cause: causeOf(`reaction|${id}`, owner), depth }),
    }),
    shown,
    end,
  } as unknown as WorldServices
  return services
}

const noCounts = { sessions: 0, users: 0, rooms: 0, sessionsByRoom: {}, sessionsByUser: {} }

/** With the grants of the token alone. */
export const userOf = (identity: Identity): User => {
  const grants: readonly Grant[] = identity.grants.flatMap((text) => parseGrant(text) ?? [])
  return {
    id: identity.userId,
    tenantId: identity.tenantId,
    roles: identity.roles,
    claims: identity.claims,
    is: (role) => identity.roles.includes(role),
    may: (action, resource, id = '*') => mayDo({ action, resource, id }, [], grants),
  }
}

const memoryCache = (): Cache => {
  const values = new Map<string, unknown>()
  return {
    start: async () => async () => {},
    of: (tenantId) => {
      const name = (key: string) => `${tenantId}|${key}`
      const count = async (key: string) => Number(values.get(name(key)) ?? 0)
      return {
        get: async (key) => values.get(name(key)) as never,
        set: async (key, value) => void values.set(name(key), value),
        delete: async (key) => values.delete(name(key)),
        count,
        async increment(key, by = 1) {
          const sum = (await count(key)) + by
          values.set(name(key), sum)
          return sum
        },
      }
    },
  }
}
