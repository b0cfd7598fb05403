/** The shared log: what it asks of its broker, what it tells its sink, and when it gives up. */
import { expect, test } from 'bun:test'
import type { RoomEvent } from '@fanfare/protocol'
import type { Slice } from '../room-log.ts'
import { RoomLogWorld } from './room-log.world.ts'

const offsets = (events: readonly RoomEvent[]) => events.map(({ offset }) => offset)
const upTo = (to: number, from = 1) => Array.from({ length: to - from + 1 }, (_, index) => from + index)

/** A room with so many events, listened to, and where its log is. */
const listening = async (count: number, changes = {}) => {
  const world = await RoomLogWorld.open()
  const room = world.room(changes)
  world.elsewhere(count, room)
  await world.done(world.log.listen(room))
  const { epoch } = world.server.look(room.key)!
  const after = (offset: number, limit = 100) => world.log.read(room, { after: { epoch, offset }, limit })
  return { world, room, epoch, after }
}

test('a crowd that comes back from many places costs two reads, and then none', async () => {
  const { world, after } = await listening(50)
  const all = await world.done(Promise.all(upTo(500).map((number) => after(number % 50))))
  for (const [index, slice] of all.entries()) {
    expect(slice).toMatchObject({ ok: true, top: { offset: 50 }, more: false })
    if (slice.ok) expect(offsets(slice.events)).toEqual(upTo(50, ((index + 1) % 50) + 1))
  }
  expect(world.broker.reads).toBeLessThanOrEqual(2)
  const before = world.broker.reads
  world.elsewhere(3)
  await world.time.run(50)
  const late = await world.done(after(20))
  expect(late.ok && offsets(late.events)).toEqual(upTo(53, 21))
  expect(world.broker.reads).toBe(before)
})

test('the window gives a page as the log would', async () => {
  const { world, after } = await listening(50)
  await world.done(after(10))
  const page = await world.done(after(20, 5))
  expect(page).toMatchObject({ ok: true, top: { offset: 50 }, more: true })
  expect(page.ok && offsets(page.events)).toEqual([21, 22, 23, 24, 25])
})

test('what the window may not know is asked of the log: another epoch, the future, what is too old', async () => {
  const { world, room, epoch, after } = await listening(50)
  await world.done(after(10))
  expect(await world.done(after(51))).toMatchObject({ ok: false, reason: 'ahead' })
  const other = world.log.read(room, { after: { epoch: 'other', offset: 1 }, limit: 9 })
  expect(await world.done(other)).toMatchObject({ ok: false, reason: 'epoch' })
  const before = world.broker.reads
  await world.done(after(10))
  expect(world.broker.reads).toBe(before)
  await world.time.run(room.log.forMs - 1_000)
  await world.done(after(10))
  expect(world.broker.reads).toBe(before + 1)
  expect(epoch).toBe(world.server.look(room.key)!.epoch)
})

test('a crowd whose places are all lost costs two reads, wherever they were: behind what is kept, ahead, or in other epochs', async () => {
  const { world, room, epoch, after } = await listening(50, { keep: 20 })
  const top = { epoch, offset: 50 }
  const elsewhere = upTo(30).map((offset) => world.log.read(room, { after: { epoch: `e${offset}`, offset }, limit: 9 }))
  const [trimmed, ahead] = [upTo(29, 0).map((offset) => after(offset)), upTo(80, 51).map((offset) => after(offset))]
  const told = await world.done(Promise.all([...trimmed, ...ahead, ...elsewhere]))
  expect(told).toEqual(
    ['trimmed', 'ahead', 'epoch'].flatMap((reason) => upTo(30).map(() => ({ ok: false, reason, top }) as Slice)),
  )
  expect(world.broker.reads).toBe(2)
})

test('who comes from another node with what this one has yet to hear is not told that it is lost', async () => {
  const { world, after } = await listening(3)
  world.link.deaf = true
  world.elsewhere(2)
  const slice = await world.done(after(4))
  expect(slice.ok && offsets(slice.events)).toEqual([5])
})

test('while something is known to be missing the log is read, not the window', async () => {
  const { world, after } = await listening(10)
  await world.done(after(0))
  world.link.deaf = true
  world.elsewhere()
  world.link.deaf = false
  const before = world.broker.reads
  // Its own is acknowledged as the twelfth before the eleventh is known.
  await world.done(world.publish())
  const slice = await world.done(after(5))
  expect(slice.ok && offsets(slice.events)).toEqual(upTo(12, 6))
  expect(world.broker.reads).toBeGreaterThan(before)
})

