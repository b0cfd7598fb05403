/** Which rooms this node listens to: from the first subscription until a while after the last, so that a reload does not toggle. */

import type { RoomLog } from '../engine/room-log.ts'
import type { Clock, Timer } from '../lib/clock.ts'
import type { Log } from '../lib/log.ts'
import type { LogRoom } from '../model/room.ts'
import type { RoomKey } from '../model/room-key.ts'

const releaseMs = 1_000

type Entry = {
  holders: number
  /** The listen that counts; undefined when it failed, or ended. */
  listening: Promise<void> | undefined
  /** The unlisten under way: a listen must not overtake it. */
  ending: Promise<void> | undefined
  releasing: Timer | undefined
}

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
    const entry = this.#entry(room.key)
    entry.holders++
    entry.releasing?.cancel()
    entry.releasing = undefined
    entry.listening ??= this.#listen(room, entry)
    return entry.listening
  }

  release(room: LogRoom): void {
    const entry = this.#entries.get(room.key)
    if (!entry || --entry.holders > 0) return
    entry.releasing = this.#clock.after(releaseMs, () => this.#end(room, entry))
  }

  #entry(key: RoomKey): Entry {
    let entry = this.#entries.get(key)
    if (!entry) {
      entry = { holders: 0, listening: undefined, ending: undefined, releasing: undefined }
      this.#entries.set(key, entry)
    }
    return entry
  }

  #listen(room: LogRoom, entry: Entry): Promise<void> {
    const begin = () => this.#roomLog.listen(room)
    const listening = entry.ending ? entry.ending.then(begin) : begin()
    // The next hold must not find a listen that failed: it tries anew.
    listening.catch(() => {
      if (entry.listening === listening) entry.listening = undefined
    })
    return listening
  }

  #end(room: LogRoom, entry: Entry): void {
    const { listening } = entry
    entry.listening = undefined
    entry.releasing = undefined
    const ending = listening ? this.#unlisten(room, listening) : Promise.resolve()
    entry.ending = ending
    void ending.then(() => {
      if (entry.ending !== ending) return
      entry.ending = undefined
      if (entry.holders === 0 && !entry.releasing) this.#entries.delete(room.key)
    })
  }

  async #unlisten(room: LogRoom, listening: Promise<void>): Promise<void> {
    try {
      await listening
      await this.#roomLog.unlisten(room)
    } catch (error) {
      this.#log.warn({ error }, 'a room could not be unlistened')
    }
  }
}
