import { fakeClock } from '../lib/fake-clock.ts'
import { describeTickets } from './tickets.contract.ts'
import { memoryTickets } from './tickets.ts'

describeTickets('memory', async ({ perUser }) => {
  const clock = fakeClock()
  const store = memoryTickets({ clock, perUser })
  return { clock, next: async () => store, close: async () => {} }
})
