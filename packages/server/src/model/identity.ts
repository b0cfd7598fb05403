/** Who is asking. Made by `auth/` from a verified token or key, never from what a client says. */

export type Identity = {
  readonly tenantId: string
  readonly userId: string
  readonly roles: readonly string[]
  /** Grants carried by the token: `action:resource` or `action:resource:id`, each part may be `*`. */
  readonly grants: readonly string[]
  /** Other claims that the application may read, such as `name`. */
  readonly claims: { readonly [name: string]: unknown }
  /** ms since 1970; the session ends then. */
  readonly expiresAt: number
}

/** What an application's access rules see: an identity with questions that can be asked of it. */
export type User = {
  readonly id: string
  readonly tenantId: string
  readonly roles: readonly string[]
  readonly claims: { readonly [name: string]: unknown }
  is(role: string): boolean
  /** Whether the token or a grant made since allows it, and no revocation forbids it. */
  may(action: string, resource: string, id?: string): boolean
}
