/** Reading a log: both ways, page by page, and the honest refusals. */
import { expect } from 'bun:test'
import type { Position } from '@fanfare/protocol'
import { type Case, dataOf, type EngineWorld, offsets, type RoomKind, upTo } from './engine.world.ts'

export const describeReading = (play: Case, kind: RoomKind): void => {
  const durable = kind === 'durable'

  play('I5 reading after a position returns the run right behind it', async (world) => {
    const room = world.room('a', { durable })
    const { epoch } = await world.publishMany(room, 300)
    const slice = await world.read(room, { after: { epoch, offset: 10 }, limit: 5 })
    expect(slice).toMatchObject({ top: { epoch, offset: 300 }, more: true })
    expect(dataOf(slice.events)).toEqual([11, 12, 13, 14, 15])
    const rest = await world.read(room, { after: { epoch, offset: 297 }, limit: 5 })
    expect(rest.more).toBe(false)
    expect(dataOf(rest.events)).toEqual([298, 299, 300])
  })

  play('I5 pages joined by their last offset are the log, forwards', async (world) => {
    const room = world.room('a', { durable })
    const { epoch } = await world.publishMany(room, 300)
    const seen: number[] = []
    let after: Position | 'earliest' = 'earliest'
    for (let more = true; more; ) {
      const slice = await world.read(room, { after, limit: 37 })
      seen.push(...offsets(slice.events))
      after = { epoch, offset: seen.at(-1)! }
      more = slice.more
    }
    expect(seen).toEqual(upTo(300))
  })

  play('I5 pages joined by their first offset are the log, backwards, each oldest first', async (world) => {
    const room = world.room('a', { durable })
    const { epoch } = await world.publishMany(room, 300)
    const seen: number[] = []
    let before: Position | 'latest' = 'latest'
    for (let more = true; more; ) {
      const slice = await world.read(room, { before, limit: 37 })
      seen.unshift(...offsets(slice.events))
      before = { epoch, offset: seen[0]! }
      more = slice.more
    }
    expect(seen).toEqual(upTo(300))
  })

  play('after the latest: no events, and the top', async (world) => {
    const room = world.room('a', { durable })
    const top = await world.publishMany(room, 3)
    expect(await world.engine.log.read(room, { after: 'latest', limit: 9 })).toEqual({
      ok: true,
      events: [],
      top,
      more: false,
    })
  })

  play('an empty room has a top of 0, and the same epoch at its first event', async (world) => {
    const room = world.room('a', { durable })
    const top = await world.top(room)
    expect(top.offset).toBe(0)
    for (const query of [{ after: 'earliest' }, { after: top }, { before: 'latest' }] as const) {
      expect(await world.read(room, { ...query, limit: 5 })).toMatchObject({ events: [], more: false })
    }
    expect((await world.publish(room, 1)).epoch).toBe(top.epoch)
    expect(offsets((await world.read(room, { after: top, limit: 5 })).events)).toEqual([1])
  })

  play('a page ends early by bytes, never with a hole, and always moves on', async (world) => {
    const room = world.room('a', { durable })
    for (const size of [10, 10, 4_000, 10]) await world.publish(room, 'ä'.repeat(size))
    const { epoch } = await world.top(room)
    const page = async (offset: number) => {
      const slice = await world.read(room, { after: { epoch, offset }, limit: 10, maxBytes: 1_000 })
      return { offsets: offsets(slice.events), more: slice.more }
    }
    expect(await page(0)).toEqual({ offsets: [1, 2], more: true })
    expect(await page(2)).toEqual({ offsets: [3], more: true })
    expect(await page(3)).toEqual({ offsets: [4], more: false })
    const newest = await world.read(room, { before: 'latest', limit: 10, maxBytes: 1_000 })
    expect({ offsets: offsets(newest.events), more: newest.more }).toEqual({ offsets: [4], more: true })
  })

  play(
    'I5 a position in another epoch, ahead of the log or behind what is kept is refused, with the top',
    async (world) => {
      const room = world.room('a', { durable, keep: 10 })
      const top = await world.publishMany(room, 50)
      const { epoch } = top
      const reasonAfter = async (after: Position) => await world.engine.log.read(room, { after, limit: 10 })
      expect(await reasonAfter({ epoch: 'another', offset: 45 })).toEqual({ ok: false, reason: 'epoch', top })
      expect(await reasonAfter({ epoch, offset: 51 })).toEqual({ ok: false, reason: 'ahead', top })
      expect(await reasonAfter({ epoch, offset: 39 })).toEqual({ ok: false, reason: 'trimmed', top })
      expect(await reasonAfter({ epoch, offset: 40 })).toMatchObject({ ok: true })
      const reasonBefore = async (before: Position) => await world.engine.log.read(room, { before, limit: 10 })
      expect(await reasonBefore({ epoch: 'another', offset: 45 })).toEqual({ ok: false, reason: 'epoch', top })
      expect(await reasonBefore({ epoch, offset: 52 })).toEqual({ ok: false, reason: 'ahead', top })
      expect(await reasonBefore({ epoch, offset: 41 })).toEqual({ ok: false, reason: 'trimmed', top })
      expect(await reasonBefore({ epoch, offset: 51 })).toMatchObject({ ok: true, more: false })
      expect(await reasonBefore({ epoch, offset: 42 })).toMatchObject({ ok: true, more: false })
    },
  )

  play('a log keeps so many events', async (world) => {
    const room = world.room('a', { durable, keep: 10 })
    const { epoch } = await world.publishMany(room, 3_000)
    await world.host.clock.advance(10_000)
    const all = await world.read(room, { after: 'earliest', limit: 100 })
    expect(offsets(all.events)).toEqual(upTo(3_000, 2_991))
    expect(all.top).toEqual({ epoch, offset: 3_000 })
  })

  play('a log keeps events for so long, whether or not anything is published', async (world) => {
    const room = world.room('a', { durable, forMs: 60_000 })
    await publishEvery(world, { room, count: 6, ms: 20_000 })
    const kept = await world.read(room, { after: 'earliest', limit: 100 })
    expect(offsets(kept.events)).toEqual([4, 5, 6])
    const behind = { epoch: kept.top.epoch, offset: 2 }
    expect(await world.engine.log.read(room, { after: behind, limit: 1 })).toMatchObject({ reason: 'trimmed' })
    await world.host.clock.advance(60_000)
    expect(await world.read(room, { after: 'earliest', limit: 100 })).toMatchObject({ events: [], more: false })
  })

  play('an event is there until the millisecond at which it is too old', async (world) => {
    const room = world.room('a', { durable, forMs: 60_000 })
    // Between two rounds of whatever the engine does every so often.
    await world.host.clock.advance(350)
    await Promise.all(upTo(300).map((number) => world.publish(room, number)))
    await world.host.clock.advance(59_999)
    expect(offsets((await world.read(room, { after: 'earliest', limit: 999 })).events)).toEqual(upTo(300))
    await world.host.clock.advance(1)
    expect(await world.read(room, { after: 'earliest', limit: 999 })).toMatchObject({
      events: [],
      top: { offset: 300 },
    })
  })

  play('a room that keeps nothing delivers, counts, and says that what is past is gone', async (world) => {
    const room = world.room('a', { durable, keep: 0 })
    await world.engine.log.listen(room)
    const top = await world.publishMany(room, 3)
    expect(offsets(world.heardIn(room))).toEqual([1, 2, 3])
    expect(await world.read(room, { after: 'earliest', limit: 9 })).toMatchObject({ events: [], top, more: false })
    expect(await world.read(room, { after: top, limit: 9 })).toMatchObject({ events: [], more: false })
    const behind = { epoch: top.epoch, offset: 2 }
    expect(await world.engine.log.read(room, { after: behind, limit: 9 })).toMatchObject({ reason: 'trimmed' })
  })

  play('a policy that keeps forever does', async (world) => {
    const room = world.room('a', { durable, keep: Number.POSITIVE_INFINITY, forMs: Number.POSITIVE_INFINITY })
    await world.publishMany(room, 3)
    await world.host.clock.advance(600_000)
    expect(offsets((await world.read(room, { after: 'earliest', limit: 9 })).events)).toEqual([1, 2, 3])
  })

  play('I5 what is read is what was acknowledged, whatever the data', async (world) => {
    const room = world.room('a', { durable })
    const values = ['', '\u0000 \u2028 "quoted" 🏥', null, false, 1e-7, [], {}, { deep: [{ a: null }] }]
    const acknowledged = []
    for (const value of values) acknowledged.push((await world.append(room, value)).event)
    expect((await world.read(room, { after: 'earliest', limit: 99 })).events).toEqual(acknowledged)
  })
}

const publishEvery = async (
  world: EngineWorld,
  { room, count, ms }: { room: ReturnType<EngineWorld['room']>; count: number; ms: number },
): Promise<void> => {
  for (let number = 1; number <= count; number++) {
    await world.publish(room, number)
    if (number < count) await world.host.clock.advance(ms)
  }
}
