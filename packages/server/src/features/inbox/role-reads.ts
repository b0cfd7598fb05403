/** The roles of users as the store has them. Writes nothing. */
import type { Rows, Store } from '../../store/store.ts'
import { TickReads } from '../../store/tick-reads.ts'

export type RoleReads = TickReads<readonly string[]>

/** Of many who come at once, read together. */
export const roleReads = (store: Store): RoleReads => new TickReads({ store, read: rolesOf })

/** Whoever has none is not in it. */
export const rolesOf = async (
  rows: Rows,
  users: readonly string[],
): Promise<ReadonlyMap<string, readonly string[]>> => {
  const found = await rows.selectFrom('inbox_role').select(['user_id', 'role']).where('user_id', 'in', users).execute()
  const roles = new Map<string, string[]>()
  for (const { user_id, role } of found) {
    const known = roles.get(user_id)
    if (known) known.push(role)
    else roles.set(user_id, [role])
  }
  return roles
}
