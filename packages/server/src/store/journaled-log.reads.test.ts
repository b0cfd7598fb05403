/** What reading archived rooms costs, and what is never read from memory that the store would not say. */
import { expect, test } from 'bun:test'
import type { Position, RoomEvent } from '@fanfare/protocol'
import { createEmbeddedEngine } from '../engine/embedded/embedded.ts'
import type { RoomLog } from '../engine/room-log.ts'
import { type FakeClock, fakeClock } from '../lib/fake-clock.ts'
import { silentLog } from '../lib/log.ts'
import type { LogRoom } from '../model/room.ts'
import { roomKey, roomOfKey } from '../model/room-key.ts'
import { createJournaledLog, type JournaledLog } from './journaled-log.ts'
import { openTestStore, type TestStore } from './store.world.ts'

const forever = { keep: 3, forMs: 60_000, durable: false, archive: { forMs: Number.POSITIVE_INFINITY } }
const upTo = (count: number): number[] => Array.from({ length: count }, (_, index) => index + 1)

/** Nodes on one engine and one store, and how often each read the store. */
class ReadsWorld implements AsyncDisposable {
  readonly clock: FakeClock
  readonly store: TestStore
  readonly journaled: JournaledLog
  readonly heard: RoomEvent[] = []
  readonly lost: string[] = []
  reads = 0
  /** The engine's own log: what it carries. */
  readonly carried: string[] = []
  readonly #inner: RoomLog
  #stop: () => Promise<void> = async () => {}

  private constructor(store: TestStore, clock: FakeClock) {
    this.store = store
    this.clock = clock
    const { log } = createEmbeddedEngine({ clock, disk: 'none' })
    this.#inner = {
      start: (sink) => log.start(sink),
      listen: (room) => log.listen(room),
      unlisten: (room) => log.unlisten(room),
      publish: (room, draft, options) => {
        this.carried.push(draft.type)
        return log.publish(room, draft, options)
      },
      read: (room, query) => log.read(room, query),
      forget: (room) => log.forget(room),
    }
    const metrics = {
      add: (name: string) => {
        if (name === 'fanfare_journal_reads_total') this.reads++
      },
      observe() {},
      gauge() {},
    }
    this.journaled = createJournaledLog({ inner: this.#inner, store, clock, log: silentLog, metrics })
  }

  static async open(): Promise<ReadsWorld> {
    const clock = fakeClock()
    const world = new ReadsWorld(await openTestStore({ clock }), clock)
    world.#stop = await world.journaled.start({
      deliver: (_room, _epoch, event) => world.heard.push(event),
      lost: (room) => world.lost.push(room),
    })
    return world
  }

  room(name: string, log: LogRoom['log'] = forever): LogRoom {
    return { key: roomKey('clinic', name), log }
  }

  /** Committed, and (as asked) handed to the engine. */
  async fill(room: LogRoom, count: number, { forwards = true } = {}): Promise<Position> {
    const { name } = roomOfKey(room.key)
    const drafts = upTo(count).map((data) => ({ room: name, type: 'note', data }))
    const events = await this.store.of('clinic').change((change) => change.publish(drafts))
    if (forwards) for (const event of events) await this.journaled.forward(room, event)
    const { epoch, offset } = events.at(-1)!
    return { epoch, offset }
  }

  resume(room: LogRoom, after: Position | 'latest', limit = 300) {
    return this.journaled.read(room, { after, limit, live: true })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stop()
    await this.store.close()
  }
}

const offsetsOf = (slice: Awaited<ReturnType<RoomLog['read']>>): readonly number[] | string =>
  slice.ok ? slice.events.map(({ offset }) => offset) : slice.reason

test('10,000 who come back at once, each from where it was, cost two reads of the room', async () => {
  await using world = await ReadsWorld.open()
  const room = world.room('a')
  const { epoch } = await world.fill(room, 280)
  await world.journaled.listen(room)
  const slices = await Promise.all(
    Array.from({ length: 10_000 }, (_, index) => world.resume(room, { epoch, offset: 30 + ((index * 7) % 250) })),
  )
  expect(world.reads).toBeLessThanOrEqual(2)
  for (const [index, slice] of slices.entries()) {
    const from = 30 + ((index * 7) % 250)
    expect(slice.ok && [slice.events[0]?.offset, slice.events.length, slice.more]).toEqual([
      from + 1,
      280 - from,
      false,
    ])
  }
  // Those who come later find it at hand.
  expect(offsetsOf(await world.resume(room, { epoch, offset: 278 }))).toEqual([279, 280])
  expect(world.reads).toBeLessThanOrEqual(2)
})

test('a crowd far behind is served page by page, whoever stands where', async () => {
  await using world = await ReadsWorld.open()
  const room = world.room('a')
  const { epoch } = await world.fill(room, 900)
  await world.journaled.listen(room)
  const slices = await Promise.all(upTo(899).map((offset) => world.resume(room, { epoch, offset }, 50)))
  for (const [index, slice] of slices.entries()) {
    const found = offsetsOf(slice)
    // A page may end where what was read for all ends.
    expect(found.length).toBeGreaterThan(0)
    expect(found).toEqual(upTo(900).slice(index + 1, index + 1 + found.length))
    expect(slice.ok && slice.more).toBe(index + 1 + found.length < 900)
  }
  expect(world.reads).toBeLessThan(30)
})

