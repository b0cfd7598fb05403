/** What follows from a message: whoever of the visit is not looking at it finds it among their notifications. */
import type { ChatMessage, RoomEvent } from '@fanfare/protocol'
import type { AppContext } from '@fanfare/server'
import type { Tally } from './metrics.ts'
import { peopleIn, visitRoom } from './visits.ts'

const previewLength = 120

/** On `message.created`. Everybody is notified of a message once, however often it is told. */
export const onMessage =
  (tally: Tally) =>
  async (context: AppContext, { data }: RoomEvent<string, unknown>): Promise<void> => {
    tally.messages++
    await notifyAbsent(context, (data as { readonly message: ChatMessage }).message)
  }

const notifyAbsent = async (context: AppContext, message: ChatMessage): Promise<void> => {
  const { id, roomId, userId: senderId, text } = message
  const [room, { members }, present] = await Promise.all([
    context.chat.room(roomId),
    context.chat.members(roomId),
    context.members(visitRoom(roomId)),
  ])
  if (room === undefined) return
  const looking = new Set(present.map(({ userId }) => userId))
  const sender = peopleIn(room.data).find(({ userId }) => userId === senderId)?.name ?? senderId
  const absent = members.filter(({ userId }) => userId !== senderId && !looking.has(userId))
  if (absent.length === 0) return
  await context.inbox.notify(
    ...absent.map(({ userId }) => ({
      to: { userId },
      kind: 'message',
      title: `${sender} · ${room.title}`,
      message: text.slice(0, previewLength),
      data: { visitId: roomId },
      key: `message|${id}`,
    })),
  )
}
