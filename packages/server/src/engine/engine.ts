/** What an engine is made of. The composition root picks one; nothing else knows which. */
import type { RoomKey } from '../model/room-key.ts'
import type { Courier } from './courier.ts'
import type { Directory } from './directory.ts'
import type { Leases } from './leases.ts'
import type { NodeBus } from './node-bus.ts'
import type { Presence } from './presence.ts'
import type { RoomLog, Unreacted } from './room-log.ts'
import type { SessionStates } from './session-states.ts'

export type Engine = {
  readonly name: string
  /** This node among all that share the engine: letters and digits, unguessable, new with each process. */
  readonly node: string
  readonly log: RoomLog
  readonly presence: Presence
  readonly bus: NodeBus
  readonly unreacted: Unreacted
  readonly sessions: SessionStates
  readonly leases: Leases
  readonly directory: Directory
  readonly courier: Courier
  /** Keys of as many rooms, among those named `__canary:<number>` of a tenant, as it takes to reach every server that carries rooms now. */
  canaries(tenantId: string): readonly RoomKey[]
  /**
   * What this engine knows to be broken now, each a sentence without a stop at its end that names the server; empty when all is
   * well. For what an event of the node's own cannot show, because it is delivered from its acknowledgement: that another
   * node's would not arrive.
   */
  problems(): readonly string[]
}
