/** A tenant's users: what they may do, where they are connected, and what they show of themselves. */
import type { NotificationPage, UserStatus } from '@fanfare/protocol'
import { type Call, part } from './call.ts'
import type { CallOptions } from './options.ts'

/** What was granted and revoked at run time; what a token carries is not among it. */
export type Grants = { readonly granted: readonly string[]; readonly revoked: readonly string[] }

/** Times are ISO 8601, UTC. */
export type SessionInfo = {
  readonly session: string
  readonly userId: string
  readonly link: 'websocket' | 'event-stream' | 'socket.io'
  readonly rooms: readonly string[]
  readonly openedAt: string
  readonly expiresAt: string
}

/** Of the tenant, over all nodes. */
export type TenantStats = {
  readonly sessions: number
  readonly users: number
  readonly rooms: number
  readonly sessionsByRoom: { readonly [room: string]: number }
  readonly sessionsByUser: { readonly [userId: string]: number }
}

/** Each @throws FanfareError */
export type Users = {
  grants(userId: string, options?: CallOptions): Promise<Grants>
  /** From now on, on every node, until it is revoked. */
  grant(userId: string, grants: readonly string[], options?: CallOptions): Promise<Grants>
  /** Also what a token says; what the user hears by it stops within a second. */
  revoke(userId: string, grants: readonly string[], options?: CallOptions): Promise<Grants>
  sessions(asked?: CallOptions & { readonly userId?: string; readonly limit?: number }): Promise<readonly SessionInfo[]>
  /** Ends one session, or all of the user's. Their clients do not come back by themselves. */
  disconnect(userId: string, options?: CallOptions & { readonly session?: string }): Promise<void>
  /** Ends all of the user's sessions, and refuses every token and ticket made until now. */
  revokeTokens(userId: string, options?: CallOptions): Promise<void>
  /** As others see it. */
  status(userId: string, options?: CallOptions): Promise<UserStatus>
  notifications(
    userId: string,
    page?: CallOptions & { readonly before?: string; readonly limit?: number },
  ): Promise<NotificationPage>
  stats(options?: CallOptions): Promise<TenantStats>
}

const userPath = (userId: string): string => `/v1/users/${part(userId)}`

export const createUsers = (call: Call): Users => {
  const ask = async <Answer>(...asked: Parameters<Call>) => (await call(...asked)) as unknown as Answer
  return {
    grants: (userId, options) => ask<Grants>({ method: 'GET', path: `${userPath(userId)}/grants` }, options),
    grant: (userId, grants, options) =>
      ask<Grants>({ method: 'POST', path: `${userPath(userId)}/grants`, body: { grants } }, options),
    revoke: (userId, grants, options) =>
      ask<Grants>({ method: 'DELETE', path: `${userPath(userId)}/grants`, body: { grants } }, options),
    async sessions({ userId, limit, ...options } = {}) {
      const request = { method: 'GET', path: '/v1/sessions', query: { userId, limit } } as const
      return (await ask<{ readonly sessions: readonly SessionInfo[] }>(request, options)).sessions
    },
    async disconnect(userId, { session, ...options } = {}) {
      const all = { method: 'DELETE', path: `${userPath(userId)}/sessions` } as const
      const one = { method: 'DELETE', path: `/v1/sessions/${part(session ?? '')}`, query: { userId } } as const
      await call(session === undefined ? all : one, options)
    },
    async revokeTokens(userId, options) {
      await call({ method: 'DELETE', path: `${userPath(userId)}/sessions`, query: { tokens: 'revoke' } }, options)
    },
    status: (userId, options) => ask<UserStatus>({ method: 'GET', path: `${userPath(userId)}/status` }, options),
    notifications: (userId, { before, limit, ...options } = {}) =>
      ask<NotificationPage>(
        { method: 'GET', path: `${userPath(userId)}/notifications`, query: { before, limit } },
        options,
      ),
    stats: (options) => ask<TenantStats>({ method: 'GET', path: '/v1/stats' }, options),
  }
}
