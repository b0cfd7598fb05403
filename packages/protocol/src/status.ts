/** The shapes of a user's status as they go over the wire. Times are ISO 8601, UTC. */

export type StatusState = 'online' | 'away' | 'busy' | 'in_call' | 'offline'

/** One for all devices of the user. A status with a higher `version` replaces one with a lower. */
export type UserStatus = {
  readonly userId: string
  readonly state: StatusState
  readonly text: string
  /** When the user was last connected, give or take a few seconds; absent for one who never was. Now, for whoever is. */
  readonly lastSeen?: string
  readonly version: number
  /** Only in what a user is answered about themselves: connected, while everybody else is shown `offline`. */
  readonly invisible?: true
}
