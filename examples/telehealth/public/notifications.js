/** The notifications of the user: counted absolutely, on every device alike; seen when the list is opened, read when one is followed. */
import { roomPart } from '/fanfare/client.js'
import { byId, make } from './dom.js'
import { follow } from './live.js'
import { briefly } from './time.js'

const kept = 30

/** All were marked `as`: what is further already stays as it is. */
const stateAfter = (state, as) => {
  if (as === 'unread') return state === 'unseen' ? 'unseen' : 'seen'
  return as === 'seen' && state !== 'unseen' ? state : as
}

export const createNotifications = ({ client, me, open, onError }) => {
  const items = new Map()
  const list = byId('inbox-list')
  const panel = byId('inbox')
  const badge = byId('bell-count')
  let version = -1

  const count = ({ unseen, unread, version: newer }) => {
    if (newer < version) return
    version = newer
    badge.hidden = unseen === 0
    badge.textContent = unseen > 99 ? '99+' : String(unseen)
    byId('bell').setAttribute('aria-label', unseen === 0 ? 'Notifications' : `Notifications, ${unseen} new`)
    byId('inbox-read').disabled = unread === 0
  }
  const mark = (as, ids) => client.command('inbox:mark', { as, ids }).then(count, onError)

  const row = (notification) => {
    const { id, title, message, createdAt, state, data } = notification
    const pick = () => {
      panel.hidePopover()
      void mark('read', [id])
      if (data?.visitId) open(data.visitId)
    }
    return make(
      'li',
      {},
      make(
        'button',
        { type: 'button', class: 'notification', data: { state }, on: { click: pick } },
        make(
          'span',
          { class: 'line' },
          make('strong', { text: title }),
          make('time', { class: 'soft', datetime: createdAt, text: briefly(createdAt) }),
        ),
        make('span', { class: 'notification-text', text: message }),
      ),
    )
  }
  const show = () => {
    const newest = [...items.values()].sort((a, b) => b.createdAt.localeCompare(a.createdAt)).slice(0, kept)
    list.replaceChildren(...newest.map(row))
    byId('inbox-empty').hidden = newest.length > 0
  }
  const put = (notification) => {
    if (notification.state === 'archived') items.delete(notification.id)
    else items.set(notification.id, notification)
  }

  const become = (id, state) => {
    const known = items.get(id)
    if (known) put({ ...known, state })
  }

  const load = async () => {
    const page = await client.command('inbox:list', { limit: kept })
    items.clear()
    for (const notification of page.notifications) put(notification)
    version = -1
    count(page.count)
    show()
  }
  follow(client, `inbox:${roomPart(me.id)}`, {
    load,
    onError,
    onEvent: ({ data }) => {
      if (data.notification) put(data.notification)
      if (data.ids) for (const id of data.ids) become(id, data.state)
      if (data.all) for (const id of [...items.keys()]) become(id, stateAfter(items.get(id).state, data.as))
      count(data.count)
      show()
    },
  })
  panel.addEventListener('toggle', (event) => {
    if (event.newState !== 'open') return
    const unseen = [...items.values()].some(({ state }) => state === 'unseen')
    if (unseen || !badge.hidden) void mark('seen', 'all')
  })
  byId('inbox-read').addEventListener('click', () => void mark('read', 'all'))
  show()
  return {
    /** Whoever reads the visit has read what announces it. */
    readFor(visitId) {
      const ids = [...items.values()]
        .filter(({ data, state }) => data?.visitId === visitId && (state === 'unseen' || state === 'seen'))
        .map(({ id }) => id)
      if (ids.length > 0) void mark('read', ids)
    },
  }
}
