/** Which rooms this node listens to: from the first subscription until a while after the last, so that a reload does not toggle. */

import { toFanfareError } from '@fanfare/protocol'
import type { RoomLog } from '../engine/room-log.ts'
import type { Clock, Timer } from '../lib/clock.ts'
import type { Log } from '../lib/log.ts'
import type { LogRoom } from '../model/room.ts'
import type { RoomKey } from '../model/room-key.ts'

const releaseMs = 1_000

type Entry = { holders: number; listening: Promise<void>; releasing: Timer | undefined }

export class Interest {
  readonly #entries = new Map<RoomKey, Entry>()
  readonly #roomLog: RoomLog
  readonly #clock: Clock
  readonly #log: Log

  constructor(roomLog: RoomLog, clock: Clock, log: Log) {
    this.#roomLog = roomLog
    this.#clock = clock
    this.#log = log
  }

  /** Resolves when every later event of the room will reach this node (I6). Each hold needs one release, also when it fails. */
  hold(room: LogRoom): Promise<void> {
    const known = this.#entries.get(room.key)
    if (known) {
      known.holders++
      known.releasing?.cancel()
      known.releasing = undefined
      return known.listening
    }
    const entry: Entry = { holders: 1, listening: this.#roomLog.listen(room), releasing: undefined }
    this.#entries.set(room.key, entry)
    // A failed listen must not be found by the next one: it tries anew.
    entry.listening.catch(() => this.#forget(room.key, entry))
    return entry.listening
  }

  release(room: LogRoom): void {
    const entry = this.#entries.get(room.key)
    if (!entry || --entry.holders > 0) return
    entry.releasing = this.#clock.after(releaseMs, () => {
      this.#forget(room.key, entry)
      this.#roomLog.unlisten(room).catch((error: unknown) => {
        this.#log.warn({ error: toFanfareError(error).message }, 'a room could not be unlistened')
      })
    })
  }

  #forget(key: RoomKey, entry: Entry): void {
    if (this.#entries.get(key) === entry) this.#entries.delete(key)
  }
}
