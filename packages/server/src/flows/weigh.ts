/** After grants changed: every subscription of the user on this node is weighed again, and those that fall short end. */
import type { Session } from '../hub/session.ts'
import { userMay } from './authorise.ts'
import type { Services } from './services.ts'
import { tellOfSession } from './tell.ts'
import { evict } from './unsubscribe.ts'

/** Deliveries go on until the rule has answered: for so long at most. */
const patienceMs = 900

export const weighUser = async (services: Services, tenantId: string, userId: string): Promise<void> => {
  await services.auth.grants.reload(tenantId, userId)
  await Promise.all(services.hub.sessionsOf(tenantId, userId).map((session) => weighSession(services, session)))
}

type NotWeighed = { readonly tenantId: string; readonly userId: string; readonly error: unknown }

/** What may have been revoked is not known: nobody of this user stays. They come back when it is known again. */
export const cannotWeigh = (services: Services, { tenantId, userId, error }: NotWeighed): void => {
  services.log.error({ error, tenant: tenantId, user: userId }, 'grants could not be read anew')
  for (const session of services.hub.sessionsOf(tenantId, userId)) {
    session.end('unavailable', 'what the user may do cannot be looked up')
  }
}

export const weighSession = async (services: Services, session: Session): Promise<void> => {
  const weighed = [...session.subscriptions.values()].map(async (subscription) => {
    const asked = { room: subscription.room, action: 'subscribe', withinMs: patienceMs } as const
    if (await userMay(services, session.user, asked)) return
    tellOfSession(services, session, {
      action: 'room.ended',
      subject: subscription.name,
      detail: { reason: 'revoked' },
    })
    await evict(services, subscription, { reason: 'revoked' })
  })
  const outcomes = await Promise.allSettled(weighed)
  const unknown = outcomes.find(({ status }) => status === 'rejected')
  if (!unknown) return
  // A right that nobody can confirm has ended; but nobody said no, so it is not taken away: whoever comes back is asked again.
  session.end('unavailable', 'what the user may do cannot be looked up')
}
