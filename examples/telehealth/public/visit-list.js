/** The list of visits: with whom, what was said last, how much is unread. Rows are kept, so that focus stays where it is. */
import { byId, make } from './dom.js'
import { faceOf, listed, othersIn } from './people.js'
import { briefly } from './time.js'

const preview = ({ lastMessage }, me) => {
  if (!lastMessage) return 'Nothing was said yet.'
  if (lastMessage.deletedAt) return 'Message deleted'
  return `${lastMessage.userId === me.id ? 'You: ' : ''}${lastMessage.text}`
}

const createRow = (open) => {
  const parts = {
    face: make('span'),
    title: make('strong', { class: 'visit-title' }),
    time: make('time', { class: 'soft' }),
    who: make('span', { class: 'visit-with soft' }),
    text: make('span', { class: 'visit-last' }),
    unread: make('span', { class: 'badge', hidden: true }),
  }
  const button = make(
    'button',
    { type: 'button', class: 'visit-row', on: { click: open } },
    parts.face,
    make(
      'span',
      { class: 'visit-row-text' },
      make('span', { class: 'line' }, parts.title, parts.time),
      parts.who,
      make('span', { class: 'line' }, parts.text, parts.unread),
    ),
  )
  return { item: make('li', {}, button), button, ...parts }
}

export const createVisitList = ({ me, statuses, open }) => {
  const list = byId('visits')
  const rows = new Map()

  const fill = (row, visit, isOpen) => {
    const others = othersIn(visit, me.id)
    const state = others.length === 1 ? statuses.stateOf(others[0].userId) : undefined
    const face = faceOf(visit, others, { state })
    row.face.replaceWith(face)
    row.face = face
    row.title.textContent = visit.title
    row.who.textContent = listed(others.map(({ name }) => name))
    row.text.textContent = preview(visit, me)
    const at = visit.lastMessage?.createdAt ?? visit.createdAt
    row.time.textContent = briefly(at)
    row.time.dateTime = at
    row.unread.hidden = visit.unread === 0
    row.unread.textContent = String(visit.unread)
    row.unread.setAttribute('aria-label', `${visit.unread} unread`)
    row.button.dataset.unread = String(visit.unread > 0)
    if (isOpen) row.button.setAttribute('aria-current', 'true')
    else row.button.removeAttribute('aria-current')
  }

  return {
    show(visits, openId) {
      byId('visits-empty').hidden = visits.length > 0
      for (const [id, row] of rows) {
        if (visits.some((visit) => visit.id === id)) continue
        row.item.remove()
        rows.delete(id)
      }
      for (const [index, visit] of visits.entries()) {
        const row = rows.get(visit.id) ?? createRow(() => open(visit.id))
        rows.set(visit.id, row)
        fill(row, visit, visit.id === openId)
        // Moved only where it must be: what is moved loses the focus.
        if (list.children[index] !== row.item) list.insertBefore(row.item, list.children[index] ?? null)
      }
    },
  }
}