test('in a crowd, each hears of its own position what is true of it', async () => {
  await using world = await ReadsWorld.open()
  const aging = world.room('a', { ...forever, archive: { forMs: 60_000 } })
  const { epoch } = await world.fill(aging, 5)
  await world.clock.advance(60_000)
  await world.fill(aging, 5)
  await world.journaled.listen(aging)
  const asked = [
    { epoch, offset: 7 },
    { epoch, offset: 2 },
    { epoch, offset: 5 },
    { epoch: 'another', offset: 7 },
    { epoch, offset: 11 },
    { epoch, offset: 4 },
  ]
  const answers = await Promise.all(asked.map(async (after) => offsetsOf(await world.resume(aging, after))))
  expect(answers).toEqual([[8, 9, 10], 'trimmed', [6, 7, 8, 9, 10], 'epoch', 'ahead', 'trimmed'])
})

test('who was heard is at hand; who only asks is told by the store, even of what was not handed on', async () => {
  await using world = await ReadsWorld.open()
  const room = world.room('a')
  await world.journaled.listen(room)
  const top = await world.resume(room, 'latest')
  const before = world.reads
  const { epoch } = await world.fill(room, 3)
  expect(offsetsOf(await world.resume(room, top.top))).toEqual([1, 2, 3])
  expect(world.reads).toBe(before)
  // As from another node, which this one has yet to hear.
  await world.store.of('clinic').change((change) => change.publish([{ room: 'a', type: 'note', data: 4 }]))
  expect(offsetsOf(await world.journaled.read(room, { after: { epoch, offset: 3 }, limit: 9 }))).toEqual([4])
})

test('what was heard too early waits for what is missing, which is read; what comes again is dropped', async () => {
  await using world = await ReadsWorld.open()
  const room = world.room('a')
  await world.journaled.listen(room)
  const drafts = upTo(5).map((data) => ({ room: 'a', type: 'note', data }))
  const [one, two, three, four, five] = await world.store.of('clinic').change((change) => change.publish(drafts))
  for (const event of [one!, three!, one!, five!]) await world.journaled.forward(room, event)
  expect(world.heard.map(({ offset }) => offset)).toEqual([1])
  await world.journaled.forward(room, two!)
  expect(world.heard.map(({ offset }) => offset)).toEqual([1, 2, 3])
  // Nobody hands on the fourth.
  await world.clock.advance(50)
  expect(world.heard.map(({ offset }) => offset)).toEqual([1, 2, 3, 4, 5])
  await world.journaled.forward(room, four!)
  expect(world.heard).toHaveLength(5)
  const { epoch: _, ...asSeen } = five!
  expect(world.heard[4]).toEqual(asSeen)
})

test('what was redacted is not read from memory, here or on nodes that only heard of it', async () => {
  await using world = await ReadsWorld.open()
  const room = world.room('a')
  await world.journaled.listen(room)
  const start = await world.resume(room, 'latest')
  await world.fill(room, 2)
  expect(offsetsOf(await world.resume(room, start.top))).toEqual([1, 2])
  await world.store.of('clinic').change((change) => change.redact({ room: 'a', offsets: [1], data: () => 'gone' }))
  const read = await world.resume(room, start.top)
  expect(read.ok && read.events.map(({ data }) => data)).toEqual(['gone', 2])
  // Handed on, it empties the windows of whoever hears it, and is no event.
  const heard = world.heard.length
  const reads = world.reads
  await world.journaled.forwardRedaction(room)
  expect(world.heard).toHaveLength(heard)
  await world.resume(room, start.top)
  expect(world.reads).toBe(reads + 1)
})

test('a room without an archive is the engine’s alone', async () => {
  await using world = await ReadsWorld.open()
  const room = world.room('b', { keep: 10, forMs: 60_000, durable: false })
  await world.journaled.listen(room)
  const draft = { id: 'x', type: 'note', tenantId: 'clinic', room: 'b', data: 1, timestamp: '' }
  const published = await world.journaled.publish(room, draft)
  expect(published).toMatchObject({ offset: 1, durability: 'memory', duplicate: false })
  expect(offsetsOf(await world.journaled.read(room, { after: 'earliest', limit: 9 }))).toEqual([1])
  expect(world.heard).toMatchObject([{ id: 'x', offset: 1 }])
  expect(world.reads).toBe(0)
  const [event] = await world.store
    .of('clinic')
    .change((change) => change.publish([{ room: 'b', type: 'note', data: 2 }]))
  // Handed on twice, it is published once, at the engine's next position.
  await world.journaled.forward(room, event!)
  await world.journaled.forward(room, event!)
  expect(world.heard.map(({ data, offset }) => [data, offset])).toEqual([
    [1, 1],
    [2, 2],
  ])
})
