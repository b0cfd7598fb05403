/** What the shared log is given, and its defaults. */
import type { Clock } from '../../lib/clock.ts'
import { type Log, silentLog } from '../../lib/log.ts'
import { type Metrics, noMetrics } from '../../lib/metrics.ts'
import type { HotWindowsOptions } from '../hot-windows.ts'
import type { Broker } from './broker.ts'
import { type LaneBounds, laneBounds } from './lanes.ts'

export type RoomLogOptions = {
  readonly broker: Broker
  readonly clock: Clock
  /** @default nothing is logged */
  readonly log?: Log
  /** @default nothing is counted */
  readonly metrics?: Metrics
  /** From 0 to below 1, for the pauses between tries. @default Math.random */
  readonly random?: () => number
  /** @default 256 events a room, 64 MB in all */
  readonly hot?: HotWindowsOptions
  /** @default as {@link LaneBounds} says */
  readonly lanes?: LaneBounds
  /** Rooms that are not listened to and whose positions are known all the same. @default 10,000 */
  readonly knownTops?: number
}

export const roomLogDefaults = {
  log: silentLog,
  metrics: noMetrics,
  random: Math.random,
  hot: { eventsPerRoom: 256, bytes: 64 * 1024 * 1024 },
  lanes: laneBounds,
  knownTops: 10_000,
}

export type RoomLogSettings = Required<RoomLogOptions>
