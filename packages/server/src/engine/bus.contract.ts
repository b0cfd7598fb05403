/** The bus: what a node says reaches every node that runs, itself among them. */
import { expect } from 'bun:test'
import type { Case } from './engine.world.ts'

export const describeBus = (play: Case): void => {
  play('a message comes back to its sender, once, in order', async (world) => {
    const first = { type: 'grants.changed', tenantId: 'clinic', userId: 'ann' } as const
    const second = { type: 'disconnect', tenantId: 'clinic', userId: 'ann', session: 's1' } as const
    await world.engine.bus.send(first)
    await world.engine.bus.send(second)
    await world.host.clock.advance(1)
    expect(world.received).toEqual([first, second])
  })

  play('a bus that has stopped refuses', async (world) => {
    await world.stop()
    const message = { type: 'grants.changed', tenantId: 'clinic', userId: 'ann' } as const
    await expect(world.engine.bus.send(message)).rejects.toMatchObject({ code: 'unavailable' })
    expect(world.received).toEqual([])
  })
}
