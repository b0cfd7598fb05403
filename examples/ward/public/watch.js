/**
 * The tenant's whole stream, twice, without the client library: what a newcomer would write by hand. Both come back by
 * themselves after a break, each with a new ticket, and go on from the last event that they have.
 */
import { element } from './bed-card.js'
import { freshTicket } from './session.js'
import { startTheme } from './theme.js'

const byId = (id) => document.getElementById(id)
const most = 200
const retryMs = 1_000
let paused = false

const createLog = (name) => {
  const list = byId(`${name}-log`)
  const count = byId(`${name}-count`)
  let events = 0
  return {
    state(text) {
      byId(`${name}-state`).textContent = text
    },
    add(type, data) {
      count.textContent = String(++events)
      if (paused) return
      const line = element('li')
      line.dataset.alert = String(type.endsWith('alert'))
      line.append(element('b', '', type), ` ${JSON.stringify(data)}`)
      list.prepend(line)
      if (list.childElementCount > most) list.lastElementChild.remove()
    },
  }
}

const types = [
  'patient.vitals.update',
  'patient.alert',
  'patient.status.change',
  'patient.admission',
  'patient.discharge',
  'hospital.alert',
  'hospital.capacity.update',
  'hospital.emergency',
  'system.alert',
]

/** A ticket opens one connection, so the browser's own reconnect would be refused: this one asks for a new ticket. */
const followStream = async (log, cursor) => {
  let last = cursor
  try {
    const query = new URLSearchParams({ ticket: await freshTicket(), ...(last ? { lastEventId: last } : {}) })
    const source = new EventSource(`/realtime/events?${query}`)
    source.addEventListener('connected', () => log.state(last ? 'live, resumed' : 'live'))
    for (const type of types) {
      source.addEventListener(type, (event) => {
        last = event.lastEventId
        log.add(type, JSON.parse(event.data))
      })
    }
    source.addEventListener('error', () => {
      source.close()
      log.state('reconnecting')
      setTimeout(() => followStream(log, last), retryMs)
    })
  } catch {
    log.state('waiting for the server')
    setTimeout(() => followStream(log, last), retryMs)
  }
}

const followSocket = async (log, since) => {
  let last = since
  try {
    const address = new URL(`/realtime/ws?ticket=${encodeURIComponent(await freshTicket())}`, location.href)
    address.protocol = address.protocol === 'https:' ? 'wss:' : 'ws:'
    const socket = new WebSocket(address)
    socket.addEventListener('open', () =>
      socket.send(JSON.stringify({ type: 'subscribe', room: 'feed', ...(last ? { since: last } : {}) })),
    )
    socket.addEventListener('message', ({ data }) => {
      const frame = JSON.parse(data)
      if (frame.type === 'subscription') {
        log.state(last && frame.recovered ? 'live, resumed' : 'live')
        last = { epoch: frame.epoch, offset: frame.offset }
      } else if (frame.event !== undefined) {
        last = { ...last, offset: frame.offset }
        log.add(frame.event, frame.data)
      }
    })
    socket.addEventListener('close', () => {
      log.state('reconnecting')
      setTimeout(() => followSocket(log, last), retryMs)
    })
  } catch {
    log.state('waiting for the server')
    setTimeout(() => followSocket(log, last), retryMs)
  }
}

startTheme(byId('theme'))
byId('pause').addEventListener('click', ({ currentTarget }) => {
  paused = !paused
  currentTarget.setAttribute('aria-pressed', String(paused))
  currentTarget.textContent = paused ? 'Go on' : 'Pause'
})
followStream(createLog('sse'))
followSocket(createLog('ws'))
