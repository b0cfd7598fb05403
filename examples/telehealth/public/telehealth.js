/** The page: whoever is at the door comes in, and the parts are put together. */
import { startConnection } from './connection.js'
import { createConversation } from './conversation.js'
import { byId } from './dom.js'
import { openLive } from './live.js'
import { createNotifications } from './notifications.js'
import { createOutbox } from './outbox.js'
import { avatar, othersIn, personIn } from './people.js'
import { signedInAs, signOut } from './session.js'
import { askWho } from './sign-in.js'
import { createStatuses } from './statuses.js'
import { startTheme } from './theme.js'
import { createVisitList } from './visit-list.js'
import { createVisits } from './visits.js'

startTheme(byId('theme'))
const announcer = byId('announcer')
const announce = (text) => {
  announcer.textContent = text
}
const onError = (error) => announce(error.message ?? 'Something went wrong.')

const me = signedInAs() ?? (await askWho())
byId('clinic').hidden = false
byId('me-avatar').replaceWith(avatar({ userId: me.id, name: me.name }))
byId('me-name').textContent = me.name

const client = openLive()
const visitOf = () => decodeURIComponent(location.hash.match(/^#visit\/(.+)$/)?.[1] ?? '')
const openVisit = (id) => {
  location.hash = id === '' ? '' : `visit/${encodeURIComponent(id)}`
}

const statuses = createStatuses({ client, me, select: byId('me-status'), onChange: () => show(), onError })
const list = createVisitList({ me, statuses, open: openVisit })
const outbox = createOutbox({
  client,
  me,
  onChange: (roomId) => roomId === conversation.visit?.id && conversation.refresh(),
  onSent: (message) => conversation.sent(message),
})

/** Newest message of others that we told the server to have. */
const delivered = new Map()
const deliver = (visit, number) => {
  if (number <= (delivered.get(visit.id) ?? visit.read)) return
  delivered.set(visit.id, number)
  client.command('message:delivered', { roomId: visit.id, number }).catch(onError)
}

const visits = createVisits({
  client,
  me,
  onError,
  onChange: () => show(),
  onMessage(visit, message) {
    if (message.userId === me.id) return
    deliver(visit, message.number)
    announce(`${personIn(visit, message.userId).name}: ${message.text}`)
  },
})
const notifications = createNotifications({ client, me, open: openVisit, onError })
const conversation = createConversation({
  client,
  me,
  visits,
  outbox,
  statuses,
  onError,
  onReading: (visit) => notifications.readFor(visit.id),
})

function show() {
  const all = visits.all()
  const id = visitOf()
  const visit = visits.get(id)
  if (visit && conversation.visit !== visit) conversation.open(visit)
  if (!visit && conversation.visit) conversation.close()
  byId('clinic').dataset.view = visit ? 'visit' : 'list'
  list.show(all, id)
  conversation.refresh()
  statuses.watch([me.id, ...all.flatMap((one) => othersIn(one, me.id).map(({ userId }) => userId))])
  for (const one of all) if (one.unread > 0) deliver(one, one.lastNumber)
  const unread = visits.unread()
  document.title = `${unread > 0 ? `(${unread}) ` : ''}${visit?.title ?? 'Visits'} · Telehealth`
}

addEventListener('hashchange', () => {
  show()
  if (visitOf() !== '') conversation.focus()
})
byId('back').addEventListener('click', () => openVisit(''))

const toTheDoor = () => {
  signOut()
  location.replace(location.pathname)
}
byId('sign-out').addEventListener('click', () => {
  outbox.forget()
  toTheDoor()
})
startConnection({
  client,
  line: byId('connection'),
  text: byId('connection-text'),
  onClosed: ({ code }) => {
    // What waits to be sent stays for when they are back: nobody meant to leave.
    if (code === 'unauthenticated' || code === 'token_expired') toTheDoor()
  },
})
outbox.resume()
show()
