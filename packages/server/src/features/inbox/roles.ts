/** Which roles find which user: those of their last token, or what the application said since. Written only when they are others. */
import { FanfareError } from '@fanfare/protocol'
import { checkRole, checkUserId } from './check.ts'
import type { InboxParts } from './inbox-parts.ts'
import { rolesOf } from './role-reads.ts'
import { inboxLimits } from './settings.ts'

/** @returns whether they were others. @throws FanfareError `invalid_payload`, `unavailable` */
export const setRoles = async (
  parts: InboxParts,
  tenantId: string,
  asked: { readonly userId: string; readonly roles: readonly string[] },
): Promise<boolean> => {
  const userId = checkUserId(asked.userId)
  const roles = new Set(asked.roles.map(checkRole))
  if (roles.size > inboxLimits.roles) {
    throw new FanfareError('invalid_payload', `roles: at most ${inboxLimits.roles}.`)
  }
  // Whoever connects has the same ones nearly always.
  if (isSame((await parts.roles.of(tenantId, userId)) ?? [], roles)) return false
  return parts.store.of(tenantId).change(async ({ rows }) => {
    const before = (await rolesOf(rows, [userId])).get(userId) ?? []
    if (isSame(before, roles)) return false
    const gone = before.filter((role) => !roles.has(role))
    const fresh = [...roles].filter((role) => !before.includes(role))
    if (gone.length > 0) {
      await rows.deleteFrom('inbox_role').where('user_id', '=', userId).where('role', 'in', gone).execute()
    }
    if (fresh.length > 0) {
      await rows
        .insertInto('inbox_role')
        .values(fresh.map((role) => ({ role, user_id: userId })))
        .onConflict((conflict) => conflict.columns(['tenant_id', 'role', 'user_id']).doNothing())
        .execute()
    }
    return true
  })
}

const isSame = (before: readonly string[], roles: ReadonlySet<string>): boolean =>
  before.length === roles.size && before.every((role) => roles.has(role))
