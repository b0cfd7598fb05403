/** Leases: nothing is over before its time, and what is over is given to exactly one of all who ask. */
import { expect } from 'bun:test'
import type { Case, EngineWorld } from './engine.world.ts'
import { type Held, settleMs } from './leases.ts'

const forMs = 20_000

const user = (name: string): Held => ({ kind: 'user', tenantId: 'clinic', name })
const room = (name: string): Held => ({ kind: 'room', tenantId: 'clinic', name })

const leases = (world: EngineWorld) => world.engine.leases
const passes = (world: EngineWorld, ms: number) => world.host.clock.advance(ms)
const namesOf = (things: readonly Held[]) => things.map(({ name }) => name)

export const describeLeases = (play: Case): void => {
  play('H1 what is held is over at its time and not before, with all that was said of it', async (world) => {
    const since = world.host.clock.now()
    const things = [user('ann'), room('ward:1'), { ...user('ann'), tenantId: 'lab' }, user('żółw "💐"|[]')]
    for (const thing of things) await leases(world).hold([thing], forMs)
    await passes(world, forMs - 1)
    expect(await leases(world).expire(10)).toEqual([])
    await passes(world, 1)
    const over = await leases(world).expire(10)
    expect(over).toHaveLength(things.length)
    for (const thing of things) expect(over).toContainEqual({ ...thing, since })
  })

  play('H1 what is held again goes on, since when it began, and nobody makes it shorter', async (world) => {
    const since = world.host.clock.now()
    await leases(world).hold([user('ann'), user('bob')], forMs)
    await passes(world, 15_000)
    await leases(world).hold([user('ann')], forMs)
    await leases(world).hold([user('ann')], 1_000)
    await passes(world, 5_000)
    expect(namesOf(await leases(world).expire(10))).toEqual(['bob'])
    await passes(world, 15_000)
    expect(await leases(world).expire(10)).toEqual([{ ...user('ann'), since }])
  })

  play('H1 what several nodes hold lasts as long as the last of them', async (world) => {
    const other = await world.joined()
    if (!other) return
    await leases(world).hold([user('ann')], forMs)
    await passes(world, 10_000)
    await other.engine.leases.hold([user('ann')], forMs)
    await other.kill()
    await passes(world, 19_999)
    expect(await leases(world).expire(10)).toEqual([])
    await passes(world, 1)
    expect(namesOf(await leases(world).expire(10))).toEqual(['ann'])
  })

  play('H1 what is held outlives a kill where the engine has a disk, and ends', async (world) => {
    if (!world.host.durable) return
    const since = world.host.clock.now()
    await leases(world).hold([user('ann')], forMs)
    await passes(world, 10_000)
    await world.restart({ crash: true })
    await passes(world, 9_999)
    expect(await leases(world).expire(10)).toEqual([])
    await passes(world, forMs)
    expect(await leases(world).expire(10)).toEqual([{ ...user('ann'), since }])
  })

  play('H2 what is over is given out once, to one of all who ask', async (world) => {
    const other = await world.joined()
    const names = Array.from({ length: 30 }, (_, index) => `user${index}`)
    await leases(world).hold(names.map(user), forMs)
    await passes(world, forMs)
    const asked = [leases(world), other?.engine.leases ?? leases(world)]
    const given = (await Promise.all([...asked, ...asked].map((each) => each.expire(20)))).flat()
    expect(namesOf(given).sort()).toEqual(names.sort())
    await Promise.all(given.map((ended) => leases(world).settle(ended)))
    await passes(world, settleMs)
    expect(await leases(world).expire(100)).toEqual([])
  })

  play('H2 what was taken and not settled is given out again, also after a kill, until it is', async (world) => {
    await leases(world).hold([user('ann')], forMs)
    await passes(world, forMs)
    const [first] = await leases(world).expire(10)
    await passes(world, settleMs - 1)
    expect(await leases(world).expire(10)).toEqual([])
    if (world.host.durable) await world.restart({ crash: true })
    await passes(world, 1)
    expect(await leases(world).expire(10)).toEqual([first!])
    await leases(world).settle(first!)
    await passes(world, settleMs)
    expect(await leases(world).expire(10)).toEqual([])
  })

  play('no more is given out at a time than was asked for, oldest first', async (world) => {
    for (const name of ['a', 'b', 'c', 'd']) {
      await leases(world).hold([room(name)], forMs)
      await passes(world, 1)
    }
    await passes(world, forMs)
    const taken = [...(await leases(world).expire(3)), ...(await leases(world).expire(3))]
    expect(namesOf(taken).sort()).toEqual(['a', 'b', 'c', 'd'])
  })

  play('H3 what is held again after it was given out begins anew and ends again', async (world) => {
    await leases(world).hold([user('ann')], forMs)
    await passes(world, forMs)
    const [first] = await leases(world).expire(10)
    await leases(world).hold([user('ann')], forMs)
    await leases(world).settle(first!)
    await passes(world, forMs)
    const [second] = await leases(world).expire(10)
    expect(second).toMatchObject(user('ann'))
    expect(second!.since).toBeGreaterThan(first!.since)
  })

  play('H3 what is held again before it was given out goes on', async (world) => {
    const since = world.host.clock.now()
    await leases(world).hold([user('ann')], forMs)
    await passes(world, forMs + 5_000)
    await leases(world).hold([user('ann')], forMs)
    expect(await leases(world).expire(10)).toEqual([])
    await passes(world, forMs)
    expect(await leases(world).expire(10)).toEqual([{ ...user('ann'), since }])
  })

  play('leases that have stopped refuse', async (world) => {
    await world.stop()
    await expect(leases(world).hold([user('ann')], forMs)).rejects.toMatchObject({ code: 'unavailable' })
    await expect(leases(world).expire(1)).rejects.toMatchObject({ code: 'unavailable' })
  })

  play('H4 since when something is held is what its ending says, until it is given out', async (world) => {
    const since = world.host.clock.now()
    const things = [user('ann'), room('ann'), { ...user('ann'), tenantId: 'lab' }, user('bob')]
    await leases(world).hold(things.slice(0, 2), forMs)
    await passes(world, 15_000)
    await leases(world).hold([user('ann')], forMs)
    expect(await leases(world).heldSince(things)).toEqual([since, since, undefined, undefined])
    await passes(world, 6_000)
    expect(await leases(world).heldSince([room('ann')])).toEqual([since])
    expect(await leases(world).expire(10)).toEqual([{ ...room('ann'), since }])
    expect(await leases(world).heldSince(things)).toEqual([since, undefined, undefined, undefined])
    expect(await leases(world).heldSince([])).toEqual([])
  })
}
