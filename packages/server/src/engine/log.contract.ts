/** Publishing and listening: order, epochs, who hears what. */
import { expect } from 'bun:test'
import { type Case, dataOf, offsets, type RoomKind, upTo } from './engine.world.ts'

export const describeLog = (play: Case, kind: RoomKind): void => {
  const durable = kind === 'durable'

  play('I1 offsets rise by 1 from 1, in one epoch', async (world) => {
    const room = world.room('a', { durable })
    const published = []
    for (let number = 0; number < 5; number++) published.push(await world.append(room, number))
    expect(published.map(({ event }) => event.offset)).toEqual([1, 2, 3, 4, 5])
    expect(new Set(published.map(({ epoch }) => epoch)).size).toBe(1)
    expect(published.every(({ duplicate }) => !duplicate)).toBe(true)
  })

  play('I1 rooms count by themselves', async (world) => {
    const [a, b] = [world.room('a', { durable }), world.room('b', { durable })]
    await world.publishMany(a, 3)
    expect((await world.publish(b, 'first')).offset).toBe(1)
    expect(await world.top(a)).toMatchObject({ offset: 3 })
  })

  play('an acknowledgement states the durability', async (world) => {
    const { durability } = await world.publish(world.room('a', { durable }), 1)
    if (durable && world.host.durable) expect(durability).not.toBe('memory')
    else if (!durable) expect(['memory', 'broker']).toContain(durability)
  })

  play(
    'I2 concurrent publishes are delivered in the order of their offsets, each once, as acknowledged',
    async (world) => {
      const rooms = [world.room('a', { durable }), world.room('b', { durable }), world.room('c', { durable })]
      for (const room of rooms) await world.engine.log.listen(room)
      const publishers = upTo(30).map(async (publisher) => {
        const acknowledged = []
        for (let number = 0; number < 10; number++) {
          const room = rooms[(publisher * 7 + number) % rooms.length]!
          acknowledged.push({ key: room.key, event: (await world.append(room, `${publisher}/${number}`)).event })
          if ((publisher + number) % 3 === 0) await new Promise((resolve) => setImmediate(resolve))
        }
        return acknowledged
      })
      const acknowledged = (await Promise.all(publishers)).flat()
      for (const room of rooms) {
        const mine = acknowledged.filter(({ key }) => key === room.key).map(({ event }) => event)
        expect(offsets(world.heardIn(room))).toEqual(upTo(mine.length))
        expect(world.heardIn(room)).toEqual(mine.sort((a, b) => a.offset - b.offset))
      }
    },
  )

  play('I2 publishes that were not waited for keep their order', async (world) => {
    const room = world.room('a', { durable })
    await world.engine.log.listen(room)
    await Promise.all(upTo(200).map((number) => world.publish(room, number)))
    expect(dataOf(world.heardIn(room))).toEqual(upTo(200))
  })

  play('I2 an event published while one is delivered comes after it', async (world) => {
    const room = world.room('a', { durable })
    await world.engine.log.listen(room)
    const nested: Promise<unknown>[] = []
    const order: string[] = []
    world.onDeliver = (event) => {
      order.push(`begin ${event.offset}`)
      if (event.offset === 1) nested.push(world.publish(room, 'nested'))
      order.push(`end ${event.offset}`)
    }
    await world.publish(room, 'outer')
    await Promise.all(nested)
    expect(order).toEqual(['begin 1', 'end 1', 'begin 2', 'end 2'])
  })

  play('I3 who listens before a publish gets it once, and nothing of other rooms', async (world) => {
    const [mine, other] = [world.room('mine', { durable }), world.room('other', { durable })]
    await world.publish(mine, 'before')
    await world.engine.log.listen(mine)
    await world.engine.log.listen(mine)
    await world.publish(other, 'not for me')
    const { event, epoch } = await world.append(mine, 'after')
    expect(world.heard).toEqual([{ room: mine.key, epoch, event }])
  })

  play('I3 who no longer listens hears nothing, and hears again after the next listen', async (world) => {
    const room = world.room('a', { durable })
    await world.engine.log.listen(room)
    await world.publish(room, 1)
    await world.engine.log.unlisten(room)
    await world.publish(room, 2)
    await world.engine.log.listen(room)
    await world.publish(room, 3)
    expect(dataOf(world.heardIn(room))).toEqual([1, 3])
  })

  play('I4 a forgotten log begins again in a new epoch, and holds nothing of the old', async (world) => {
    const room = world.room('a', { durable })
    await world.engine.log.listen(room)
    const before = await world.publishMany(room, 3)
    await world.engine.log.forget(room)
    expect(world.lost).toEqual([room.key])
    const { epoch, event } = await world.append(room, 'new')
    expect(epoch).not.toBe(before.epoch)
    expect(event.offset).toBe(1)
    expect(dataOf((await world.read(room, { after: 'earliest', limit: 10 })).events)).toEqual(['new'])
    expect(await world.engine.log.read(room, { after: before, limit: 10 })).toEqual({
      ok: false,
      reason: 'epoch',
      top: { epoch, offset: 1 },
    })
  })

  play('I4 forgetting keeps its place among publishes', async (world) => {
    const room = world.room('a', { durable })
    const [first, , second] = await Promise.all([
      world.publish(room, 'erased'),
      world.engine.log.forget(room),
      world.publish(room, 'kept'),
    ])
    expect(first.epoch).not.toBe(second.epoch)
    expect(dataOf((await world.read(room, { after: 'earliest', limit: 10 })).events)).toEqual(['kept'])
  })

  play('I4 a quiet room keeps its epoch and top after its events have aged', async (world) => {
    const room = world.room('a', { durable, forMs: 60_000 })
    const last = await world.publishMany(room, 3)
    await world.host.clock.advance(10 * 60_000)
    expect(await world.read(room, { after: last, limit: 10 })).toMatchObject({ events: [], top: last, more: false })
    expect((await world.publish(room, 'next')).offset).toBe(4)
  })

  play('I6 after listen resolves, a reading and what is delivered join without a hole', async (world) => {
    const room = world.room('a', { durable })
    const publishing = upTo(100).map(async (number) => {
      if (number % 7 === 0) await new Promise((resolve) => setImmediate(resolve))
      return world.publish(room, number)
    })
    await world.engine.log.listen(room)
    const { events, top } = await world.read(room, { after: 'earliest', limit: 1_000 })
    await Promise.all(publishing)
    const later = world.heardIn(room).filter((event) => event.offset > top.offset)
    expect(offsets([...events, ...later])).toEqual(upTo(100))
  })

  play('I6 a sink that fails is told that the room is lost, and the publish stands', async (world) => {
    const room = world.room('a', { durable })
    await world.engine.log.listen(room)
    world.onDeliver = (event) => {
      if (event.offset === 1) throw new Error('the sink failed, as the case asks')
    }
    expect((await world.publish(room, 1)).offset).toBe(1)
    await world.publish(room, 2)
    expect(world.lost).toEqual([room.key])
    expect(offsets(world.heardIn(room))).toEqual([1, 2])
  })

  play('an engine that has stopped refuses, and what it had accepted stands', async (world) => {
    const room = world.room('a', { durable })
    const accepted = upTo(20).map((number) => world.append(room, number))
    await world.stop()
    expect((await Promise.all(accepted)).map(({ event }) => event.offset)).toEqual(upTo(20))
    await expect(world.publish(room, 'late')).rejects.toMatchObject({ code: 'unavailable' })
  })
}
