/** The list of alerts, newest first: one entry an episode, which may get worse and then ends. */
import { element } from './bed-card.js'

const most = 30
const clock = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit', second: '2-digit' })
const names = { warning: 'Warning', critical: 'Critical' }

export const createAlertItem = (alert) => {
  const item = element('li', 'alert')
  const head = element('div', 'head')
  const status = element('span', 'status')
  const time = element('time')
  head.append(status, time)
  const what = element('p', 'what')
  const whom = element('p', 'whom', alert.whom)
  item.append(head, what, whom)
  const show = () => {
    item.dataset.severity = alert.severity
    item.dataset.over = String(alert.over === true)
    status.textContent = alert.over ? 'Over' : (names[alert.severity] ?? alert.severity)
    what.textContent = alert.message
    time.textContent = clock.format(new Date(alert.timestamp))
    time.dateTime = alert.timestamp
  }
  show()
  return { item, show }
}

export const createAlertList = ({ list, empty, announcer, patientOf }) => {
  const entries = new Map()
  const keyOf = (data) => `${data.patient_id} ${data.alert_type} ${data.episode ?? ''}`

  const trim = () => {
    for (const [key, entry] of entries) {
      if (entries.size <= most) return
      entry.view.item.remove()
      entries.delete(key)
    }
  }

  return {
    of: (patientId) =>
      [...entries.values()]
        .map((entry) => entry.alert)
        .filter((alert) => alert.patientId === patientId)
        .reverse(),
    add({ data, timestamp }, { announce }) {
      const patient = patientOf(data.patient_id)
      const whom = patient ? `Bed ${patient.bed} · ${patient.name}` : data.patient_id
      const earlier = entries.get(keyOf(data))
      const alert = earlier?.alert ?? { patientId: data.patient_id, type: data.alert_type, whom }
      Object.assign(alert, { severity: data.severity, message: data.message, timestamp, over: false })
      const entry = earlier ?? { alert, view: createAlertItem(alert) }
      entry.view.show()
      entries.delete(keyOf(data))
      entries.set(keyOf(data), entry)
      list.prepend(entry.view.item)
      empty.hidden = true
      trim()
      if (announce) announcer.textContent = `${names[data.severity] ?? ''}: ${data.message}. ${whom}.`
    },
    /** What a patient's status no longer names is over, if it began before. */
    settle(patientId, openTypes, timestamp) {
      for (const { alert, view } of entries.values()) {
        const ended = alert.patientId === patientId && !openTypes.includes(alert.type) && alert.timestamp <= timestamp
        if (ended && !alert.over) {
          alert.over = true
          view.show()
        }
      }
    },
  }
}
