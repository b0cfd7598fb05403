/** The beds side by side, the worst first told in the heading, and what each event changes on them. */
import { createBedCard } from './bed-card.js'

export const createBoard = ({ root, summary, open }) => {
  const cards = new Map()

  const summarise = () => {
    const count = (status) => [...cards.values()].filter((card) => card.status === status).length
    const parts = [
      [count('critical'), 'critical'],
      [count('warning'), 'with a warning'],
      [count('stable'), 'stable'],
    ]
    summary.textContent = parts
      .filter(([number]) => number > 0)
      .map(([number, words]) => `${number} ${words}`)
      .join(', ')
  }

  return {
    fill(beds) {
      for (const patient of beds) {
        const card = createBedCard(patient, (opener) => open(card, opener))
        cards.set(patient.patient_id, card)
        root.append(card.root)
      }
      summarise()
    },
    card: (patientId) => cards.get(patientId),
    patient: (patientId) => cards.get(patientId)?.patient,
    addVitals(patientId, data) {
      cards.get(patientId)?.add(data)
    },
    setStatus(patientId, status) {
      cards.get(patientId)?.setStatus(status)
      summarise()
    },
  }
}
