/**
 * What was written and is not known to have arrived: kept over reloads, sent in order, each with a key of its own, so that
 * however often it is sent it has one effect. The key is also in the message's data, by which the page knows it again.
 */
export const createOutbox = ({ client, me, onChange, onSent }) => {
  const place = `telehealth-outbox:${me.clinic}:${me.id}`
  const stored = () => {
    try {
      return JSON.parse(localStorage.getItem(place) ?? '[]')
    } catch {
      // Storage is switched off, or holds nothing of ours: there is only what is written now.
      return []
    }
  }
  let entries = stored().map((entry) => ({ ...entry, userId: me.id, state: 'waiting' }))

  const changed = (roomId) => {
    try {
      const kept = entries.map(({ key, roomId: room, text, replyTo, createdAt }) => ({
        key,
        roomId: room,
        text,
        replyTo,
        createdAt,
      }))
      localStorage.setItem(place, JSON.stringify(kept))
    } catch {
      // Then it lasts as long as the page.
    }
    onChange(roomId)
  }
  const without = (key) => {
    entries = entries.filter((entry) => entry.key !== key)
  }

  const send = async (entry) => {
    const { key, roomId, text, replyTo } = entry
    try {
      const input = { roomId, text, key, data: { key }, ...(replyTo === undefined ? {} : { replyTo }) }
      const { message } = await client.command('message:send', input, { key })
      without(key)
      onSent(message)
    } catch (error) {
      entry.state = 'failed'
      entry.problem = error.message
    }
    changed(roomId)
  }

  return {
    of: (roomId) => entries.filter((entry) => entry.roomId === roomId),
    add({ roomId, text, replyTo }) {
      const entry = {
        key: crypto.randomUUID(),
        userId: me.id,
        roomId,
        text,
        replyTo,
        createdAt: new Date().toISOString(),
        state: 'waiting',
      }
      entries.push(entry)
      changed(roomId)
      void send(entry)
    },
    again(key) {
      const entry = entries.find((one) => one.key === key)
      if (entry?.state !== 'failed') return
      entry.state = 'waiting'
      changed(entry.roomId)
      void send(entry)
    },
    discard(key) {
      const entry = entries.find((one) => one.key === key)
      without(key)
      if (entry) changed(entry.roomId)
    },
    /** Once, when the page has loaded. */
    resume() {
      for (const entry of entries) void send(entry)
    },
    /** Of whoever signs out nothing is left on this machine. */
    forget() {
      entries = []
      localStorage.removeItem(place)
    },
  }
}
