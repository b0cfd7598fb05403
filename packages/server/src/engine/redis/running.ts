/** The parts of the shared log from its start to its end, and what each has to know of the others. */
import { FanfareError, type Position, type RoomEvent } from '@fanfare/protocol'
import type { Timer } from '../../lib/clock.ts'
import type { LogRoom } from '../../model/room.ts'
import type { RoomKey } from '../../model/room-key.ts'
import type { Delivery } from '../delivery.ts'
import type { Published } from '../room-log.ts'
import type { Known, Lane, Publish, Write, Written } from './broker.ts'
import { Comparing } from './comparing.ts'
import { KnownTops } from './known-tops.ts'
import { Lanes } from './lanes.ts'
import { Listening } from './listening.ts'
import { Reads } from './reads.ts'
import { Repairs } from './repair.ts'
import type { RoomLogSettings } from './room-log-options.ts'
import type { Asked, Tick } from './tail.ts'
import { Windows } from './windows.ts'

/** Everything that is done every so often is done on a beat. */
const beatMs = 500
/** A write is rejected when it has waited for 3 s at most. */
const patienceBeats = 6

export class Running {
  readonly listening: Listening
  readonly reads: Reads
  readonly #options: RoomLogSettings
  readonly #comparing: Comparing
  readonly #lanes: Lanes<Published | undefined>
  readonly #knownTops: KnownTops
  #ticks: Tick = 0
  #beating: Timer | undefined
  #close: () => Promise<void> = async () => {}

  constructor(options: RoomLogSettings, delivery: Delivery) {
    const { broker, clock, random, log, metrics } = options
    const tick = () => ++this.#ticks
    const windows = new Windows(options.hot, clock)
    const pauses = { clock, random }
    this.#options = options
    this.#knownTops = new KnownTops(options.knownTops)
    this.#comparing = new Comparing({
      ...pauses,
      broker,
      log,
      tick,
      knownOf: (room) => this.#knownOf(room),
      found: (room, position, answer) => this.#found(room, position, answer),
    })
    const repairs = new Repairs({
      ...pauses,
      broker,
      log,
      metrics,
      tick,
      took: (room, outcome) => this.listening.took(room, outcome),
    })
    this.listening = new Listening({
      broker,
      delivery,
      windows,
      repairs,
      comparing: this.#comparing,
      metrics,
      tick,
      newer: (room) => this.reads.newer(room),
      epochsOf: (room) => this.#knownTops.epochsOf(room),
      parted: ({ room, lane, tail }) => {
        const now = tick()
        const position = { epoch: tail.epoch, offset: tail.seen }
        this.#knownTops.learn(room, lane, { position, former: tail.former, asked: now, now })
      },
    })
    this.reads = new Reads({
      broker,
      windows,
      log,
      tick,
      listened: (room) => this.listening.get(room),
      learn: (room, slice, answer) => this.#saw(room, slice.top, answer),
    })
    this.#lanes = new Lanes({
      broker,
      bounds: options.lanes,
      tick,
      prepare: (write) => this.#prepare(write),
      apply: (write, written, asked) => this.#apply(write, written, { asked, now: tick() }),
    })
  }

  async start(): Promise<void> {
    const { broker, clock } = this.#options
    this.#close = await broker.start({
      heard: (heard) => this.listening.heard(heard),
      doubted: (lane) => this.#doubted(lane),
    })
    this.#beating = clock.every(beatMs, () => {
      this.#lanes.beat(patienceBeats)
      this.listening.beat()
    })
  }

  /** Finishes what was accepted. */
  async stop(): Promise<void> {
    await this.#lanes.drain()
    this.#beating?.cancel()
    this.#comparing.end()
    this.listening.end()
    await this.#close()
  }

  /** @throws FanfareError `unavailable` */
  publish(write: Publish, bytes: number): Promise<Published> {
    // What is applied to a publish is what was published, or throws.
    return this.#write(write, bytes) as Promise<Published>
  }

  /** @throws FanfareError `unavailable` */
  async forget(room: LogRoom): Promise<void> {
    await this.#write({ kind: 'forget', room }, 0)
  }

  #write(write: Write, bytes: number): Promise<Published | undefined> {
    return this.#lanes.put(this.#options.broker.laneOf(write.room.key), write, bytes)
  }

  #prepare(write: Write): Write {
    const known = this.#knownOf(write.room.key)?.known
    if (known) write.known = known
    return write
  }

  /** What this node wrote it also hears, here: by the time it is acknowledged, if nothing before it is missing (I2). */
  #apply(write: Write, written: Written, answer: Asked): Published | undefined {
    const { room } = write
    this.reads.newer(room.key)
    switch (written.kind) {
      case 'failed':
        throw written.error instanceof FanfareError ? written.error : notWritten(written.error)
      case 'forgotten':
        if (write.kind === 'publish') throw notWritten(new Error('the broker answered a publish with something else'))
        this.#acknowledged(room, { epoch: written.epoch, event: undefined }, answer)
        return undefined
      case 'published': {
        const { receipt, duplicate } = written
        if (duplicate || write.kind !== 'publish') {
          this.#saw(room, receipt, answer)
          return { ...receipt, duplicate: true }
        }
        const event = { ...write.draft, offset: receipt.offset }
        const { id, epoch, offset, timestamp, durability } = receipt
        this.#acknowledged(room, { epoch, event }, answer)
        return { id, epoch, offset, timestamp, durability, duplicate: false, event }
      }
    }
  }

  #acknowledged(room: LogRoom, { epoch, event }: Acknowledged, answer: Asked): void {
    const listened = this.listening.get(room.key)
    if (listened) this.listening.took(listened, listened.tail.acknowledged(epoch, event, answer))
    if (listened?.tail.begun) return
    // Nobody will ever look for a room whose name is not used again.
    if (event === undefined && room.log.unique) this.#knownTops.forget(room.key)
    else this.#remember(room, { epoch, offset: event?.offset ?? 0 }, answer)
  }

  /** The room was there at some time between question and answer. */
  #saw(room: LogRoom, { epoch, offset }: Position, answer: Asked): void {
    const listened = this.listening.get(room.key)
    if (listened?.tail.begun) this.listening.took(listened, listened.tail.saw({ epoch, offset }))
    else this.#remember(room, { epoch, offset }, answer)
  }

  #remember(room: LogRoom, position: Position, answer: Asked): void {
    const lane = this.#options.broker.laneOf(room.key)
    const { asked, now } = answer
    if (!this.#knownTops.learn(room, lane, { position, asked, now })) this.#comparing.ask(lane, room.key)
  }

  #knownOf(key: RoomKey): Known | undefined {
    const listened = this.listening.get(key)
    const known = listened?.tail.known
    if (listened && known) return { room: listened.room, known }
    return this.#knownTops.of(key) ?? (listened && { room: listened.room, known: undefined })
  }

  #found(key: RoomKey, position: Position, answer: Asked): void {
    const listened = this.listening.get(key)
    if (listened?.tail.begun) this.listening.found(listened, position, answer)
    else if (!this.#knownTops.correct(key, position, answer)) {
      this.#comparing.ask(this.#options.broker.laneOf(key), key)
    }
  }

  #doubted(lane: Lane): void {
    this.listening.doubted(lane)
    for (const room of this.#knownTops.inLane(lane)) this.#comparing.ask(lane, room)
  }
}

type Acknowledged = { readonly epoch: string; readonly event: RoomEvent | undefined }

const notWritten = (cause: unknown): FanfareError =>
  new FanfareError('unavailable', 'The broker could not do it.', { cause })
