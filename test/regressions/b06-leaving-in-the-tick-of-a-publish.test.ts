/** Hazard B6, R-32: leaving the last room in the tick of a publish must not swallow what was published before. */
import { expect, test } from 'bun:test'
import { startWorld } from '@fanfare/testkit'
import { clinic } from '../support/clinic.ts'

test.each(['corridor:1', 'archive:1'])(
  'five publishes and a leave sent at once: five events of %s, then the goodbye',
  async (room) => {
    await using world = await startWorld({ app: clinic })
    const ann = await world.person('ann')
    await ann.joins(room)
    for (const n of [1, 2, 3, 4, 5]) ann.sends({ type: 'publish', room, event: 'counted', data: { n } })
    await ann.leaves(room)
    const heard = ann.heard.filter((event) => event.room === room).map(({ offset }) => offset)
    expect(heard.slice(0, 5)).toEqual([1, 2, 3, 4, 5])
    expect(heard).toEqual(heard.map((_, index) => index + 1))
  },
)

test('five events and an unsubscribe in one tick of the server: all five go out first', async () => {
  await using world = await startWorld({ app: clinic })
  const { app, engine, hub } = world.server.services
  const bob = await world.person('bob')
  await bob.joins('corridor:1')
  const room = app.room('acme', 'corridor:1')
  const draft = { type: 'counted', tenantId: 'acme', room: 'corridor:1', timestamp: new Date(0).toISOString() }
  const published = [1, 2, 3, 4, 5].map((n) => engine.log.publish(room, { ...draft, id: String(n), data: { n } }))
  for (const session of hub.sessionsOf('acme', 'bob')) {
    for (const subscription of session.subscriptions.values()) hub.leave(subscription)
  }
  await Promise.all(published)
  for (const n of [1, 2, 3, 4, 5]) expect((await bob.hears('counted')).data).toEqual({ n })
})
