/** What an engine is made of. The composition root picks one; nothing else knows which. */
import type { NodeBus } from './node-bus.ts'
import type { Presence } from './presence.ts'
import type { RoomLog, Unreacted } from './room-log.ts'
import type { SessionStates } from './session-states.ts'

export type Engine = {
  readonly name: string
  readonly log: RoomLog
  readonly presence: Presence
  readonly bus: NodeBus
  readonly unreacted: Unreacted
  readonly sessions: SessionStates
}
