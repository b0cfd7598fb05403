/** Who is typing in the open visit, and telling others that we are. Ours stops by itself when we stop. */
import { listed } from './people.js'

const saidAgainMs = 2_500

export const createTyping = ({ client, me, show }) => {
  const typists = new Map()
  let room
  let people = []
  let roomId
  let saidAt = 0

  const tell = () => {
    const names = [...typists.keys()].map((userId) => people.find((person) => person.userId === userId)?.name ?? userId)
    show(names.length === 0 ? undefined : `${listed(names)} ${names.length === 1 ? 'is' : 'are'} typing`)
  }
  const stop = (userId) => {
    clearTimeout(typists.get(userId))
    if (typists.delete(userId)) tell()
  }
  const start = ({ userId, forMs }) => {
    if (userId === me.id) return
    clearTimeout(typists.get(userId))
    typists.set(
      userId,
      setTimeout(() => stop(userId), forMs),
    )
    tell()
  }
  /** Worth nothing later: said only while there is a connection. */
  const say = (name) => {
    if (client.state.getSnapshot().status !== 'connected') return
    // Whoever does not hear it misses nothing that lasts.
    client.command(name, { roomId }).catch(() => {})
  }
  const clear = () => {
    for (const timer of typists.values()) clearTimeout(timer)
    typists.clear()
    tell()
  }

  return {
    open(visit) {
      room?.leave()
      clear()
      saidAt = 0
      people = visit.people
      roomId = visit.id
      room = client.room(`chat:${visit.id}:typing`)
      room.on('typing.started', start)
      room.on('typing.stopped', ({ userId }) => stop(userId))
    },
    /** Somebody's message came: they are done. */
    done: stop,
    close() {
      room?.leave()
      room = undefined
      clear()
    },
    wrote(text) {
      if (text === '') {
        if (saidAt > 0) say('typing:stop')
        saidAt = 0
      } else if (Date.now() - saidAt > saidAgainMs) {
        saidAt = Date.now()
        say('typing:start')
      }
    },
  }
}
