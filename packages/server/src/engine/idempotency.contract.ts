/** Idempotency keys: one effect, however often and however concurrently it is asked for. */
import { expect } from 'bun:test'
import { type Case, dataOf, type RoomKind, repeatOf, upTo } from './engine.world.ts'

const window = 5 * 60_000

export const describeIdempotency = (play: Case, kind: RoomKind): void => {
  const durable = kind === 'durable'

  play('the same key gives the first result and appends nothing', async (world) => {
    const room = world.room('a', { durable })
    await world.engine.log.listen(room)
    const first = await world.publish(room, 'first', { key: 'k' })
    await world.publish(room, 'between')
    const again = await world.publish(room, 'again', { key: 'k' })
    expect(again).toEqual(repeatOf(first))
    expect(dataOf(world.heardIn(room))).toEqual(['first', 'between'])
  })

  play('the same key at the same time appends once', async (world) => {
    const room = world.room('a', { durable })
    await world.engine.log.listen(room)
    const all = await Promise.all(upTo(20).map((number) => world.publish(room, number, { key: 'k' })))
    expect(all.filter(({ duplicate }) => !duplicate)).toHaveLength(1)
    expect(new Set(all.map(({ id }) => id)).size).toBe(1)
    expect(dataOf(world.heardIn(room))).toEqual([1])
  })

  play('keys are a room’s own', async (world) => {
    const [a, b] = [world.room('a', { durable }), world.room('b', { durable })]
    await world.publish(a, 1, { key: 'k' })
    expect(await world.publish(b, 1, { key: 'k' })).toMatchObject({ duplicate: false })
    expect(await world.publish(a, 1, { key: 'other' })).toMatchObject({ duplicate: false })
  })

  play('a key counts for the whole window, though the event itself is trimmed, and no longer', async (world) => {
    const room = world.room('a', { durable, keep: 0 })
    // Between two rounds of whatever the engine does every so often.
    await world.host.clock.advance(350)
    const first = await world.publish(room, 'first', { key: 'k' })
    await world.host.clock.advance(window - 1)
    expect(await world.publish(room, 'again', { key: 'k' })).toEqual(repeatOf(first))
    await world.host.clock.advance(1)
    const next = await world.publish(room, 'next', { key: 'k' })
    expect(next).toMatchObject({ duplicate: false, offset: 2 })
    await world.host.clock.advance(window - 1_000)
    expect(await world.publish(room, 'again', { key: 'k' })).toEqual(repeatOf(next))
  })

  play('a forgotten room has forgotten its keys', async (world) => {
    const room = world.room('a', { durable })
    await world.publish(room, 1, { key: 'k' })
    await world.engine.log.forget(room)
    expect(await world.publish(room, 2, { key: 'k' })).toMatchObject({ duplicate: false, offset: 1 })
  })
}
