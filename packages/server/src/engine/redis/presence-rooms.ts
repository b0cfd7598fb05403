/**
 * The rooms that this node listens to, as far as presence goes: passes on what is heard, compared and done here to each room's
 * view, reads the members when a view needs them, and tells the sink what the view says. Changes nobody.
 */
import type { Clock, Timer } from '../../lib/clock.ts'
import type { Log } from '../../lib/log.ts'
import type { Metrics } from '../../lib/metrics.ts'
import { SeldomWarning } from '../../lib/seldom.ts'
import type { RoomKey } from '../../model/room-key.ts'
import type { PresenceSink } from '../presence.ts'
import type { PresenceEar } from './ears.ts'
import { changeOf, memberOf, type Snapshot } from './presence-message.ts'
import { PresenceView, type Step } from './presence-view.ts'

export type PresenceRoomsOptions = {
  readonly clock: Clock
  readonly log: Log
  readonly metrics: Metrics
  /** @throws FanfareError `unavailable` */
  readonly read: (room: RoomKey) => Promise<Snapshot>
  /** How long a room must not be repaired by reading, ms, since what was lost there is still coming back. */
  readonly settlesIn: (room: RoomKey) => number
}

/** How long what was overtaken may still be on its way. */
const soonMs = 100

type Room = { readonly view: PresenceView; timer: Timer | undefined; reading: boolean }

export class PresenceRooms implements PresenceEar {
  readonly #options: PresenceRoomsOptions
  readonly #rooms = new Map<RoomKey, Room>()
  /** Compared, and nobody is in: most rooms of an application without presence cost no more than this. */
  readonly #empty = new Set<RoomKey>()
  #sink: PresenceSink | undefined

  readonly #unreadable: SeldomWarning

  constructor(options: PresenceRoomsOptions) {
    this.#options = options
    this.#unreadable = new SeldomWarning(options, 'what was heard is no message of presence')
  }

  start(sink: PresenceSink): void {
    this.#sink = sink
  }

  stop(): void {
    this.#sink = undefined
    for (const room of this.#rooms.keys()) this.ended(room)
    this.#empty.clear()
  }

  heard(key: RoomKey, message: string): void {
    const change = changeOf(message)
    if (change === undefined) {
      this.#options.metrics.add('fanfare_redis_messages_refused_total')
      this.#unreadable.warn({ room: key, bytes: message.length })
      return
    }
    const room = this.#room(key)
    this.#take(key, room, room.view.heard(change, 'message'))
  }

  compared(key: RoomKey, version: string): void {
    if (version === '0' && !this.#rooms.has(key)) return void this.#empty.add(key)
    const room = this.#room(key)
    this.#take(key, room, room.view.compared(version))
  }

  ended(key: RoomKey): void {
    this.#rooms.get(key)?.timer?.cancel()
    this.#rooms.delete(key)
    this.#empty.delete(key)
  }

  /** This node did it, and has the answer. Where it does not listen it tells of its own changes only. */
  did(key: RoomKey, message: string): void {
    const change = changeOf(message)
    if (change === undefined) throw new Error('a script answered with what is no message of presence')
    if (!this.#rooms.has(key) && !this.#empty.has(key)) this.#tell(key, { tell: [change], need: 'nothing' })
    else this.#take(key, this.#room(key), this.#room(key).view.heard(change, 'own'))
  }

  /** Who is in as this node told it, where that is later than what was read. */
  laterThan(key: RoomKey, snapshot: Snapshot): Snapshot['members'] | undefined {
    return this.#rooms.get(key)?.view.laterThan(snapshot)
  }

  #room(key: RoomKey): Room {
    const known = this.#rooms.get(key)
    if (known) return known
    const room: Room = { view: new PresenceView(), timer: undefined, reading: false }
    this.#rooms.set(key, room)
    if (this.#empty.delete(key)) room.view.compared('0')
    return room
  }

  #take(key: RoomKey, room: Room, step: Step): void {
    this.#tell(key, step)
    if (step.need === 'now') this.#repair(key, room)
    else if (step.need === 'soon') this.#lookIn(key, room, soonMs)
  }

  #lookIn(key: RoomKey, room: Room, ms: number): void {
    if (this.#rooms.get(key) !== room) return
    room.timer ??= this.#options.clock.after(ms, () => {
      room.timer = undefined
      if (room.view.look() === 'now') this.#repair(key, room)
    })
  }

  #repair(key: RoomKey, room: Room): void {
    if (room.reading || this.#rooms.get(key) !== room) return
    const { log } = this.#options
    room.reading = true
    const repairing = this.#read(key, room).catch((error: unknown) => {
      // The next comparison finds the room as it is, and has it read again.
      log.warn({ error, room: key }, 'the members of a room could not be read')
    })
    void repairing.then(() => {
      room.reading = false
    })
  }

  async #read(key: RoomKey, room: Room): Promise<void> {
    const snapshot = await this.#options.read(key)
    if (this.#rooms.get(key) !== room) return
    const settlesIn = room.view.tells ? this.#options.settlesIn(key) : 0
    if (settlesIn > 0) return this.#lookIn(key, room, settlesIn)
    this.#take(key, room, room.view.read(snapshot))
    if (room.view.look() === 'now') this.#lookIn(key, room, soonMs)
  }

  #tell(key: RoomKey, { tell }: Step): void {
    for (const { change, userId, shown } of tell) {
      try {
        this.#sink?.changed(key, change, memberOf(userId, shown))
      } catch (error) {
        this.#options.log.error({ error, change }, 'a presence change could not be delivered on this node')
      }
    }
  }
}
