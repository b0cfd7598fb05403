/** A room into which everybody may go, and whose log keeps so many events for longer than a simulation lasts. */
import type { Room } from '../../app/app.ts'
import { roomKey } from '../../model/room-key.ts'

export const simulatedRoom = (name: string, keep: number): Room => ({
  key: roomKey('t', name),
  log: { keep, forMs: 1_000_000, durable: false },
  tenantId: 't',
  name,
  params: {},
  rule: {
    pattern: name,
    events: new Map(),
    access: () => true,
    publish: () => true,
    presence: undefined,
    slow: 'resume',
  },
})
