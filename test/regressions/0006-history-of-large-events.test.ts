import { expect, test } from 'bun:test'
import type { HistoryPage } from '@fanfare/protocol'
import { startWorld } from '@fanfare/testkit'
import { clinic } from '../support/clinic.ts'

/** One page could be twice what may wait for a session, so asking for it ended the link. */
test('who asks for many pages of large events gets each of them, and keeps the link', async () => {
  await using world = await startWorld({ app: clinic })
  const { app, engine } = world.server.services
  const text = 'x'.repeat(9_000)
  for (let n = 1; n <= 200; n++) {
    await engine.log.publish(app.room('acme', 'archive:1'), {
      id: String(n),
      type: 'message.created',
      tenantId: 'acme',
      room: 'archive:1',
      data: { text },
      timestamp: new Date(0).toISOString(),
    })
  }
  const ann = await world.person('ann')
  const page = () => ann.asks({ type: 'history', room: 'archive:1', limit: 200 })
  const pages = (await Promise.all(Array.from({ length: 40 }, page))) as unknown as HistoryPage[]
  for (const { events, next } of pages) {
    expect(events.at(-1)?.offset).toBe(200)
    expect(next?.offset).toBe(events[0]?.offset)
  }
})
