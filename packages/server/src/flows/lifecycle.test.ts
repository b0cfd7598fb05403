import { expect, test } from 'bun:test'
import { EmbeddedLeases } from '../engine/embedded/leases.ts'
import type { Held, Leases } from '../engine/leases.ts'
import { fakeClock } from '../lib/fake-clock.ts'
import { LifecycleNode } from './lifecycle.world.ts'

const nextTick = () => new Promise<void>((resolve) => setImmediate(resolve))

test('whoever comes alone is held at once; a crowd that comes over many ticks is held together', async () => {
  const clock = fakeClock()
  const embedded = new EmbeddedLeases({ clock, disk: 'none' })
  await embedded.start()
  const calls: string[][] = []
  const leases: Leases = Object.assign(Object.create(embedded) as Leases, {
    hold: (things: readonly Held[], forMs: number) => {
      calls.push(things.map(({ name }) => name))
      return embedded.hold(things, forMs)
    },
    expire: (limit: number) => embedded.expire(limit),
  })
  const node = new LifecycleNode({ clock, leases, handlers: { 'user.offline': () => {} } })
  const stop = await node.lifecycle.start()
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
