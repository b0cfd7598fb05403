import { expect, test } from 'bun:test'
import { FanfareError, type RoomEvent } from '@fanfare/protocol'
import type { AppContext } from '../app/app.ts'
import { fakeClock } from '../lib/fake-clock.ts'
import { silentLog } from '../lib/log.ts'
import { noMetrics } from '../lib/metrics.ts'
import { roomKey } from '../model/room-key.ts'
import { Reactor } from './react.ts'

const eventOf = (id: string, type = 'counted'): RoomEvent => ({
  id,
  type,
  tenantId: 'clinic',
  room: 'ward:1',
  data: null,
  timestamp: '2026-01-01T00:00:00.000Z',
  offset: 1,
})

/** A reactor whose application notes the events of one type, on an engine where others leave something undone. */
const world = () => {
  const clock = fakeClock()
  const reacted: string[] = []
  const done: string[] = []
  let left: RoomEvent[] = []
  let asked = 0
  let away = false
  /** Needs what may be away. */
  const storing = ({ id }: RoomEvent): void => {
    if (away) throw new FanfareError('unavailable', 'the store is away')
    reacted.push(id)
  }
  const reactor = new Reactor({
    app: {
      reactions(type) {
        if (type === 'away') return [{ owner: '', react: async (_, event) => storing(event) }]
        if (type === 'broken') return [{ owner: '', react: () => Promise.reject(new Error('no')) }]
        return type === 'counted' ? [{ owner: '', react: async (_, event) => void reacted.push(event.id) }] : []
      },
    },
    clock,
    unreacted: {
      async list() {
        asked++
        if (away) throw new FanfareError('unavailable', 'the server is away')
        const taken = left
        left = []
        return taken
      },
      done: ({ id }) => void done.push(id),
    },
    metrics: noMetrics,
    log: silentLog,
    context: () => ({}) as AppContext,
    random: () => 0.5,
  })
  return {
    clock,
    reactor,
    reacted,
    done,
    leaves: (...events: RoomEvent[]) => void left.push(...events),
    isAway: (now: boolean) => {
      away = now
    },
    get asked() {
      return asked
    },
  }
}

test('what a process that is gone left undone runs at the start, and what another leaves later runs within a while', async () => {
  const { clock, done, leaves, reacted, reactor } = world()
  leaves(eventOf('a'))
  const stop = await reactor.start()
  await reactor.idle()
  expect(reacted).toEqual(['a'])
  leaves(eventOf('b'))
  await clock.advance(14_000)
  expect(reacted).toEqual(['a'])
  await clock.advance(4_000)
  expect(reacted).toEqual(['a', 'b'])
  expect(done).toEqual(['a', 'b'])
  stop()
})

test('what the application does not react to any more is done', async () => {
  const { done, leaves, reacted, reactor } = world()
  leaves(eventOf('old', 'gone'))
  const stop = await reactor.start()
  expect([reacted, done]).toEqual([[], ['old']])
  stop()
})

test('while nobody can tell what was left, it asks again; stopped, it asks no more', async () => {
  const node = world()
  const stop = await node.reactor.start()
  node.isAway(true)
  await node.clock.advance(40_000)
  expect(node.asked).toBe(3)
  node.isAway(false)
  node.leaves(eventOf('c'))
  await node.clock.advance(15_000)
  expect(node.reacted).toEqual(['c'])
  stop()
  await node.clock.advance(60_000)
  expect(node.asked).toBe(4)
})

test('where it cannot be known at the start, the node does not start as if nothing had been left', async () => {
  const node = world()
  node.isAway(true)
  await expect(node.reactor.start()).rejects.toThrow('the server is away')
})

test('where a handler always fails, the last 10,000 wait for a restart, and the oldest are given up', async () => {
  const node = world()
  const durable = { key: roomKey('clinic', 'ward:1'), log: { keep: 1, forMs: 1, durable: true } }
  for (let index = 0; index < 10_003; index++) node.reactor.react(durable, eventOf(`e${index}`, 'broken'), 0)
  await node.reactor.idle()
  expect(node.done).toEqual(['e0', 'e1', 'e2'])
})

test('what fails in a room of memory was marked nowhere, and pushes out nothing', async () => {
  const node = world()
  const memory = { key: roomKey('clinic', 'ward:2'), log: { keep: 1, forMs: 1, durable: false } }
  for (let index = 0; index < 10_003; index++) node.reactor.react(memory, eventOf(`e${index}`, 'broken'), 0)
  await node.reactor.idle()
  expect(node.done).toEqual([])
})

const archived = {
  key: roomKey('clinic', 'ward:3'),
  log: { keep: 1, forMs: 1, durable: false, archive: { forMs: 1_000_000 } },
}

test('in an archived room a reaction whose store is away is tried again, in its order', async () => {
  const node = world()
  node.isAway(true)
  const first = node.reactor.react(archived, eventOf('a', 'away'), 0)
  const second = node.reactor.react(archived, eventOf('b'), 0)
  await node.clock.advance(10_000)
  expect(node.reacted).toEqual([])
  node.isAway(false)
  await node.clock.advance(5_000)
  expect(await Promise.all([first, second])).toEqual(['over', 'over'])
  expect(node.reacted).toEqual(['a', 'b'])
})

test('a stopping node leaves it to the next', async () => {
  const node = world()
  const stop = await node.reactor.start()
  node.isAway(true)
  const reaction = node.reactor.react(archived, eventOf('a', 'away'), 0)
  await node.clock.advance(1_000)
  stop()
  expect(await reaction).toBe('left')
})

test('a handler with a fault is not tried again, lest it hold up the room', async () => {
  const node = world()
  expect(await node.reactor.react(archived, eventOf('a', 'broken'), 0)).toBe('over')
})
