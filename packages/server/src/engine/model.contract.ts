/** Any history of publishes, reads, waits, erasures and restarts gives what a model of a few lines says. */
import { expect } from 'bun:test'
import type { Position, RoomEvent } from '@fanfare/protocol'
import fc from 'fast-check'
import type { LogRoom } from '../model/room.ts'
import type { Case, EngineWorld, RoomKind } from './engine.world.ts'
import type { Published, ReadQuery, Receipt } from './room-log.ts'

type Kept = { readonly event: RoomEvent; readonly at: number }
type Remembered = { readonly receipt: Receipt; readonly at: number }

/** One room as it ought to be. `life` counts its epochs, whose names only the engine knows. */
class RoomModel {
  life = 0
  top = 0
  kept: Kept[] = []
  keys = new Map<string, Remembered>()
  readonly room: LogRoom

  constructor(room: LogRoom) {
    this.room = room
  }

  age(now: number): void {
    const { keep, forMs } = this.room.log
    this.kept = this.kept.filter(({ at, event }) => event.offset > this.top - keep && at > now - forMs)
  }

  get first(): number {
    return this.kept[0]?.event.offset ?? this.top + 1
  }

  begin(): void {
    this.life++
    this.top = 0
    this.kept = []
    this.keys.clear()
  }
}

type Step =
  | { readonly kind: 'publish'; readonly room: number; readonly key: string | undefined; readonly together: number }
  | { readonly kind: 'read'; readonly room: number; readonly shape: ReadShape }
  | { readonly kind: 'wait'; readonly ms: number }
  | { readonly kind: 'forget'; readonly room: number }
  | { readonly kind: 'restart'; readonly crash: boolean }
type ReadShape = {
  readonly way: 'after' | 'before'
  readonly from: 'position' | 'end' | 'earliest'
  readonly back: number
  readonly limit: number
  readonly oldLife: boolean
}

const room = fc.nat({ max: 1 })
const key = fc.option(fc.constantFrom('k1', 'k2', 'k3'), { nil: undefined })
const shape: fc.Arbitrary<ReadShape> = fc.record({
  way: fc.constantFrom('after', 'before'),
  from: fc.constantFrom('position', 'position', 'end', 'earliest'),
  back: fc.integer({ min: -2, max: 14 }),
  limit: fc.integer({ min: 1, max: 12 }),
  oldLife: fc.boolean(),
})
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({ kind: fc.constant('publish'), room, key, together: fc.integer({ min: 1, max: 6 }) }),
  },
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('read'), room, shape }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('wait'), ms: fc.constantFrom(1, 20_000, 59_999, 200_000) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('forget'), room }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('restart'), crash: fc.boolean() }) },
) as fc.Arbitrary<Step>

export type ModelOptions = {
  /** How many events a room keeps that keeps few. @default 8 */
  readonly keep?: number
  /** How long a key counts. @default 5 minutes */
  readonly idempotencyMs?: number
}

const defaults = { keep: 8, idempotencyMs: 5 * 60_000 }

export const describeModel = (play: Case, kind: RoomKind, options: ModelOptions = {}): void => {
  play('I1 I3 I4 I5 any history agrees with the model', async (world) => {
    let run = 0
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 40 }), async (steps) => {
        await new Run(world, { ...defaults, ...options, kind, name: `run${run++}` }).play(steps)
      }),
      { numRuns: kind === 'durable' ? 40 : 80 },
    )
  })
}

class Run {
  readonly #world: EngineWorld
  readonly #durable: boolean
  readonly #models: RoomModel[]
  /** The epochs' names, by room and life. */
  readonly #epochs = new Map<string, string>()
  /** What each room's listener should have heard, since the last restart. */
  #expected = new Map<LogRoom, RoomEvent[]>()

  readonly #idempotencyMs: number

