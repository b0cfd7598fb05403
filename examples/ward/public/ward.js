/** The ward board: puts the parts of the page together and leads each event to where it shows. */
import { createAlertList } from './alerts.js'
import { createBoard } from './board.js'
import { createLedger, createPill } from './connection-pill.js'
import { createDetails } from './details.js'
import { openLive } from './live.js'
import { openSession } from './session.js'
import { startTheme } from './theme.js'

const byId = (id) => document.getElementById(id)

/** Readings shown before the first live one, per patient. */
const pastVitals = 120

startTheme(byId('theme'))
const pill = createPill({ pill: byId('pill'), text: byId('pill-text') })
const ledger = createLedger({
  events: byId('count-events'),
  gaps: byId('count-gaps'),
  reconnects: byId('count-reconnects'),
  resumed: byId('count-resumed'),
})
const board = createBoard({
  root: byId('beds'),
  summary: byId('summary'),
  open: (card, opener) => details.open(card, opener),
})
const alerts = createAlertList({
  list: byId('alerts'),
  empty: byId('alerts-empty'),
  announcer: byId('announcer'),
  patientOf: board.patient,
})
const details = createDetails(
  {
    dialog: byId('details'),
    bed: byId('details-bed'),
    name: byId('details-name'),
    charts: byId('details-charts'),
    alerts: byId('details-alerts'),
    close: byId('details-close'),
  },
  alerts.of,
)

const show = (event, { past }) => {
  const patientId = event.data.patient_id
  switch (event.type) {
    case 'patient.vitals.update':
      board.addVitals(patientId, event.data)
      break
    case 'patient.status.change':
      board.setStatus(patientId, event.data.status)
      alerts.settle(patientId, event.data.alerts ?? [], event.timestamp)
      break
    case 'patient.alert':
      alerts.add(event, { announce: !past })
      break
  }
  const card = board.card(patientId)
  if (card) details.refresh(card)
}

const start = async () => {
  const session = await openSession()
  board.fill(session.beds)
  byId('bed-count').textContent = `${session.beds.length} beds`
  const live = openLive({
    firstToken: session.token,
    onState: pill.show,
    onEvent(event, { past }) {
      if (!past) ledger.add('events')
      show(event, { past })
    },
    onMissing: (events) => ledger.add('gaps', events),
    onReconnect: () => ledger.add('reconnects'),
    onCaughtUp(events) {
      ledger.add('resumed', events)
      pill.caughtUp(events)
    },
  })
  // Alerts before statuses, which say which of them are over. One after another: a page of history is a large frame.
  await live.follow(`hospital:${session.hospital_id}:alerts`, { limit: 20 })
  for (const { patient_id: id } of session.beds) {
    await live.follow(`patient:${id}`, { limit: 20 })
    await live.follow(`patient:${id}:vitals`, { limit: pastVitals })
  }
}

start().catch((error) => {
  pill.show({ status: 'closed' })
  byId('summary').textContent = error.message
})
