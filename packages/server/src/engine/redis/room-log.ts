/**
 * The log of rooms that many nodes share, over a broker that appends and fans out in one step and may lose, double or delay
 * what it sends. Puts its parts together: lanes for what is written, listening for what is heard, reads for what is asked.
 */
import { FanfareError } from '@fanfare/protocol'
import type { LogRoom } from '../../model/room.ts'
import { Delivery } from '../delivery.ts'
import type { Draft, Published, PublishOptions, ReadQuery, RoomLog, RoomSink, Slice } from '../room-log.ts'
import { weightOf } from '../weight.ts'
import { type RoomLogOptions, type RoomLogSettings, roomLogDefaults } from './room-log-options.ts'
import { Running } from './running.ts'

export const createRoomLog = (options: RoomLogOptions): RoomLog => new SharedLog({ ...roomLogDefaults, ...options })

class SharedLog implements RoomLog {
  readonly #options: RoomLogSettings
  readonly #delivery: Delivery
  #running: Running | undefined

  constructor(options: RoomLogSettings) {
    this.#options = options
    this.#delivery = new Delivery(options.log)
  }

  async start(sink: RoomSink): Promise<() => Promise<void>> {
    const running = new Running(this.#options, this.#delivery)
    this.#delivery.open(sink)
    await running.start()
    this.#running = running
    return async () => {
      if (this.#running !== running) return
      this.#running = undefined
      await running.stop()
      this.#delivery.close()
    }
  }

  async listen(room: LogRoom): Promise<void> {
    await this.#open().listening.listen(room)
  }

  async unlisten(room: LogRoom): Promise<void> {
    await this.#running?.listening.unlisten(room)
  }

  publish(room: LogRoom, draft: Draft, options: PublishOptions = {}): Promise<Published> {
    const { key, react = false } = options
    return this.#open().publish({ kind: 'publish', room, draft, key, react }, weightOf(draft))
  }

  async read(room: LogRoom, query: ReadQuery): Promise<Slice> {
    return this.#open().reads.read(room, query)
  }

  async forget(room: LogRoom): Promise<void> {
    await this.#open().forget(room)
  }

  /** @throws FanfareError `unavailable` before the start and after the end */
  #open(): Running {
    if (!this.#running) throw new FanfareError('unavailable', 'The engine is not running.')
    return this.#running
  }
}
