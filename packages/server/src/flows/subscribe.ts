/**
 * Subscribe, in this order and no other: hold → authorise → listen → read → replay → release. The subscription is known
 * to its session before the access rule is asked, so that a grant revoked meanwhile finds it.
 */
import { FanfareError, type FrameId, type RoomRequest, toFanfareError } from '@fanfare/protocol'
import type { Room } from '../app/app.ts'
import type { Session } from '../hub/session.ts'
import { Subscription } from '../hub/session.ts'
import { userMay } from './authorise.ts'
import { type Beginning, begin } from './catch-up.ts'
import { leavePresence } from './presence.ts'
import type { Services } from './services.ts'
import { tellOfSession } from './tell.ts'
import { leave } from './unsubscribe.ts'

export type SubscribeRequest = RoomRequest & {
  readonly id?: FrameId
  /** Told where the subscription begins, before anything of the room goes out. */
  readonly began?: (beginning: Beginning) => void
}

/** @throws FanfareError `bad_name`, `unknown_room`, `too_many_rooms`, `forbidden`, `unavailable` */
export const subscribe = async (services: Services, session: Session, request: SubscribeRequest): Promise<void> => {
  const room = roomOf(services, session, request.room)
  if (request.since !== undefined) services.metrics.add('fanfare_replays_total')
  await enterRoom(services, session, { ...request, room })
}

/** @throws FanfareError `bad_name`, `unknown_room` */
const roomOf = (services: Services, session: Session, name: string): Room => {
  try {
    return services.app.room(session.tenantId, name)
  } catch (thrown) {
    tellNotLetIn(services, session, { name, thrown })
    throw thrown
  }
}

export type EnterRequest = Omit<SubscribeRequest, 'room'> & { readonly room: Room }

/** The same, for a room that is known; it may be one of the server's own. */
export const enterRoom = async (services: Services, session: Session, request: EnterRequest): Promise<void> => {
  const { room } = request
  // A link may end while its identity is looked up, and what enters then would never leave.
  if (!session.open) throw new FanfareError('unavailable', 'The session has ended.')
  makePlace(services, session, room)
  const subscription = new Subscription(session, room)
  // A cursor sent before the log was read must still hold where the client is in this room.
  if (request.since !== undefined && request.since !== 'earliest') subscription.moveTo(request.since)
  services.hub.enter(subscription)
  services.engine.directory.touch(session.tenantId, session.id)
  const listening = services.interest.hold(room)
  try {
    await Promise.all([listening, refuseUnlessAllowed(services, session, room)])
    const start = {
      since: request.since,
      announce: (beginning: Beginning) => {
        request.began?.(beginning)
        announce(session, room, { ...beginning, id: request.id })
        subscription.begin()
        tellLetIn(services, session, room, beginning)
        services.lifecycle.entered(room)
      },
    }
    if (subscription.state !== 'closed') await begin(services, subscription, start)
    // The same room again in one request replaces the first, and is what is answered.
    if (subscription.begun || !session.open || session.subscriptions.has(room.key)) return
    throw new FanfareError('forbidden', `The user may not subscribe in ${room.name}.`)
  } catch (error) {
    leave(services, subscription)
    tellNotLetIn(services, session, { name: room.name, thrown: error })
    // It may replace one in which the user was shown to others.
    if (!session.subscriptions.has(room.key)) await leavePresence(services, session, { room: room.key, graceMs: 0 })
    throw error
  }
}

/** Rooms of the server itself are nobody's to read about. */
const isOwn = (name: string): boolean => name.startsWith('__')

const tellLetIn = (services: Services, session: Session, { name }: Room, { recovered }: Beginning): void => {
  if (isOwn(name)) return
  const detail = { session: session.id, ...(recovered === undefined ? {} : { recovered }) }
  tellOfSession(services, session, { action: 'room.subscribed', subject: name, detail })
}

type NotLetIn = { readonly name: string; readonly thrown: unknown }

const tellNotLetIn = (services: Services, session: Session, { name, thrown }: NotLetIn): void => {
  if (isOwn(name)) return
  const detail = { action: 'subscribe', code: toFanfareError(thrown).code }
  tellOfSession(services, session, { action: 'room.refused', subject: name, detail })
}

type Announced = Beginning & { readonly id: FrameId | undefined }

const announce = (session: Session, room: Room, { id, position, recovered, lost }: Announced): void =>
  session.send({
    type: 'subscription',
    ...(id === undefined ? {} : { id }),
    room: room.name,
    status: 'subscribed',
    ...position,
    delivery: room.rule.slow === 'resume' ? 'every' : 'latest',
    ...(recovered === undefined ? {} : { recovered }),
    ...(lost === undefined ? {} : { reason: lost.reason }),
  })

/** A second subscribe to the same room replaces the first; a new room needs room in the session. */
const makePlace = (services: Services, session: Session, room: Room): void => {
  const before = session.subscriptions.get(room.key)
  if (before) leave(services, before)
  else if (session.subscriptions.size >= services.limits.roomsPerSession) {
    throw new FanfareError('too_many_rooms', `A session may be in ${services.limits.roomsPerSession} rooms.`)
  }
}

const refuseUnlessAllowed = async (services: Services, session: Session, room: Room): Promise<void> => {
  if (await userMay(services, session.user, { room, action: 'subscribe' })) return
  throw new FanfareError('forbidden', `The user may not subscribe in ${room.name}.`)
}
