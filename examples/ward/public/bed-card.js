/** One bed on the board: who lies there, how they are, and their vital signs. */
import { createSparkline } from './sparkline.js'
import { createTrace, levelOf, vitals } from './vitals.js'

export const element = (tag, className, text) => {
  const made = document.createElement(tag)
  if (className) made.className = className
  if (text !== undefined) made.textContent = text
  return made
}

const createVital = (vital) => {
  const root = element('div', vital.large ? 'vital large' : 'vital')
  root.dataset.vital = vital.key
  const value = element('span', 'value', '–')
  const shown = element('dd')
  shown.append(value)
  if (vital.large) shown.append(element('span', 'unit', vital.unit))
  const spark = createSparkline(vital.scale)
  shown.append(spark.element)
  root.append(element('dt', '', vital.label), shown)
  return {
    root,
    show(trace) {
      const values = trace.values(vital.key)
      value.textContent = trace.text(vital.key)
      root.dataset.level = levelOf(vital, values.at(-1))
      spark.draw(values)
    },
  }
}

const words = { stable: 'Stable', warning: 'Warning', critical: 'Critical' }

export const createBedCard = (patient, open) => {
  const root = element('article', 'bed')
  root.dataset.patient = patient.patient_id
  const button = element('button', 'open', patient.name)
  button.type = 'button'
  button.setAttribute('aria-label', `Bed ${patient.bed}, ${patient.name}, ${patient.age} years: details`)
  button.addEventListener('click', () => open(button))
  const heading = element('h2')
  heading.append(button)
  const number = element('span', 'number', String(patient.bed))
  number.setAttribute('aria-hidden', 'true')
  const status = element('span', 'status', words.stable)
  const who = element('div', 'who')
  who.append(number, heading, element('p', '', `${patient.age} years`), status)

  const trace = createTrace()
  const shown = new Map(vitals.map((vital) => [vital.key, createVital(vital)]))
  const list = element('dl', 'vitals')
  list.append(...[...shown.values()].map((vital) => vital.root))
  root.append(who, list)
  root.dataset.status = 'stable'

  return {
    root,
    patient,
    trace,
    get status() {
      return root.dataset.status
    },
    add(data) {
      const changed = trace.add(data)
      for (const vital of changed) shown.get(vital.key).show(trace)
    },
    setStatus(next) {
      root.dataset.status = next
      status.textContent = words[next] ?? next
    },
  }
}
