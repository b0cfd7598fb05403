/**
 * From a frame to its verb. A promise holds the connection's next frame; what may overlap is answered in the background, and
 * what is done at once costs no promise.
 */
import { type ClientFrame, FanfareError, type FrameId, type Json, type RoomRequest } from '@fanfare/protocol'
import type { Session } from '../hub/session.ts'
import { isoTime } from '../lib/iso-time.ts'
import { type Soon, soon } from '../lib/soon.ts'
import type { Caller } from '../model/caller.ts'
import { runCommand } from './command.ts'
import { fail } from './fail.ts'
import { history } from './history.ts'
import { enterPresence, leavePresence, readPresence } from './presence.ts'
import { append, preparePublish } from './publish.ts'
import type { Services } from './services.ts'
import { subscribe } from './subscribe.ts'
import { unsubscribe } from './unsubscribe.ts'

export type SessionFrame = Exclude<ClientFrame, { type: 'auth' }>

/** @throws FanfareError what the verb throws; the connection answers with it */
export const dispatch = (services: Services, session: Session, frame: SessionFrame): Soon<void> => {
  switch (frame.type) {
    case 'subscribe':
      return subscribeAll(services, session, frame)
    case 'unsubscribe':
      return unsubscribe(services, session, frame)
    case 'publish':
      return publishFrame(services, session, frame)
    case 'command':
      return answerLater(services, session, {
        frame,
        work: runCommand(services, callerOf(session), { ...frame, session: session.id }),
      })
    case 'history':
      return historyFrame(services, session, frame)
    case 'presence':
      return presenceFrame(services, session, frame)
    case 'ping':
      return session.send({ type: 'pong', ...idOf(frame), timestamp: isoTime(services.clock.now()) })
    case 'pong':
      return
  }
}

const callerOf = (session: Session): Caller => ({ kind: 'user', tenantId: session.tenantId, user: session.user })

const idOf = (frame: { readonly id?: FrameId }): { readonly id?: FrameId } =>
  frame.id === undefined ? {} : { id: frame.id }

/** @throws FanfareError `too_large`, for an answer that would fill what may wait for the session */
const answer = (session: Session, id: FrameId | undefined, result: Json): void => {
  if (id === undefined || session.reply({ type: 'reply', id, result })) return
  throw new FanfareError(
    'too_large',
    'The answer is larger than what may wait for a session. Ask for less, or over HTTP.',
  )
}

/**
 * Answers when it is done, without holding the frames behind it; unless too many already wait, so that what one connection
 * has under way is bounded.
 */
const answerLater = (
  services: Services,
  session: Session,
  { frame, work }: { readonly frame: AnsweredFrame; readonly work: Promise<Json> },
): Soon<void> => {
  session.pending++
  const failed = (error: unknown): void => {
    session.pending--
    const room = 'room' in frame ? { room: frame.room } : {}
    fail(services, session, { thrown: error, ...room, ...idOf(frame) })
  }
  const answered = work.then((result) => {
    try {
      answer(session, frame.id, result)
    } catch (error) {
      failed(error)
      return
    }
    session.pending--
  }, failed)
  return session.pending >= services.limits.inboxMessages ? answered : undefined
}
type AnsweredFrame = SessionFrame & { type: 'publish' | 'command' }

/** One room, or all the rooms of a resume at once. A refused room is answered by itself; the others go on. */
const subscribeAll = async (
  services: Services,
  session: Session,
  frame: SessionFrame & { type: 'subscribe' },
): Promise<void> => {
  if (!('rooms' in frame)) return subscribe(services, session, frame)
  const one = (request: RoomRequest) =>
    subscribe(services, session, { ...request, ...idOf(frame) }).catch((error: unknown) => {
      fail(services, session, { thrown: error, room: request.room, ...idOf(frame) })
    })
  await Promise.all(frame.rooms.map(one))
  answer(session, frame.id, null)
}

const publishFrame = (services: Services, session: Session, frame: SessionFrame & { type: 'publish' }): Soon<void> => {
  const caller = callerOf(session)
  return soon(preparePublish(services, caller, frame), (prepared) => {
    const work = append(services, caller, prepared)
    return work instanceof Promise ? answerLater(services, session, { frame, work }) : answer(session, frame.id, work)
  })
}

const historyFrame = async (
  services: Services,
  session: Session,
  frame: SessionFrame & { type: 'history' },
): Promise<void> => {
  // A page is large: the next is not read before the reader has taken those it asked for.
  await session.outbox.ready()
  answer(session, frame.id, await history(services, callerOf(session), frame))
}

const presenceFrame = async (
  services: Services,
  session: Session,
  frame: SessionFrame & { type: 'presence' },
): Promise<void> => {
  if (frame.leave) {
    const room = services.app.room(session.tenantId, frame.room)
    await leavePresence(services, session, { room: room.key, graceMs: 0 })
    return answer(session, frame.id, null)
  }
  if (frame.state !== undefined) {
    await enterPresence(services, session, { room: frame.room, state: frame.state })
    return answer(session, frame.id, null)
  }
  if (frame.id === undefined)
    throw new FanfareError('bad_frame', 'A presence frame that asks needs an id to be answered.')
  answer(session, frame.id, await readPresence(services, callerOf(session), frame.room))
}
