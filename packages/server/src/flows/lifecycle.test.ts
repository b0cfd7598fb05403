import { expect, test } from 'bun:test'
import { EmbeddedLeases } from '../engine/embedded/leases.ts'
import type { Leases } from '../engine/leases.ts'
import { deferred } from '../lib/deferred.ts'
import { type FakeClock, fakeClock } from '../lib/fake-clock.ts'
import { LifecycleNode } from './lifecycle.world.ts'

const nextTick = () => new Promise<void>((resolve) => setImmediate(resolve))

/** A node whose holds are written down, and wait for a gate each, where there is one. */
const watched = async (clock: FakeClock, ...gates: readonly Promise<void>[]) => {
  const embedded = new EmbeddedLeases({ clock, disk: 'none' })
  await embedded.start()
  const calls: string[][] = []
  const leases: Leases = {
    start: () => embedded.start(),
    hold: async (things, forMs) => {
      calls.push(things.map(({ name }) => name))
      await gates[calls.length - 1]
      await embedded.hold(things, forMs)
    },
    expire: (limit) => embedded.expire(limit),
    settle: (ended) => embedded.settle(ended),
    heldSince: (things) => embedded.heldSince(things),
  }
  const node = new LifecycleNode({ clock, leases, handlers: { 'user.offline': () => {} } })
  const stop = await node.lifecycle.start()
  return { calls, node, stop }
}

test('whoever comes alone is held at once; a crowd that comes over many ticks is held together', async () => {
  const clock = fakeClock()
  const { calls, node, stop } = await watched(clock)
  const comes = async (name: string) => {
    node.comes(name)
    await nextTick()
  }
  await comes('ann')
  expect(calls).toEqual([['ann']])
  await comes('bob')
  await comes('eve')
  await comes('joe')
  expect(calls).toEqual([['ann']])
  await clock.advance(50)
  expect(calls).toEqual([['ann'], ['bob', 'eve', 'joe']])
  await clock.advance(60)
  await comes('kim')
  expect(calls.at(-1)).toEqual(['kim'])
  await stop()
})

/** What it has come to by now, without waiting for it. */
const soFar = async (work: Promise<unknown>): Promise<unknown> => {
  await nextTick()
  return Promise.race([work, nextTick().then(() => 'waits')])
}

test('since when somebody is held who just came is answered once all who came so far are, and of others at once', async () => {
  const clock = fakeClock()
  const gate = deferred()
  const { node, stop } = await watched(clock, gate.promise)
  const since = (...users: string[]) => node.lifecycle.heldSince('clinic', users)
  node.comes('ann')
  await nextTick()
  node.comes('bob')
  const [ann, bob, settled] = [since('ann'), since('bob', 'eve'), node.lifecycle.settled()]
  expect(await since('eve')).toEqual(new Map())
  await clock.advance(50)
  expect(await Promise.all([ann, bob, settled].map(soFar))).toEqual(['waits', 'waits', 'waits'])
  gate.resolve()
  expect(await ann).toEqual(new Map([['ann', clock.now()]]))
  expect(await bob).toEqual(new Map([['bob', clock.now()]]))
  await settled
  await stop()
})

test('nobody waits for a hold that fails, or of a node that ends', async () => {
  const clock = fakeClock()
  const away = Promise.reject(new Error('away'))
  away.catch(() => {})
  const { node, stop } = await watched(clock, away)
  node.comes('ann')
  expect(await node.lifecycle.heldSince('clinic', ['ann'])).toEqual(new Map())
  node.comes('bob')
  const settled = node.lifecycle.settled()
  expect(await soFar(settled)).toBe('waits')
  await stop()
  await settled
})
