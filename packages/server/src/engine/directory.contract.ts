/** The directory: every node knows who is connected to any of them, and forgets a node that is gone. */
import { expect } from 'bun:test'
import type { SessionInfo } from './directory.ts'
import type { Case, EngineWorld } from './engine.world.ts'
import { eventually, type NodeStage } from './node.world.ts'

const session = (id: string, changes: Partial<SessionInfo> = {}): SessionInfo => ({
  session: id,
  userId: 'ann',
  link: 'websocket',
  rooms: [],
  openedAt: '2026-01-01T00:00:00.000Z',
  expiresAt: '2026-01-01T01:00:00.000Z',
  ...changes,
})

const comes = (node: EngineWorld | NodeStage, info: SessionInfo, tenantId = 'clinic') => {
  node.here.put(tenantId, info)
  node.engine.directory.touch(tenantId, info.session)
}
const goes = (node: EngineWorld | NodeStage, id: string, tenantId = 'clinic') => {
  node.here.remove(id)
  node.engine.directory.touch(tenantId, id)
}

const listed = async (node: EngineWorld | NodeStage, filter: { userId?: string; limit?: number } = {}) => {
  const found = await node.engine.directory.list('clinic', { limit: 100, ...filter })
  return found.map((info) => info.session).sort()
}
const soon = async (world: EngineWorld, check: () => Promise<unknown>) => {
  await world.host.clock.advance(2_000)
  await eventually(check)
}

export const describeDirectory = (play: Case): void => {
  play('a session is listed as it is, until it goes', async (world) => {
    comes(world, session('s1', { rooms: ['ward:1', 'żółw'] }))
    await soon(world, async () =>
      expect(await world.engine.directory.list('clinic', { limit: 10 })).toEqual([
        session('s1', { rooms: ['ward:1', 'żółw'] }),
      ]),
    )
    goes(world, 's1')
    await soon(world, async () => expect(await listed(world)).toEqual([]))
  })

  play('only of the tenant, of the user that is asked for, and no more than asked for', async (world) => {
    for (const name of ['a', 'b', 'c']) comes(world, session(name))
    comes(world, session('d', { userId: 'annabel' }))
    comes(world, session('e'), 'lab')
    await soon(world, async () => expect(await listed(world)).toEqual(['a', 'b', 'c', 'd']))
    expect(await listed(world, { userId: 'ann' })).toEqual(['a', 'b', 'c'])
    expect(await listed(world, { userId: 'nobody' })).toEqual([])
    expect(await listed(world, { userId: 'ann', limit: 2 })).toHaveLength(2)
    expect(await listed(world, { limit: 3 })).toHaveLength(3)
  })

  play('every node lists and counts what all of them have', async (world) => {
    const other = await world.joined()
    if (!other) return
    comes(world, session('a', { rooms: ['r1', 'r2'] }))
    comes(other, session('b', { rooms: ['r2'] }))
    comes(other, session('c', { userId: 'bob' }))
    for (const node of [world, other]) {
      await soon(world, async () => expect(await listed(node)).toEqual(['a', 'b', 'c']))
      expect(await listed(node, { userId: 'ann' })).toEqual(['a', 'b'])
      expect(await listed(node, { limit: 2 })).toHaveLength(2)
      expect(await node.engine.directory.count('clinic')).toEqual({
        sessions: 3,
        users: 2,
        rooms: 2,
        sessionsByRoom: { r1: 1, r2: 2 },
        sessionsByUser: { ann: 2, bob: 1 },
      })
    }
  })

  play('others see what changes and who goes', async (world) => {
    const other = await world.joined()
    if (!other) return
    comes(other, session('a', { rooms: ['r1'] }))
    comes(other, session('b'))
    await soon(world, async () => expect(await listed(world)).toEqual(['a', 'b']))
    comes(other, session('a', { rooms: ['r2'] }))
    goes(other, 'b')
    await soon(world, async () =>
      expect(await world.engine.directory.count('clinic')).toEqual({
        sessions: 1,
        users: 1,
        rooms: 1,
        sessionsByRoom: { r2: 1 },
        sessionsByUser: { ann: 1 },
      }),
    )
    expect(await world.engine.directory.list('clinic', { limit: 9 })).toEqual([session('a', { rooms: ['r2'] })])
  })

  play('what a node had is missing once it is gone, killed or not', async (world) => {
    const [killed, left] = [await world.joined(), await world.joined()]
    if (!killed || !left) return
    comes(killed, session('a'))
    comes(left, session('b'))
    await soon(world, async () => expect(await listed(world)).toEqual(['a', 'b']))
    await left.stop()
    await eventually(async () => expect(await listed(world)).toEqual(['a']))
    await killed.kill()
    await world.host.clock.advance(20_000)
    await eventually(async () => expect(await listed(world)).toEqual([]))
    expect(await world.engine.directory.count('clinic')).toMatchObject({ sessions: 0, users: 0, rooms: 0 })
  })

  play('many sessions are all known', async (world) => {
    const other = await world.joined()
    if (!other) return
    for (let number = 0; number < 2_000; number++) comes(other, session(`s${number}`, { userId: `u${number % 50}` }))
    await soon(world, async () =>
      expect(await world.engine.directory.count('clinic')).toMatchObject({ sessions: 2_000, users: 50 }),
    )
    expect(await listed(world, { limit: 1_000 })).toHaveLength(1_000)
    expect(await listed(world, { userId: 'u7' })).toHaveLength(40)
  })

  play('a directory that has stopped refuses', async (world) => {
    await world.stop()
    await expect(listed(world)).rejects.toMatchObject({ code: 'unavailable' })
  })
}