  constructor(
    world: EngineWorld,
    options: Required<ModelOptions> & { readonly kind: RoomKind; readonly name: string },
  ) {
    const { idempotencyMs, keep, kind, name } = options
    this.#world = world
    this.#idempotencyMs = idempotencyMs
    this.#durable = kind === 'durable'
    this.#models = [
      new RoomModel(world.room(`${name}:a`, { durable: this.#durable, keep, forMs: 60_000 })),
      new RoomModel(world.room(`${name}:b`, { durable: this.#durable, keep: 200, forMs: 600_000 })),
    ]
  }

  async play(steps: readonly Step[]): Promise<void> {
    await this.#listen()
    for (const next of steps) await this.#step(next)
    for (const [listened, events] of this.#expected) expect(this.#world.heardIn(listened)).toEqual(events)
    for (const model of this.#models) await this.#world.engine.log.unlisten(model.room)
  }

  async #step(next: Step): Promise<void> {
    if (next.kind === 'wait') return await this.#world.host.clock.advance(next.ms)
    if (next.kind === 'restart') return await this.#restart(next.crash)
    const model = this.#models[next.room]!
    if (next.kind === 'publish') return await this.#publish(model, next)
    if (next.kind === 'read') return await this.#read(model, next.shape)
    await this.#world.engine.log.forget(model.room)
    model.begin()
  }

  async #listen(): Promise<void> {
    for (const { room } of this.#models) {
      await this.#world.engine.log.listen(room)
      this.#expected.set(room, [])
    }
  }

  async #restart(crash: boolean): Promise<void> {
    const before = await Promise.all(this.#models.map(({ room }) => this.#world.top(room)))
    await this.#world.restart({ crash })
    await this.#listen()
    for (const [index, model] of this.#models.entries()) {
      const top = await this.#world.top(model.room)
      if (this.#durable && this.#world.host.durable) expect(top).toEqual(before[index]!)
      // An engine may keep memory rooms; when it does not, it says so by the epoch.
      else if (top.epoch !== before[index]!.epoch) model.begin()
    }
  }

  async #publish(model: RoomModel, { key, together }: Step & { kind: 'publish' }): Promise<void> {
    const now = this.#world.host.clock.now()
    const options = key === undefined ? undefined : { key }
    const all = await Promise.all(
      Array.from({ length: together }, (_, number) => this.#world.publish(model.room, number, options)),
    )
    for (const published of all) {
      const known = key === undefined ? undefined : model.keys.get(key)
      this.#checkEpoch(model, published.epoch)
      if (known && known.at > now - this.#idempotencyMs) {
        expect(published).toMatchObject({ duplicate: true, ...known.receipt })
        continue
      }
      expect(published).toMatchObject({ duplicate: false, offset: ++model.top })
      if (published.duplicate) continue
      model.kept.push({ event: published.event, at: now })
      if (key !== undefined) model.keys.set(key, { receipt: receiptOf(published), at: now })
      this.#expected.get(model.room)!.push(published.event)
    }
  }

  async #read(model: RoomModel, shape: ReadShape): Promise<void> {
    model.age(this.#world.host.clock.now())
    const { epoch } = await this.#world.top(model.room)
    this.#checkEpoch(model, epoch)
    const old = shape.oldLife ? this.#epochs.get(`${model.room.key}/${model.life - 1}`) : undefined
    const position = { epoch: old ?? epoch, offset: Math.max(0, model.top - shape.back) }
    const slice = await this.#world.engine.log.read(model.room, queryOf(shape, position))
    expect(slice.top).toEqual({ epoch, offset: model.top })
    const expected = expectedOf(model, { shape, offset: position.offset, old: old !== undefined })
    if (typeof expected === 'string') expect(slice).toMatchObject({ ok: false, reason: expected })
    else expect(slice).toEqual({ ok: true, top: slice.top, ...expected })
  }

  #checkEpoch(model: RoomModel, epoch: string): void {
    const name = `${model.room.key}/${model.life}`
    if (!this.#epochs.has(name)) {
      for (let life = 0; life < model.life; life++)
        expect(this.#epochs.get(`${model.room.key}/${life}`)).not.toBe(epoch)
      this.#epochs.set(name, epoch)
    }
    expect(epoch).toBe(this.#epochs.get(name)!)
  }
}

const receiptOf = ({ id, epoch, offset, timestamp, durability }: Published): Receipt => ({
  id,
  epoch,
  offset,
  timestamp,
  durability,
})

const queryOf = ({ way, from, limit }: ReadShape, position: Position): ReadQuery => {
  if (way === 'before') return { limit, before: from === 'position' ? position : 'latest' }
  return { limit, after: from === 'position' ? position : from === 'end' ? 'latest' : 'earliest' }
}

/** A reason, or the page. */
const expectedOf = (model: RoomModel, { shape, offset, old }: { shape: ReadShape; offset: number; old: boolean }) => {
  const { way, from, limit } = shape
  const events = model.kept.map(({ event }) => event)
  if (from === 'position' && old) return 'epoch'
  if (way === 'after') {
    if (from === 'position' && offset > model.top) return 'ahead'
    if (from === 'position' && offset + 1 < model.first) return 'trimmed'
    const start = from === 'end' ? model.top : from === 'earliest' ? 0 : offset
    const rest = events.filter((event) => event.offset > start)
    return { events: rest.slice(0, limit), more: rest.length > limit }
  }
  if (from === 'position' && offset - 1 > model.top) return 'ahead'
  if (from === 'position' && offset > 1 && offset - 1 < model.first) return 'trimmed'
  const rest = from === 'position' ? events.filter((event) => event.offset < offset) : events
  return { events: rest.slice(-limit), more: rest.length > limit }
}
