import { expect, test } from 'bun:test'
import { FanfareError } from '@fanfare/protocol'
import { createEmbeddedEngine } from '../engine/embedded/embedded.ts'
import { fakeClock } from '../lib/fake-clock.ts'
import { roomKey } from '../model/room-key.ts'
import { journaledOn } from './journaled-log.world.ts'
import { openTestStore } from './store.world.ts'

test('a room that could not be listened to is not remembered, and what is committed in it later is not kept for nobody', async () => {
  const clock = fakeClock()
  await using store = await openTestStore({ clock })
  const engine = createEmbeddedEngine({ clock, disk: 'none' })
  let away = true
  const inner = {
    ...engine.log,
    start: engine.log.start.bind(engine.log),
    async listen() {
      if (away) throw new FanfareError('unavailable')
    },
    async unlisten() {},
  }
  const journaled = journaledOn(inner as never, { store, clock })
  const delivered: string[] = []
  const stop = await journaled.start({ deliver: (_key, _epoch, { id }) => void delivered.push(id), lost() {} })
  const room = {
    key: roomKey('clinic', 'ward'),
    log: { keep: 9, forMs: 1_000, durable: false, archive: { forMs: 1_000 } },
  }
  await expect(journaled.listen(room)).rejects.toMatchObject({ code: 'unavailable' })
  const counted = () => (journaled as unknown as { readonly listened: number }).listened
  expect(counted()).toBe(0)
  away = false
  await journaled.listen(room)
  expect(counted()).toBe(1)
  await journaled.unlisten(room)
  expect(counted()).toBe(0)
  await stop()
})
