/** Presence: who is in a room, told once for each change of a member. */
import { expect } from 'bun:test'
import { roomKey } from '../model/room-key.ts'
import type { Case, EngineWorld } from './engine.world.ts'

const room = roomKey('clinic', 'ward:1')
const now = { graceMs: 0 }
/** How late a lease or grace may end. */
const slackMs = 15_000

const entry = (userId: string, session: string, inRoom = room) => ({ room: inRoom, userId, session })
const changes = (world: EngineWorld) => world.changed.map(({ change, member }) => `${change} ${member.userId}`)
const members = async (world: EngineWorld) =>
  (await world.engine.presence.read(room)).map(({ userId, state }) => ({ userId, state }))

export const describePresence = (play: Case): void => {
  play('a user joins with the first session and leaves with the last', async (world) => {
    const { presence } = world.engine
    const since = new Date(world.host.clock.now()).toISOString()
    await presence.enter(entry('ann', 's1'), { mood: 'calm' })
    await world.host.clock.advance(1_000)
    await presence.enter(entry('ann', 's2'), { mood: 'calm' })
    await presence.leave(entry('ann', 's1'), now)
    const ann = { userId: 'ann', state: { mood: 'calm' }, since }
    expect(await presence.read(room)).toEqual([ann])
    await presence.leave(entry('ann', 's2'), now)
    expect(world.changed).toEqual([
      { change: 'join', member: ann },
      { change: 'leave', member: ann },
    ])
    expect(await presence.read(room)).toEqual([])
  })

  play('users and rooms are told apart', async (world) => {
    const { presence } = world.engine
    await presence.enter(entry('ann', 's1'), null)
    await presence.enter(entry('bob', 's2'), null)
    await presence.enter(entry('ann', 's1', roomKey('other', 'ward:1')), 'elsewhere')
    await presence.leave(entry('ann', 's1'), now)
    expect(await members(world)).toEqual([{ userId: 'bob', state: null }])
    expect(await presence.read(roomKey('other', 'ward:1'))).toMatchObject([{ userId: 'ann', state: 'elsewhere' }])
  })

  play('an equal state says nothing; another is an update', async (world) => {
    const { presence } = world.engine
    await presence.enter(entry('ann', 's1'), { mood: 'calm', at: [1, 2] })
    await presence.enter(entry('ann', 's1'), { at: [1, 2], mood: 'calm' })
    await presence.enter(entry('ann', 's1'), { mood: 'busy', at: [1, 2] })
    expect(changes(world)).toEqual(['join ann', 'update ann'])
    expect(await members(world)).toEqual([{ userId: 'ann', state: { mood: 'busy', at: [1, 2] } }])
  })

  play('the others see what the most recent session says, and the one before when that leaves', async (world) => {
    const { presence } = world.engine
    await presence.enter(entry('ann', 's1'), 'desk')
    await presence.enter(entry('ann', 's2'), 'phone')
    expect(await members(world)).toEqual([{ userId: 'ann', state: 'phone' }])
    await presence.enter(entry('ann', 's1'), 'desk')
    expect(await members(world)).toEqual([{ userId: 'ann', state: 'desk' }])
    await presence.leave(entry('ann', 's1'), now)
    expect(await members(world)).toEqual([{ userId: 'ann', state: 'phone' }])
    expect(changes(world)).toEqual(['join ann', 'update ann', 'update ann', 'update ann'])
  })

  play('within the grace a user who comes back never left', async (world) => {
    const { presence } = world.engine
    await presence.enter(entry('ann', 's1'), 'desk')
    await presence.leave(entry('ann', 's1'), { graceMs: 10_000 })
    await world.host.clock.advance(9_000)
    expect(await members(world)).toEqual([{ userId: 'ann', state: 'desk' }])
    await presence.enter(entry('ann', 's2'), 'desk')
    await world.host.clock.advance(10_000 + slackMs - 1_000)
    expect(changes(world)).toEqual(['join ann'])
  })

  play('after the grace the user has left, without help', async (world) => {
    const { presence } = world.engine
    await presence.enter(entry('ann', 's1'), 'desk')
    await presence.leave(entry('ann', 's1'), { graceMs: 10_000 })
    await world.host.clock.advance(9_999)
    expect(changes(world)).toEqual(['join ann'])
    await world.host.clock.advance(1 + slackMs)
    expect(changes(world)).toEqual(['join ann', 'leave ann'])
    expect(await members(world)).toEqual([])
  })

  play('a session in its grace that leaves for good leaves now', async (world) => {
    const { presence } = world.engine
    await presence.enter(entry('ann', 's1'), 'desk')
    await presence.leave(entry('ann', 's1'), { graceMs: 10_000 })
    await presence.leave(entry('ann', 's1'), now)
    expect(changes(world)).toEqual(['join ann', 'leave ann'])
  })

  play('I7 a lease that is not renewed ends without help', async (world) => {
    const { presence } = world.engine
    await presence.enter(entry('ann', 's1'), 'desk')
    await presence.enter(entry('bob', 's2'), 'desk')
    for (let passed = 0; passed < 3 * world.host.leaseMs; passed += world.host.leaseMs / 3) {
      await world.host.clock.advance(world.host.leaseMs / 3)
      await presence.renew([entry('bob', 's2')])
    }
    expect(changes(world)).toEqual(['join ann', 'join bob', 'leave ann'])
    await world.host.clock.advance(world.host.leaseMs + slackMs)
    expect(changes(world)).toEqual(['join ann', 'join bob', 'leave ann', 'leave bob'])
  })

  play('I7 of two sessions the one that is not renewed ends, and the user stays', async (world) => {
    const { presence } = world.engine
    await presence.enter(entry('ann', 's1'), 'desk')
    await presence.enter(entry('ann', 's2'), 'phone')
    for (let passed = 0; passed < 3 * world.host.leaseMs; passed += world.host.leaseMs / 3) {
      await world.host.clock.advance(world.host.leaseMs / 3)
      await presence.renew([entry('ann', 's1')])
    }
    expect(changes(world)).toEqual(['join ann', 'update ann', 'update ann'])
    expect(await members(world)).toEqual([{ userId: 'ann', state: 'desk' }])
  })

  play('I7 a session that left one room still ends in the other', async (world) => {
    const { presence } = world.engine
    const other = roomKey('clinic', 'ward:2')
    await presence.enter(entry('ann', 's1'), 'desk')
    await presence.enter(entry('ann', 's1', other), 'desk')
    await presence.leave(entry('ann', 's1', other), now)
    await world.host.clock.advance(world.host.leaseMs + slackMs)
    expect(await members(world)).toEqual([])
    expect(changes(world)).toEqual(['join ann', 'join ann', 'leave ann', 'leave ann'])
  })

  play('leaving where one is not, and renewing what has ended, changes nothing', async (world) => {
    const { presence } = world.engine
    await presence.leave(entry('ann', 's1'), now)
    await presence.renew([entry('ann', 's1')])
    expect(world.changed).toEqual([])
    expect(await members(world)).toEqual([])
  })
}
