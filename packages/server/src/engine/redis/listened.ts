/** One room that this node listens to, with all that is known of it here. State only; `listening.ts` and its parts change it. */
import type { Timer } from '../../lib/clock.ts'
import type { LogRoom } from '../../model/room.ts'
import type { HotWindows } from '../hot-windows.ts'
import { Ring } from '../ring.ts'
import type { Lane } from './broker.ts'
import type { Tail, Tick } from './tail.ts'

export type Listened = {
  /** As the last who listened or published described it. */
  room: LogRoom
  readonly lane: Lane
  /** On which beat it is compared. */
  readonly turn: number
  readonly tail: Tail
  /** The newest events, up to the tail's top. */
  readonly hot: Ring
  /** When messages may have been missed; 0 once a comparison that was asked for later has answered. */
  doubtedAt: Tick
  repairing: boolean
  /** Until a hole that may fill by itself is repaired. */
  patience: Timer | undefined
  /** Resolves with the baseline. */
  begun: Promise<void>
  ended: boolean
}

export type RoomWindows = HotWindows<Listened>

export const listened = (room: LogRoom, lane: Lane, from: Pick<Listened, 'tail' | 'turn'>): Listened => ({
  ...from,
  room,
  lane,
  hot: new Ring(),
  doubtedAt: 0,
  repairing: false,
  patience: undefined,
  begun: Promise.resolve(),
  ended: false,
})