test('whoever asks after an acknowledgement does not share a read from before it', async () => {
  const world = await RoomLogWorld.open()
  await world.done(world.publish())
  world.link.slowMs = 60
  const early = world.log.read(world.room(), { before: 'latest', limit: 9 })
  await world.time.run(8)
  world.link.slowMs = 0
  await world.done(world.publish())
  const late = world.log.read(world.room(), { before: 'latest', limit: 9 })
  const same = world.log.read(world.room(), { before: 'latest', limit: 9 })
  const slices = await world.done(Promise.all([early, late, same]))
  expect(slices.map((slice) => slice.ok && offsets(slice.events))).toEqual([[1], [1, 2], [1, 2]])
  expect(world.broker.reads).toBe(2)
})

test('a lost message is found by the next at once, and without a next by a comparison', async () => {
  const { world } = await listening(3)
  world.link.deaf = true
  world.elsewhere()
  world.link.deaf = false
  world.elsewhere()
  await world.time.run(50)
  expect(world.heard).toEqual([4, 5])
  world.link.deaf = true
  world.elsewhere()
  await world.time.run(5_200)
  expect(world.heard).toEqual([4, 5, 6])
  expect(world.lost).toBe(0)
})

test('doubt is compared at once, and again when it comes while that is under way', async () => {
  const { world } = await listening(3)
  const before = world.broker.compares
  world.link.deaf = true
  world.elsewhere()
  world.broker.reconnect('lane')
  await world.time.run(1)
  world.broker.reconnect('lane')
  await world.time.run(200)
  expect(world.broker.compares).toBeGreaterThanOrEqual(before + 2)
  expect(world.heard).toEqual([4])
})

test('a server that comes back empty is told as one loss', async () => {
  const { world, room } = await listening(3)
  world.server.become(undefined)
  world.broker.reconnect('lane')
  await world.time.run(200)
  expect(world.lost).toBe(1)
  await world.done(world.publish(room))
  await world.time.run(6_000)
  expect({ lost: world.lost, heard: world.heard }).toEqual({ lost: 1, heard: [1] })
})

test('rooms that nobody listens to are compared when the server is doubted, and cannot go back unseen', async () => {
  const world = await RoomLogWorld.open()
  await world.done(world.publish())
  const stale = world.server.state()
  const { epoch } = await world.done(world.publish())
  world.server.become(stale)
  world.broker.reconnect('lane')
  await world.time.run(100)
  expect(world.server.look(world.room().key)).toMatchObject({ top: 1 })
  expect(world.server.look(world.room().key)?.epoch).not.toBe(epoch)
})

test('a publish that gets no answer fails within three seconds, and says that it may be tried again', async () => {
  const world = await RoomLogWorld.open()
  world.link.state = 'hole'
  const both = await world.done(Promise.allSettled([world.publish(), world.publish()]), 3_000)
  const unavailable = { reason: { code: 'unavailable', retry: 'later' } }
  expect(both).toMatchObject([unavailable, unavailable])
})

test('a listen that fails can be tried again; one that is taken back hears nothing', async () => {
  const world = await RoomLogWorld.open()
  world.link.state = 'down'
  await expect(world.done(world.log.listen(world.room()))).rejects.toMatchObject({ code: 'unavailable' })
  world.broker.reconnect('lane')
  await world.done(world.log.listen(world.room()))
  world.elsewhere()
  await world.time.run(50)
  expect(world.heard).toEqual([1])
  const [gone, again, last] = [
    world.log.unlisten(world.room()),
    world.log.listen(world.room()),
    world.log.unlisten(world.room()),
  ]
  await world.done(Promise.all([gone, again, last]))
  world.elsewhere()
  await world.time.run(6_000)
  expect(world.heard).toEqual([1])
  expect(world.link.heard.size).toBe(0)
})

test('a stop finishes what was accepted, and refuses what comes after', async () => {
  const world = await RoomLogWorld.open()
  const accepted = upTo(20).map(() => world.publish())
  const stopped = world.stop()
  await expect(world.publish()).rejects.toMatchObject({ code: 'unavailable' })
  await world.done(stopped)
  expect((await Promise.all(accepted)).map(({ offset }) => offset)).toEqual(upTo(20))
})
