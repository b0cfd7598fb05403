/** A room as the engine needs to know it: which, and how its log is kept. */
import type { RoomKey } from './room-key.ts'

/**
 * How a room's log is kept. `keep: 0` means that no event is kept: live delivery only.
 * An event leaves the log when there are `keep` newer ones or it is older than `forMs`.
 */
export type LogPolicy = {
  readonly keep: number
  readonly forMs: number
  /** On disk, acknowledged after the commit; else in memory, gone with the process. */
  readonly durable: boolean
  /**
   * Where the engine has replicas: `replicas` acknowledges and fans out once a replica has it too. @default 'broker'
   */
  readonly acks?: 'broker' | 'replicas'
  /** Its name is never used for another: once it is forgotten, not even its epoch need be remembered. */
  readonly unique?: true
  /** Its events are in the store for so long, and have their positions from there. `forMs: Infinity` means for ever. */
  readonly archive?: { readonly forMs: number }
}

export type LogRoom = {
  readonly key: RoomKey
  readonly log: LogPolicy
}
