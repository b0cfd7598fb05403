/** What the application's own functions are given: the verbs, inside one tenant. Shapes only; `flows/context.ts` makes them. */
import type { HistoryPage, Json, Member, PublishResult } from '@fanfare/protocol'
import type { Log } from '../lib/log.ts'
import type { TenantCache } from '../model/cache.ts'
import type { User } from '../model/identity.ts'
import type { EmitTarget, SocketEmitter } from './emit.ts'
import type { FeatureApis } from './features.ts'

export type Params = { readonly [name: string]: string }

/** What the application's own code can do; always inside one tenant. */
export type AppContext = FeatureApis & {
  readonly tenantId: string
  publish(room: string, event: string, data: Json, options?: { readonly key?: string }): Promise<PublishResult>
  history(room: string, options?: { readonly limit?: number }): Promise<HistoryPage>
  members(room: string): Promise<readonly Member[]>
  /** @throws FanfareError `unavailable` */
  stats(): Promise<TenantStats>
  /** To Socket.IO clients, whoever is there now, at most once, under the name given: what must not be missed is published. */
  to(target: EmitTarget): SocketEmitter
  readonly cache: TenantCache
  readonly log: Log
}
export type CommandContext = AppContext & {
  readonly user: User
  /** Absent when the command came over HTTP. */
  readonly session?: string
}
export type RouteContext = AppContext & {
  /** Present unless the route says `auth: 'none'`. */
  readonly user: User | undefined
  readonly request: Request
  readonly params: Params
  readonly query: URLSearchParams
}
/** Of one tenant, over every node; of other nodes than this as it was a second or two ago. */
export type TenantStats = {
  readonly sessions: number
  readonly users: number
  readonly rooms: number
  readonly sessionsByRoom: { readonly [room: string]: number }
  readonly sessionsByUser: { readonly [userId: string]: number }
}

/**
 * What an API of a feature is made from: the verbs of one tenant, and what the work is done for.
 *
 * `key` names what is done next, so that the same cause again does nothing twice: what the caller gave, or else one made from
 * the cause (a reaction, a lifecycle's end, a command with a key) and how many came before it. Undefined where nothing caused it.
 */
export type FeatureContext = Pick<AppContext, 'tenantId' | 'publish' | 'log'> & {
  /** On whose behalf; absent in reactions, in lifecycle handlers and of servers. */
  readonly userId?: string
  key(given?: string): string | undefined
}
