/** Who is there, and how: what the clinic's clients say of themselves and ask about others. */
import { FanfareError, roomPart, type UserStatus } from '@fanfare/protocol'
import type { SocketContext } from '@fanfare/server'
import { z } from 'zod'
import { shareVisit } from '../visits.ts'
import { answered } from './answer.ts'

const NewStatus = z.object({
  status: z.enum(['online', 'away', 'busy', 'in_call', 'offline']).exactOptional(),
  customStatus: z.string().exactOptional(),
})
const Users = z.object({ userIds: z.array(z.string().min(1).max(128)).min(1).max(100) })

const toldStatus = ({ state, text, ...rest }: UserStatus) => ({ ...rest, status: state, customStatus: text })

const update = answered(NewStatus, async (socket, { status: state, customStatus: text }) => ({
  presence: toldStatus(
    await socket.status.set(socket.user.id, {
      ...(state === undefined ? {} : { state }),
      ...(text === undefined ? {} : { text }),
    }),
  ),
}))

/** @throws FanfareError `forbidden` */
const mustKnow = async (socket: SocketContext, userIds: readonly string[]): Promise<void> => {
  for (const userId of userIds) {
    if (userId === socket.user.id || (await shareVisit(socket, socket.user.id, userId))) continue
    throw new FanfareError('forbidden', 'You see the status of those with whom you have a visit.')
  }
}

const statusesOf = async (socket: SocketContext, userIds: readonly string[]) => {
  await mustKnow(socket, userIds)
  return (await socket.status.get(userIds)).map(toldStatus)
}

const get = answered(Users, async (socket, { userIds }) => ({ presence: await statusesOf(socket, userIds) }))

const subscribe = answered(Users, async (socket, { userIds }) => {
  for (const userId of userIds) await socket.join(`status:${roomPart(userId)}`)
  return { presence: await statusesOf(socket, userIds) }
})

const unsubscribe = answered(Users, async (socket, { userIds }) => {
  for (const userId of userIds) await socket.leave(`status:${roomPart(userId)}`)
  return undefined
})

export const presenceEvents = {
  'presence:update': update,
  'presence:get': get,
  'presence:subscribe': subscribe,
  'presence:unsubscribe': unsubscribe,
}
