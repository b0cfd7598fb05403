import { expect, test } from 'bun:test'
import { FanfareError } from '@fanfare/protocol'
import type { Engine } from '../engine/engine.ts'
import type { RoomLog } from '../engine/room-log.ts'
import { fakeClock } from '../lib/fake-clock.ts'
import { silentLog } from '../lib/log.ts'
import { noMetrics } from '../lib/metrics.ts'
import { type RoomKey, roomKey, roomOfKey } from '../model/room-key.ts'
import { Canary } from './canary.ts'

/** Servers, each of which carries one canary room, and can refuse, swallow or not listen. */
const world = (servers: readonly number[]) => {
  const clock = fakeClock()
  const state = {
    servers,
    problems: [] as string[],
    broken: new Map<number, 'refuses' | 'swallows' | 'deaf'>(),
    listening: new Set<RoomKey>(),
    sung: [] as string[],
  }
  const serverOf = (key: RoomKey) => Number(roomOfKey(key).name.split(':')[1])
  const log: Pick<RoomLog, 'listen' | 'unlisten' | 'publish'> = {
    async listen({ key }) {
      if (state.broken.get(serverOf(key)) === 'deaf') throw new FanfareError('unavailable', 'nobody listens')
      state.listening.add(key)
    },
    async unlisten({ key }) {
      state.listening.delete(key)
    },
    async publish({ key }, draft) {
      state.sung.push(draft.room)
      const how = state.broken.get(serverOf(key))
      if (how === 'refuses') throw new FanfareError('unavailable', 'the server is away')
      const event = { ...draft, offset: 1 }
      if (how !== 'swallows' && state.listening.has(key)) canary.seen(event.id)
      return { ...event, epoch: 'e', durability: 'broker', duplicate: false, event }
    },
  }
  const engine: Pick<Engine, 'log' | 'canaries' | 'problems'> = {
    log: log as RoomLog,
    canaries: (tenantId) => state.servers.map((server) => roomKey(tenantId, `__canary:${server}`)),
    problems: () => state.problems,
  }
  const gauges = new Map<string, () => number>()
  const metrics = { ...noMetrics, gauge: (name: string, read: () => number) => void gauges.set(name, read) }
  const canary = new Canary({ engine, clock, log: silentLog, metrics })
  /** The next answer that is not shared with the last one. */
  const checks = async () => {
    await clock.advance(1_000)
    const checked = canary.check()
    await clock.advance(0)
    await clock.advance(2_000)
    return checked
  }
  return { canary, clock, checks, state, gauge: () => gauges.get('fanfare_ready')?.() }
}

test('it sings in the room of every server, and each must come back', async () => {
  const { canary, checks, gauge, state } = world([0, 5, 9])
  await canary.start()
  expect(gauge()).toBe(0)
  expect(await checks()).toEqual({ ok: true, ms: 0 })
  expect(state.sung).toEqual(['__canary:0', '__canary:5', '__canary:9'])
  expect(gauge()).toBe(1)
})

test.each([
  ['swallows', 'the canary in __canary:5: it did not come back'],
  ['refuses', 'the canary in __canary:5: the server is away'],
] as const)('a server that %s is named; it is ready by itself when that is over', async (how, problem) => {
  const { canary, checks, gauge, state } = world([0, 5])
  await canary.start()
  state.broken.set(5, how)
  expect(await checks()).toEqual({ ok: false, problem })
  expect(gauge()).toBe(0)
  state.broken.clear()
  expect(await checks()).toMatchObject({ ok: true })
})

test('what the engine knows to be broken counts, although every canary comes back', async () => {
  const { canary, checks, state } = world([0])
  await canary.start()
  state.problems = ['nothing that is published at 10.0.0.7:6379 is heard']
  expect(await checks()).toEqual({ ok: false, problem: state.problems[0]! })
  state.problems = []
  expect(await checks()).toMatchObject({ ok: true })
})

test('it goes where the servers go: listens where one came, and no longer where one went', async () => {
  const { canary, clock, checks, state } = world([0, 1])
  await canary.start()
  state.servers = [1, 2]
  expect(await checks()).toMatchObject({ ok: true })
  await clock.advance(5_000)
  expect([...state.listening].map((key) => roomOfKey(key).name)).toEqual(['__canary:1', '__canary:2'])
})

test('a room that it could not listen to is listened to at the next check', async () => {
  const { canary, checks, state } = world([0, 1])
  await canary.start()
  state.servers = [0, 2]
  state.broken.set(2, 'deaf')
  expect(await checks()).toEqual({ ok: false, problem: 'the canary in __canary:2: nobody listens' })
  state.broken.clear()
  expect(await checks()).toMatchObject({ ok: true })
})

test('many who ask at once share one round', async () => {
  const { canary, state } = world([0])
  await canary.start()
  await Promise.all([canary.check(), canary.check(), canary.check()])
  expect(state.sung).toHaveLength(1)
})

test('a tenant of the same name has its own rooms', () => {
  const { canary } = world([0])
  expect(canary.owns(roomKey('fanfare', '__canary:7'))).toBe(true)
  expect(canary.owns(roomKey('fanfare', 'lobby'))).toBe(false)
})
