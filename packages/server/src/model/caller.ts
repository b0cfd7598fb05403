/** On whose behalf a verb runs. Rights differ by kind; the tenant is always the caller's own. */
import type { User } from './identity.ts'

/** A person's session or request. */
export type UserCaller = { readonly kind: 'user'; readonly tenantId: string; readonly user: User }
/** A tenant's own server with an API key. Scopes: `publish`, `read`, `admin`, each whole or for rooms: `publish:patient:*`. */
export type ServerCaller = {
  readonly kind: 'server'
  readonly tenantId: string
  readonly keyId: string
  readonly scopes: readonly string[]
}
/** The application's own code: commands, reactions, routes. May do everything in its tenant. */
export type AppCaller = { readonly kind: 'app'; readonly tenantId: string; readonly userId?: string }

export type Caller = UserCaller | ServerCaller | AppCaller
