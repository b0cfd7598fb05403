/** The live side of the page: rooms through the client, the past first, then everything after it, counted as it comes. */
import { createClient } from '/fanfare/client.js'
import { freshToken } from './session.js'

/** An event that comes this much later than events usually do was waiting for us. */
const lateMs = 1_500

/** Tells events that were caught up on from live ones, whatever the difference between the two clocks. */
const createLateness = () => {
  let usual = Number.POSITIVE_INFINITY
  return (timestamp) => {
    const delay = Date.now() - Date.parse(timestamp)
    usual = Math.min(usual, delay)
    return delay - usual > lateMs
  }
}

export const openLive = ({ firstToken, onState, onEvent, onMissing, onReconnect, onCaughtUp }) => {
  let token = firstToken
  const client = createClient({
    url: '/',
    token: () => {
      const given = token ?? freshToken()
      token = undefined
      return given
    },
    reconnect: { maxMs: 5_000 },
  })

  const isLate = createLateness()
  let connections = 0
  let caughtUp = 0
  let telling
  const tellLater = () => {
    clearTimeout(telling)
    telling = setTimeout(() => {
      onCaughtUp(caughtUp)
      caughtUp = 0
    }, 600)
  }

  let status
  client.state.subscribe(() => {
    const state = client.state.getSnapshot()
    if (state.status === 'connected' && status !== 'connected' && ++connections > 1) {
      onReconnect()
      tellLater()
    }
    status = state.status
    onState(state)
  })

  /** Not trusting the client: offsets must rise by one, or something is missing. */
  const createCheck = () => {
    let last
    return {
      continueAt(offset) {
        last = offset
      },
      take(event) {
        if (last !== undefined && event.offset > last + 1) onMissing(event.offset - last - 1)
        last = event.offset
      },
    }
  }

  return {
    /** Shows what the room's log has, newest `limit` events, then follows it. */
    async follow(name, { limit }) {
      const reader = client.room(name)
      const page = await reader.history({ limit })
      for (const event of page.events) onEvent(event, { past: true })
      const offset = page.events.at(-1)?.offset
      const check = createCheck()
      if (offset !== undefined) check.continueAt(offset)
      const room = client.room(name, offset === undefined ? {} : { since: { epoch: page.epoch, offset } })
      room.onGap((gap) => {
        const missed = gap.from.epoch === gap.to.epoch ? gap.to.offset - gap.from.offset : 1
        onMissing(missed)
        check.continueAt(gap.to.offset)
      })
      room.onAny((event) => {
        check.take(event)
        // Asked for every event: that is how it knows what is usual.
        const late = isLate(event.timestamp)
        if (late && connections > 1) {
          caughtUp++
          tellLater()
        }
        onEvent(event, { past: false })
      })
      reader.leave()
    },
  }
}
