/** The panel that shows one patient in full. Opens with Enter on a bed, closes with Esc, and gives the focus back. */
import { createAlertItem } from './alerts.js'
import { element } from './bed-card.js'
import { createSparkline } from './sparkline.js'
import { vitals } from './vitals.js'

const createChart = (vital) => {
  const root = element('section', 'chart')
  root.dataset.vital = vital.key
  const row = element('div', 'row')
  const value = element('b', '', '–')
  row.append(element('span', '', `${vital.label}, ${vital.unit}`), value)
  const spark = createSparkline(vital.scale)
  const range = element('p', 'range')
  root.append(row, spark.element, range)
  return {
    root,
    show(trace) {
      const values = trace.values(vital.key)
      if (values.length === 0) return
      value.textContent = trace.text(vital.key)
      range.textContent = `lowest ${Math.min(...values)}, highest ${Math.max(...values)} of ${values.length} readings`
      spark.draw(values, 90)
    },
  }
}

export const createDetails = ({ dialog, bed, name, charts, alerts, close }, alertsOf) => {
  const shown = vitals.map(createChart)
  charts.append(...shown.map((chart) => chart.root))
  let card
  let opener

  const show = () => {
    for (const chart of shown) chart.show(card.trace)
    const items = alertsOf(card.patient.patient_id).map((alert) => createAlertItem(alert).item)
    alerts.replaceChildren(...(items.length > 0 ? items : [element('li', 'empty', 'None so far.')]))
  }

  close.addEventListener('click', () => dialog.close())
  dialog.addEventListener('click', (event) => {
    if (event.target === dialog) dialog.close()
  })
  dialog.addEventListener('close', () => {
    card = undefined
    opener?.focus()
  })

  return {
    open(nextCard, nextOpener) {
      card = nextCard
      opener = nextOpener
      bed.textContent = `Bed ${card.patient.bed} · ${card.patient.age} years`
      name.textContent = card.patient.name
      show()
      dialog.showModal()
    },
    /** Something about this patient changed. */
    refresh(changed) {
      if (card === changed) show()
    },
  }
}
