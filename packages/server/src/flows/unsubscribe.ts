/** Leave a room: no event after it, and no trace of the session in it. */
import { FanfareError, type FrameId, type UnsubscribeReason } from '@fanfare/protocol'
import type { Session, Subscription } from '../hub/session.ts'
import { leavePresence } from './presence.ts'
import type { Services } from './services.ts'
import { tellOfSession } from './tell.ts'

/** @throws FanfareError `not_subscribed` */
export const unsubscribe = async (
  services: Services,
  session: Session,
  request: { readonly room: string; readonly id?: FrameId },
): Promise<void> => {
  const room = services.app.room(session.tenantId, request.room)
  const subscription = session.subscriptions.get(room.key)
  if (!subscription) throw new FanfareError('not_subscribed', `The session is not in ${room.name}.`)
  tellOfSession(services, session, { action: 'room.left', subject: room.name, detail: { session: session.id } })
  await evict(services, subscription, { reason: 'asked', ...(request.id === undefined ? {} : { id: request.id }) })
}

/** Ends the subscription and says why. */
export const evict = async (
  services: Services,
  subscription: Subscription,
  why: { readonly reason: UnsubscribeReason; readonly id?: FrameId },
): Promise<void> => {
  if (subscription.state === 'closed') return
  leave(services, subscription)
  subscription.session.send({ type: 'subscription', room: subscription.name, status: 'unsubscribed', ...why })
  await leavePresence(services, subscription.session, { room: subscription.room.key, graceMs: 0 })
}

/** Without a word to the client: for a session that ends, or a subscription that never began. */
export const leave = (services: Services, subscription: Subscription): void => {
  if (subscription.state === 'closed') return
  services.hub.leave(subscription)
  services.engine.directory.touch(subscription.session.tenantId, subscription.session.id)
  services.interest.release(subscription.room)
}
