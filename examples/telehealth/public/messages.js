/** The messages of the open visit, in order and once, and the rows that they make: days, the line before what is new, bubbles. */
import { dayKey } from './time.js'

const groupMs = 4 * 60_000

export const createMessages = () => {
  const byId = new Map()
  let before
  const put = (message) => void byId.set(message.id, message)
  const ordered = () => [...byId.values()].sort((a, b) => a.number - b.number)

  return {
    get: (id) => byId.get(id),
    put,
    fill(page) {
      byId.clear()
      for (const message of page.messages) put(message)
      before = page.before
    },
    addEarlier(page) {
      for (const message of page.messages) if (!byId.has(message.id)) put(message)
      before = page.before
    },
    get before() {
      return before
    },
    ordered,
    lastOwn: (userId) => ordered().findLast((message) => message.userId === userId && !message.deletedAt),
    rows: (pending, newFrom) => rowsOf(ordered(), pending, newFrom),
  }
}

/** Pending ones that have arrived meanwhile are the messages themselves. */
const rowsOf = (messages, pending, newFrom) => {
  const arrived = new Set(messages.map(({ data }) => data?.key).filter(Boolean))
  const all = [
    ...messages.map((message) => ({ key: message.data?.key ?? message.id, message })),
    ...pending.filter(({ key }) => !arrived.has(key)).map((entry) => ({ key: entry.key, entry })),
  ]
  const rows = []
  let day
  let last
  for (const item of all) {
    const { createdAt, userId } = item.message ?? item.entry
    if (dayKey(createdAt) !== day) {
      day = dayKey(createdAt)
      rows.push({ kind: 'day', key: `day-${day}`, at: createdAt })
      last = undefined
    }
    if (item.message && item.message.number === newFrom) {
      rows.push({ kind: 'new', key: 'new' })
      last = undefined
    }
    const follows =
      last !== undefined && last.userId === userId && Date.parse(createdAt) - Date.parse(last.at) < groupMs
    if (follows) last.row.ends = false
    const row = { kind: 'message', ...item, begins: !follows, ends: true }
    rows.push(row)
    last = { userId, at: createdAt, row }
  }
  return rows
}
