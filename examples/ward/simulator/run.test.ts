import { expect, test } from 'bun:test'
import type { AppContext } from '@fanfare/server'
import { createFakeContext } from '../fake-context.ts'
import { roster } from './roster.ts'
import { runSimulator } from './run.ts'

/** Nodes that share a cache in which values end, and a clock that is moved by hand. */
const createWorld = () => {
  const until = new Map<string, number>()
  const kept = new Map()
  let now = 0
  const cacheOf = (cache: AppContext['cache']): AppContext['cache'] => {
    const expire = (key: string) => {
      if ((until.get(key) ?? Number.POSITIVE_INFINITY) <= now) kept.delete(key)
    }
    const keep = (key: string, ttlMs = Number.POSITIVE_INFINITY) => void until.set(key, now + ttlMs)
    return {
      ...cache,
      get: async (key) => {
        expire(key)
        return cache.get(key)
      },
      set: async (key, value, expiry) => {
        keep(key, expiry?.ttlMs)
        await cache.set(key, value)
      },
      increment: async (key, by, expiry) => {
        expire(key)
        if (!kept.has(key)) keep(key, expiry?.ttlMs)
        return cache.increment(key, by)
      },
    }
  }
  const nodes: { die(): void; tick(): void }[] = []
  return {
    async node() {
      const fake = createFakeContext(kept)
      const timers: { readonly ms: number; readonly callback: () => void }[] = []
      const every = (ms: number, callback: () => void) => {
        const timer = { ms, callback }
        timers.push(timer)
        return () => void timers.splice(timers.indexOf(timer), 1)
      }
      const node = {
        tick: () => {
          for (const { ms, callback } of [...timers]) if (now % ms === 0) callback()
        },
        /** As by kill -9. */
        die: () => void timers.splice(0),
      }
      nodes.push(node)
      const stop = await runSimulator({ context: { ...fake, cache: cacheOf(fake.cache) }, every, seed: 20 })
      const readings = () => fake.events.filter(({ type }) => type === 'device.data.update').length
      const admissions = () =>
        fake.events.filter(({ room, type }) => type === 'patient.admission' && room.startsWith('patient:')).length
      return { ...node, stop, readings, admissions }
    },
    async passes(ms: number) {
      for (const end = now + ms; now < end; ) {
        now += 500
        for (const node of nodes) node.tick()
        await new Promise<void>((resolve) => setImmediate(resolve))
      }
    },
  }
}

test('of two nodes one simulates the ward', async () => {
  const world = createWorld()
  const [first, second] = await Promise.all([world.node(), world.node()])
  await world.passes(60_000)
  const [one, other] = [first, second].sort((a, b) => b.readings() - a.readings())
  expect([one!.admissions(), other!.admissions(), other!.readings()]).toEqual([roster.length, 0, 0])
  expect(one!.readings()).toBeGreaterThan(100)
})

test('when it dies, the other takes over in a few seconds; when it comes back, it waits', async () => {
  const world = createWorld()
  const first = await world.node()
  const second = await world.node()
  await world.passes(10_000)
  first.die()
  await world.passes(3_000)
  expect(second.readings()).toBe(0)
  await world.passes(10_000)
  const again = await world.node()
  const before = second.readings()
  expect(before).toBeGreaterThan(0)
  await world.passes(20_000)
  expect(second.readings()).toBeGreaterThan(before)
  expect(again.readings()).toBe(0)
})

test('one that stops lets the next have it at once', async () => {
  const world = createWorld()
  const first = await world.node()
  await world.passes(5_000)
  first.stop()
  await world.passes(500)
  const second = await world.node()
  const told = first.readings()
  await world.passes(5_000)
  expect([first.readings(), second.readings() > 0]).toEqual([told, true])
})
