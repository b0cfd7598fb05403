/** The one connection of the page. Everything else speaks through it. */
import { createClient } from '/fanfare/client.js'
import { freshToken } from './session.js'

export const openLive = () => createClient({ url: '/', token: freshToken, reconnect: { minMs: 250, maxMs: 5_000 } })

/**
 * Follows a room without a gap between what was read and what comes: events wait while `load` runs, and are given after it,
 * without those that it had already told (`load` gives its position, or nothing). Loads anew when events are gone for good.
 */
export const follow = (client, name, { load, onEvent, onError }) => {
  const room = client.room(name)
  let waiting = []
  let loading = 0
  const begin = async () => {
    const turn = ++loading
    waiting ??= []
    try {
      await room.subscribed
      const position = await load()
      if (turn !== loading) return
      const held = waiting
      waiting = undefined
      for (const event of held) if (position === undefined || event.offset > position.offset) onEvent(event)
    } catch (error) {
      onError?.(error)
    }
  }
  room.onAny((event) => (waiting ? waiting.push(event) : onEvent(event)))
  room.onGap(() => void begin())
  void begin()
  return {
    room,
    stop() {
      loading++
      room.leave()
    },
  }
}
