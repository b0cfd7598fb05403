/** After grants changed: every subscription of the user on this node is weighed again, and those that fall short end. */
import type { Session } from '../hub/session.ts'
import { userMay } from './authorise.ts'
import type { Services } from './services.ts'
import { evict } from './unsubscribe.ts'

/** Deliveries go on until the rule has answered: for so long at most. */
const patienceMs = 900

export const weighUser = async (services: Services, tenantId: string, userId: string): Promise<void> => {
  await services.auth.grants.reload(tenantId, userId)
  await Promise.all(services.hub.sessionsOf(tenantId, userId).map((session) => weighSession(services, session)))
}

export const weighSession = async (services: Services, session: Session): Promise<void> => {
  const weighed = [...session.subscriptions.values()].map(async (subscription) => {
    const asked = { room: subscription.room, action: 'subscribe', withinMs: patienceMs } as const
    // No answer is a no: a right that nobody can confirm has ended.
    const allowed = await userMay(services, session.user, asked).catch(() => false)
    if (!allowed) await evict(services, subscription, { reason: 'revoked' })
  })
  await Promise.all(weighed)
}
