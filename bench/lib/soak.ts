/** What the soak's server and load must agree on, and the shape of a sample. Constants and types only. */

/** How long rooms keep their events, and sessions may come back. */
export const keptFor = { text: '2m', ms: 120_000 } as const

export type SoakOptions = {
  readonly port: number
  /** Sessions at a time, of each kind. */
  readonly native: number
  readonly socketio: number
  readonly streams: number
  /** Live rooms in all, spread over the tenants; every fifth is durable. */
  readonly rooms: number
  readonly tenants: number
  /** All users that there are; finite, as an application's are. */
  readonly users: number
  /** How long a session lasts on average. */
  readonly sessionMs: number
}

/** What happened since the last question; `problems` are sentences, the first few of the whole run. */
export type Taken = {
  readonly sessions: number
  /** That the load knows somebody to be in; the server must know about as many. */
  readonly rooms: number
  readonly published: number
  readonly acknowledged: number
  readonly deliveries: number
  readonly opened: number
  readonly resumed: number
  readonly recovered: number
  readonly told: number
  readonly entered: number
  readonly left: number
  readonly duplicates: number
  readonly wrong: number
  readonly p50: number
  readonly p99: number
  readonly resident: number
  readonly heap: number
  readonly loadSeconds: number
  readonly problems: readonly string[]
}
