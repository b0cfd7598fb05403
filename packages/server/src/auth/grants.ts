/** Grants and revocations at run time. Checks what is said and keeps it; what it means is in `grant.ts`. */
import { FanfareError } from '@fanfare/protocol'
import { checkTenant } from '../model/room-key.ts'
import type { Grants } from './auth.ts'
import { userIdOf } from './claims.ts'
import { addRules, checkGrant } from './grant.ts'
import type { UserTrusts } from './user-trust.ts'

/** Every question goes through a user's rules one by one, so there is an end to them. */
const rulesPerUser = 1_000

/** @throws FanfareError `bad_name`, `invalid_payload` */
export const checkSubject = (tenantId: string, userId: string): void => {
  checkTenant(tenantId)
  if (userIdOf(userId) === undefined) {
    throw new FanfareError('invalid_payload', 'A user id has 1 to 128 bytes and no control characters.')
  }
}

export const createGrants = (trusts: UserTrusts): Grants => {
  type Said = { readonly patterns: readonly string[]; readonly effect: 'grant' | 'revoke' }
  const change = async (tenantId: string, userId: string, { patterns, effect }: Said): Promise<void> => {
    checkSubject(tenantId, userId)
    for (const pattern of patterns) checkGrant(pattern)
    if (patterns.length === 0) return
    await trusts.update(tenantId, userId, (trust) => {
      const rules = addRules(trust.rules, patterns, effect)
      if (rules.length <= rulesPerUser) return { ...trust, rules }
      throw new FanfareError(
        'too_large',
        `A user has at most ${rulesPerUser} stored grants and revocations. Use * for many ids, or a role.`,
      )
    })
  }
  return {
    async list(tenantId, userId) {
      checkSubject(tenantId, userId)
      const { rules } = await trusts.stored(tenantId, userId)
      const patterns = (allow: boolean) => rules.filter((rule) => rule.allow === allow).map((rule) => rule.pattern)
      return { granted: patterns(true), revoked: patterns(false) }
    },
    grant: (tenantId, userId, patterns) => change(tenantId, userId, { patterns, effect: 'grant' }),
    revoke: (tenantId, userId, patterns) => change(tenantId, userId, { patterns, effect: 'revoke' }),
    reload: (tenantId, userId) => trusts.reload(tenantId, userId),
  }
}
