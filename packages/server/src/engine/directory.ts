/**
 * The port to who is connected, over every node. A node says what it has; reading asks no node, so one that is gone or slow
 * can delay nobody, and is missing after its lease. Four members; every engine passes `directory.contract.ts`.
 */

/** Times as ISO 8601, UTC. */
export type SessionInfo = {
  readonly session: string
  readonly userId: string
  readonly link: 'websocket' | 'event-stream' | 'socket.io'
  readonly rooms: readonly string[]
  readonly openedAt: string
  readonly expiresAt: string
}

export type SessionFilter = { readonly userId?: string; readonly limit: number }

export type TenantCounts = {
  readonly sessions: number
  readonly users: number
  readonly rooms: number
  readonly sessionsByRoom: { readonly [room: string]: number }
  readonly sessionsByUser: { readonly [userId: string]: number }
}

/** What the node itself has, read whenever it is needed. */
export type LocalSessions = {
  find(session: string): SessionInfo | undefined
  of(tenantId: string, filter: SessionFilter): readonly SessionInfo[]
  count(tenantId: string): TenantCounts
}

export type Directory = {
  start(local: LocalSessions): Promise<() => Promise<void>>
  /** The session came, went, or changed. Others see it within two seconds. */
  touch(tenantId: string, session: string): void
  /** @throws FanfareError `unavailable` */
  list(tenantId: string, filter: SessionFilter): Promise<readonly SessionInfo[]>
  /** @throws FanfareError `unavailable` */
  count(tenantId: string): Promise<TenantCounts>
}
