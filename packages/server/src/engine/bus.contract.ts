/** The bus: what a node says reaches every node that runs, itself among them. */
import { expect } from 'bun:test'
import type { Case } from './engine.world.ts'
import { eventually } from './node.world.ts'
import type { NodeRequest } from './node-bus.ts'

const changed = (userId: string): NodeRequest => ({ type: 'grants.changed', tenantId: 'clinic', userId })
const emitted = (frame: string): NodeRequest => ({
  type: 'emit',
  tenantId: 'clinic',
  namespace: '/',
  to: { room: 'ward:1' },
  except: ['s1'],
  frame,
})

export const describeBus = (play: Case): void => {
  play('a message comes back to its sender, once, in order', async (world) => {
    const first = changed('ann')
    const second = { type: 'disconnect', tenantId: 'clinic', userId: 'ann', session: 's1' } as const
    await world.engine.bus.send(first)
    await world.engine.bus.send(second)
    await world.host.clock.advance(1)
    await eventually(() => expect(world.received).toEqual([first, second]))
  })

  play('a message reaches every node, once, in order, and nothing of before it came', async (world) => {
    await world.engine.bus.send(changed('nobody'))
    const other = await world.joined()
    if (!other) return
    const sent = Array.from({ length: 20 }, (_, number) => changed(`user${number}`))
    for (const message of sent) await world.engine.bus.send(message)
    await other.engine.bus.send(changed('last'))
    for (const received of [other.received, world.received.slice(1)]) {
      await eventually(() => expect(received.slice(0, 20)).toEqual(sent))
    }
    await eventually(() => expect(other.received).toEqual([...sent, changed('last')]))
    await eventually(() => expect(world.received.slice(1)).toEqual([...sent, changed('last')]))
  })

  play('an emit reaches every node, its sender too, once, in order for whom it is for', async (world) => {
    const other = await world.joined()
    const nodes = other ? [world, other] : [world]
    const sent = ['1', '2', '3', '"zażółć 💐"'].map(emitted)
    for (const message of sent) await world.engine.bus.send(message)
    for (const node of nodes) await eventually(() => expect(node.received).toEqual(sent))
    const targets = [{ userId: 'ann' }, { session: 's2' }, { everyone: true }] as const
    for (const to of targets) await world.engine.bus.send({ ...emitted('x'), to } as NodeRequest)
    for (const node of nodes) await eventually(() => expect(node.received).toHaveLength(sent.length + targets.length))
  })

  play('a bus that has stopped refuses', async (world) => {
    await world.stop()
    await expect(world.engine.bus.send(changed('ann'))).rejects.toMatchObject({ code: 'unavailable' })
    await expect(world.engine.bus.send(emitted('x'))).rejects.toMatchObject({ code: 'unavailable' })
    expect(world.received).toEqual([])
  })
}
