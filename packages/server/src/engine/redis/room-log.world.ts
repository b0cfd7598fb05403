/** One node's shared log over a model of a broker that does as it is told, and a way to publish behind its back. */
import { Chance } from '../../flows/race.chance.ts'
import type { LogPolicy, LogRoom } from '../../model/room.ts'
import { roomKey } from '../../model/room-key.ts'
import type { Published, RoomLog } from '../room-log.ts'
import { ModelBroker, ModelLink } from './model-broker.world.ts'
import { ModelServer } from './model-server.world.ts'
import { createRoomLog } from './room-log.ts'
import { SimulatedTime } from './simulation.time.ts'

const lane = 'lane'

export class RoomLogWorld {
  readonly time = new SimulatedTime()
  readonly server: ModelServer
  readonly link: ModelLink
  readonly broker: ModelBroker
  readonly log: RoomLog
  readonly heard: number[] = []
  lost = 0
  stop: () => Promise<void> = async () => {}
  #ids = 0

  private constructor() {
    this.server = new ModelServer({
      name: 's',
      tell: (heard) => this.broker.send(lane, heard),
      carried: () => {},
    })
    this.link = new ModelLink(this.server)
    const links = new Map([[lane, this.link]])
    this.broker = new ModelBroker({ time: this.time, chance: new Chance(1), links, laneOf: () => lane })
    this.broker.troubled = false
    const hot = { eventsPerRoom: 64, bytes: 1_000_000 }
    this.log = createRoomLog({ broker: this.broker, clock: this.time, random: () => 0.5, hot })
  }

  static async open(): Promise<RoomLogWorld> {
    const world = new RoomLogWorld()
    world.stop = await world.log.start({
      deliver: (_room, _epoch, { offset }) => world.heard.push(offset),
      lost: () => world.lost++,
    })
    return world
  }

  room(changes: Partial<LogPolicy> = {}): LogRoom {
    return { key: roomKey('t', 'r'), log: { keep: 1_000, forMs: 60_000, durable: false, ...changes } }
  }

  async publish(room = this.room()): Promise<Published> {
    return this.log.publish(room, this.#draft())
  }

  /** Another node publishes, and its message comes as the link lets it. */
  elsewhere(count = 1, room = this.room()): void {
    for (let number = 0; number < count; number++) {
      this.server.write([{ kind: 'publish', room, draft: this.#draft(), react: false }])
    }
  }

  /** Lets time pass until the work is done, for so long at most. */
  async done<T>(work: Promise<T>, withinMs = 100): Promise<T> {
    let open = true
    const over = () => {
      open = false
    }
    work.then(over, over)
    for (let ms = 0; open && ms < withinMs; ms++) await this.time.run(1)
    if (open) throw new Error(`it was not done within ${withinMs} ms`)
    return work
  }

  #draft() {
    const timestamp = new Date(this.time.now()).toISOString()
    return { id: `e${++this.#ids}`, type: 'note', tenantId: 't', room: 'r', data: this.#ids, timestamp }
  }
}
