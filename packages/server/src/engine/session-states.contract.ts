/** States of sessions: found until they are over, also after a kill; given out exactly once when they are. */
import { expect } from 'bun:test'
import type { Case, EngineWorld } from './engine.world.ts'
import { claimMs, type SessionState } from './session-states.ts'

const windowMs = 120_000

const stateOf = (session: string, changes: Partial<SessionState> = {}): SessionState => ({
  session,
  secret: `hash of ${session}`,
  tenantId: 'clinic',
  userId: 'ann',
  namespace: '/',
  node: 'one',
  rooms: [{ name: 'ward:1', epoch: 'e', offset: 7 }],
  data: { seat: 4 },
  ...changes,
})

const sessionsOf = (states: readonly SessionState[]) => states.map(({ session }) => session)
const states = (world: EngineWorld) => world.engine.sessions
const isOver = async (world: EngineWorld, ms = windowMs) => world.host.clock.advance(ms)

export const describeSessionStates = (play: Case): void => {
  play('S1 a state is found as it was created, and as it was changed', async (world) => {
    await states(world).create(stateOf('a'), windowMs)
    expect(await states(world).find('a')).toEqual(stateOf('a'))
    const change = { rooms: [], data: { seat: 5, ключ: '💐' } }
    expect(await states(world).update('a', change)).toBe(true)
    expect(await states(world).find('a')).toEqual(stateOf('a', change))
    expect(await states(world).find('b')).toBeUndefined()
  })

  play('S1 a state outlives a kill where the engine has a disk', async (world) => {
    if (!world.host.durable) return
    await states(world).create(stateOf('a'), windowMs)
    await states(world).update('a', { rooms: [{ name: 'ward:2', epoch: 'f', offset: 1 }], data: null })
    await world.restart({ crash: true })
    expect(await states(world).find('a')).toMatchObject({ rooms: [{ name: 'ward:2', offset: 1 }], data: null })
    expect(await states(world).expire(10)).toEqual([])
  })

  play('S1 many that are created in one tick are all found', async (world) => {
    const names = Array.from({ length: 500 }, (_, index) => `s${index}`)
    await Promise.all(names.map((name) => states(world).create(stateOf(name), windowMs)))
    for (const name of names) expect(await states(world).find(name)).toEqual(stateOf(name))
  })

  play('S2 a state that is over is not found, updated or renewed', async (world) => {
    await states(world).create(stateOf('a'), windowMs)
    await isOver(world)
    expect(await states(world).find('a')).toBeUndefined()
    expect(await states(world).update('a', { rooms: [], data: null })).toBe(false)
    expect([...(await states(world).renew(['a'], windowMs))]).toEqual([])
    expect(sessionsOf(await states(world).expire(10))).toEqual(['a'])
  })

  play('a state that is renewed ends so much later', async (world) => {
    await states(world).create(stateOf('a'), windowMs)
    await states(world).create(stateOf('b'), windowMs)
    await isOver(world, windowMs - 1)
    expect([...(await states(world).renew(['a', 'nobody'], windowMs))]).toEqual(['a'])
    await isOver(world, windowMs - 1)
    expect(sessionsOf(await states(world).expire(10))).toEqual(['b'])
    expect(await states(world).find('a')).toEqual(stateOf('a'))
    await isOver(world, 1)
    expect(sessionsOf(await states(world).expire(10))).toEqual(['a'])
  })

  play('S3 a state that is over is given out once, to one of all who ask', async (world) => {
    for (const name of ['a', 'b', 'c']) await states(world).create(stateOf(name), windowMs)
    await isOver(world)
    const given = await Promise.all([states(world).expire(2), states(world).expire(2), states(world).expire(2)])
    expect(given.flatMap(sessionsOf).sort()).toEqual(['a', 'b', 'c'])
    for (const name of ['a', 'b', 'c']) await states(world).forget(name)
    await isOver(world, claimMs)
    expect(await states(world).expire(10)).toEqual([])
  })

  play('S3 a state whose taker died is given out again', async (world) => {
    await states(world).create(stateOf('a'), windowMs)
    await isOver(world)
    expect(sessionsOf(await states(world).expire(10))).toEqual(['a'])
    expect(await states(world).expire(10)).toEqual([])
    if (world.host.durable) await world.restart({ crash: true })
    await isOver(world, claimMs)
    expect(sessionsOf(await states(world).expire(10))).toEqual(['a'])
    expect(await states(world).find('a')).toBeUndefined()
  })

  play('S4 a state that was forgotten is neither found nor given out', async (world) => {
    await states(world).create(stateOf('a'), windowMs)
    await states(world).forget('a')
    expect(await states(world).find('a')).toBeUndefined()
    expect(await states(world).update('a', { rooms: [], data: null })).toBe(false)
    await isOver(world)
    expect(await states(world).expire(10)).toEqual([])
  })

  play('S5 whoever takes a session is told where it was, and whoever takes it after is told of them', async (world) => {
    await states(world).create(stateOf('a'), windowMs)
    const change = { rooms: [{ name: 'ward:2', epoch: 'f', offset: 1 }], data: { seat: 5 } }
    await states(world).update('a', change)
    expect(await states(world).take('a', 'two')).toEqual(stateOf('a', change))
    expect(await states(world).find('a')).toEqual(stateOf('a', { ...change, node: 'two' }))
    expect(await states(world).take('b', 'two')).toBeUndefined()
  })

  play('S5 of many who take a session at once, each is told of another', async (world) => {
    await states(world).create(stateOf('a', { node: 'zero' }), windowMs)
    const takers = ['one', 'two', 'three', 'four']
    const before = await Promise.all(takers.map((node) => states(world).take('a', node)))
    const { node: last } = (await states(world).find('a')) ?? {}
    expect([...before.map((state) => state?.node), last].sort()).toEqual([...takers, 'zero'].sort())
  })

  play('S5 a state that is over is not taken', async (world) => {
    await states(world).create(stateOf('a'), windowMs)
    await isOver(world)
    expect(await states(world).take('a', 'two')).toBeUndefined()
    expect(sessionsOf(await states(world).expire(10))).toEqual(['a'])
  })

  play('states that have stopped refuse', async (world) => {
    await world.stop()
    await expect(states(world).create(stateOf('a'), windowMs)).rejects.toMatchObject({ code: 'unavailable' })
    await expect(states(world).take('a', 'two')).rejects.toMatchObject({ code: 'unavailable' })
    await expect(states(world).find('a')).rejects.toMatchObject({ code: 'unavailable' })
  })
}
