/** The roles of users as the store has them: of many who come in one tick, read together. Writes nothing. */
import { type Deferred, deferred } from '../../lib/deferred.ts'
import type { Rows, Store } from '../../store/store.ts'

type FoundRoles = ReadonlyMap<string, readonly string[]>
type Waiting = { readonly users: Set<string>; readonly found: Deferred<FoundRoles> }

const none: readonly string[] = []

export class RoleReads {
  readonly #store: Store
  /** Tenant → who is asked for in this tick. */
  readonly #waiting = new Map<string, Waiting>()

  constructor(store: Store) {
    this.#store = store
  }

  /** @throws FanfareError `unavailable` */
  async of(tenantId: string, userId: string): Promise<readonly string[]> {
    const waiting = this.#waiting.get(tenantId) ?? this.#begin(tenantId)
    waiting.users.add(userId)
    return (await waiting.found.promise).get(userId) ?? none
  }

  #begin(tenantId: string): Waiting {
    const waiting: Waiting = { users: new Set<string>(), found: deferred() }
    this.#waiting.set(tenantId, waiting)
    setImmediate(() => {
      this.#waiting.delete(tenantId)
      const read = this.#store.of(tenantId).read((rows) => rolesOf(rows, [...waiting.users]))
      read.then(waiting.found.resolve, waiting.found.reject)
    })
    return waiting
  }
}

/** Whoever has none is not in it. */
export const rolesOf = async (rows: Rows, users: readonly string[]): Promise<FoundRoles> => {
  const found = await rows.selectFrom('inbox_role').select(['user_id', 'role']).where('user_id', 'in', users).execute()
  const roles = new Map<string, string[]>()
  for (const { user_id, role } of found) {
    const known = roles.get(user_id)
    if (known) known.push(role)
    else roles.set(user_id, [role])
  }
  return roles
}
