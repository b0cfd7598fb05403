/** Durable rooms over restarts and crashes; engines whose rooms do not outlive them must say so by new epochs. */
import { expect } from 'bun:test'
import { type Case, dataOf, offsets, repeatOf, upTo } from './engine.world.ts'
import { eventually } from './node.world.ts'

export const describeDurable = (play: Case): void => {
  play('I4 a memory room that did not outlive the engine has a new epoch', async (world) => {
    const room = world.room('a')
    const before = await world.publishMany(room, 3)
    await world.restart()
    const { epoch, offset } = await world.top(room)
    if (offset === before.offset) expect(epoch).toBe(before.epoch)
    else expect(epoch).not.toBe(before.epoch)
  })

  for (const crash of [false, true]) {
    const end = crash ? 'a crash' : 'a restart'

    play(`I4 a durable room goes on in its epoch after ${end}, with every acknowledged event`, async (world) => {
      const room = world.room('a', { durable: true })
      const acknowledged = (await Promise.all(upTo(300).map((number) => world.append(room, number)))).map(
        (p) => p.event,
      )
      const before = await world.top(room)
      await world.restart({ crash })
      expect(await world.top(room)).toEqual(before)
      expect((await world.read(room, { after: 'earliest', limit: 999 })).events).toEqual(acknowledged)
      expect(await world.publish(room, 'next')).toMatchObject({ epoch: before.epoch, offset: 301 })
    })

    play(`I4 a durable room that was empty has the same epoch after ${end}`, async (world) => {
      const room = world.room('a', { durable: true })
      const before = await world.top(room)
      await world.publish(world.room('b', { durable: true }), 1)
      await world.restart({ crash })
      expect(await world.top(room)).toEqual(before)
    })

    play(`a key of a durable room still counts after ${end}, and not after the window`, async (world) => {
      const room = world.room('a', { durable: true })
      const first = await world.publish(room, 1, { key: 'k' })
      await world.restart({ crash })
      expect(await world.publish(room, 2, { key: 'k' })).toEqual(repeatOf(first))
      await world.host.clock.advance(5 * 60_000)
      expect(await world.publish(room, 3, { key: 'k' })).toMatchObject({ duplicate: false, offset: 2 })
    })

    play(`I4 what was forgotten stays forgotten after ${end}`, async (world) => {
      const room = world.room('a', { durable: true })
      const before = await world.publishMany(room, 3)
      await world.engine.log.forget(room)
      const after = await world.top(room)
      await world.restart({ crash })
      expect(await world.top(room)).toEqual(after)
      expect(await world.engine.log.read(room, { after: before, limit: 9 })).toMatchObject({ reason: 'epoch' })
    })

    play(`what was to be reacted to and is not done comes again after ${end}, oldest first`, async (world) => {
      const [a, b] = [world.room('a', { durable: true }), world.room('b', { durable: true })]
      const events = []
      for (const room of [a, b, a, b]) {
        events.push((await world.append(room, events.length, { react: true })).event)
        await world.host.clock.advance(1)
      }
      await world.publish(a, 'of no concern')
      await world.publish(world.room('c'), 'not durable', { react: true })
      world.engine.unreacted.done(events[1]!)
      await world.publish(a, 'carries the mark to the disk')
      await world.restart({ crash })
      const { event } = await world.append(a, 'of this process', { react: true })
      expect(await world.engine.unreacted.list()).toEqual([events[0]!, events[2]!, events[3]!])
      expect(await world.engine.unreacted.list()).toEqual([])
      world.engine.unreacted.done(event)
    })
  }

  play('what is done before a clean end does not come again, though nothing was published since', async (world) => {
    const { event } = await world.append(world.room('a', { durable: true }), 1, { react: true })
    world.engine.unreacted.done(event)
    await world.restart()
    expect(await world.engine.unreacted.list()).toEqual([])
  })

  play('I2 nothing is delivered or acknowledged that a crash could take', async (world) => {
    const room = world.room('a', { durable: true })
    await world.engine.log.listen(room)
    const acknowledged: number[] = []
    let crashed = false
    for (const number of upTo(50)) {
      world.publish(room, number).then(
        ({ offset }) => crashed || acknowledged.push(offset),
        () => {},
      )
      if (number % 10 === 0) await new Promise((resolve) => setImmediate(resolve))
      if (number === 35) break
    }
    // Between two of them, however slow the engine is.
    await eventually(() => expect(world.heardIn(room).length).toBeGreaterThan(0))
    const delivered = offsets(world.heardIn(room))
    const seen = Math.max(0, ...acknowledged, ...delivered)
    crashed = true
    await world.restart({ crash: true })
    const { events } = await world.read(room, { after: 'earliest', limit: 99 })
    expect(offsets(events)).toEqual(upTo(events.length))
    expect(events.length).toBeGreaterThanOrEqual(seen)
    expect(seen).toBeGreaterThan(0)
  })

  play('age and count hold over a restart', async (world) => {
    const room = world.room('a', { durable: true, keep: 5, forMs: 60_000 })
    await world.publishMany(room, 8)
    await world.restart()
    expect(dataOf((await world.read(room, { after: 'earliest', limit: 99 })).events)).toEqual([4, 5, 6, 7, 8])
    await world.host.clock.advance(60_000)
    await world.restart()
    expect(await world.read(room, { after: 'earliest', limit: 99 })).toMatchObject({ events: [], top: { offset: 8 } })
  })

  play('a listener hears nothing of the past after a restart, and all that is new', async (world) => {
    const room = world.room('a', { durable: true })
    await world.publishMany(room, 3)
    await world.restart()
    await world.engine.log.listen(room)
    await world.publish(room, 'new')
    expect(offsets(world.heardIn(room))).toEqual([4])
  })
}
