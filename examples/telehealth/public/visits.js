/** The visits of the user as the server has them: who is in each, what was said last, and what is unread, on every device alike. */
import { roomPart } from '/fanfare/client.js'
import { follow } from './live.js'
import { peopleOf } from './people.js'

const shownAtMost = 50

export const createVisits = ({ client, me, onChange, onMessage, onError }) => {
  const visits = new Map()
  const listeners = new Set()

  const tell = (roomId, event) => {
    for (const listener of listeners) if (listener.roomId === roomId) listener.onEvent(event)
  }

  const isNewer = (visit, message) => !visit.lastMessage || message.number >= visit.lastMessage.number
  const heard = (visit, event) => {
    const message = event.data.message
    if (message && isNewer(visit, message)) visit.lastMessage = message
    if (event.type === 'room.updated') Object.assign(visit, { title: event.data.room?.title ?? visit.title })
    tell(visit.id, event)
    if (event.type === 'message.created') onMessage(visit, message)
    onChange()
  }

  /** Numbers are absolute: whichever device read, this is how it stands. */
  const count = ({ roomId, read, unread, lastNumber }) => {
    const visit = visits.get(roomId)
    if (!visit) return
    Object.assign(visit, { read, unread, lastNumber })
    onChange()
  }

  const listenTo = (visit) => {
    const room = client.room(`chat:${visit.id}`)
    room.onAny((event) => heard(visit, event))
    room.onGap(() => {
      tell(visit.id, { type: 'gap' })
      void load()
    })
    return room
  }

  const put = (summary) => {
    const known = visits.get(summary.id)
    const visit = known ?? { id: summary.id }
    Object.assign(visit, summary, { people: peopleOf(summary) })
    if (known) return
    visits.set(visit.id, visit)
    visit.room = listenTo(visit)
  }

  const load = async () => {
    const { rooms } = await client.command('chat:list', { limit: shownAtMost })
    const listed = new Set(rooms.map(({ id }) => id))
    for (const summary of rooms) put(summary)
    for (const visit of visits.values()) {
      if (listed.has(visit.id)) continue
      visit.room.leave()
      visits.delete(visit.id)
    }
    onChange()
  }

  const own = follow(client, `chats:${roomPart(me.id)}`, {
    load,
    onError,
    onEvent(event) {
      if (event.type === 'chat.activity') count(event.data)
      else load().catch(onError)
    },
  })

  // Of activity nothing is kept: who was away asks for all of it.
  let away = false
  const stopLooking = client.state.subscribe(() => {
    const { status } = client.state.getSnapshot()
    if (status === 'connected' && away) load().catch(onError)
    away = status !== 'connected'
  })

  return {
    get: (id) => visits.get(id),
    /** The one that spoke last first. */
    all: () =>
      [...visits.values()].sort((a, b) =>
        (b.lastMessage?.createdAt ?? b.createdAt).localeCompare(a.lastMessage?.createdAt ?? a.createdAt),
      ),
    unread: () => [...visits.values()].reduce((sum, { unread }) => sum + unread, 0),
    /** What happens in a visit, from now on, and `gap` where the past must be read again. Gives what stops it. */
    listen(roomId, onEvent) {
      const listener = { roomId, onEvent }
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    stop() {
      stopLooking()
      own.stop()
    },
  }
}
