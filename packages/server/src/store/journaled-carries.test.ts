import { expect, test } from 'bun:test'
import { createEmbeddedEngine } from '../engine/embedded/embedded.ts'
import type { RoomLog } from '../engine/room-log.ts'
import { fakeClock } from '../lib/fake-clock.ts'
import { silentLog } from '../lib/log.ts'
import { noMetrics } from '../lib/metrics.ts'
import { roomKey } from '../model/room-key.ts'
import { createJournaledLog } from './journaled-log.ts'
import { openTestStore } from './store.world.ts'

const room = {
  key: roomKey('clinic', 'ward'),
  log: { keep: 9, forMs: 60_000, durable: false, archive: { forMs: 60_000 } },
}

test.each(['all', 'heard'] as const)(
  'where the engine carries %p, whoever comes later has missed nothing',
  async (carries) => {
    const clock = fakeClock()
    await using store = await openTestStore({ clock })
    const engine = createEmbeddedEngine({ clock, disk: 'none' }).log
    const asked: string[] = []
    const inner: RoomLog = {
      start: (sink) => engine.start(sink),
      listen: (room) => engine.listen(room),
      unlisten: (room) => engine.unlisten(room),
      read: (room, query) => engine.read(room, query),
      forget: (room) => engine.forget(room),
      publish(room, draft, options) {
        asked.push(draft.type)
        return engine.publish(room, draft, options)
      },
    }
    const journaled = createJournaledLog({ inner, store, clock, log: silentLog, metrics: noMetrics, carries })
    const delivered: string[] = []
    const stop = await journaled.start({ deliver: (_key, _epoch, { type }) => void delivered.push(type), lost() {} })
    const says = async (type: string) => {
      const [event] = await store.of('clinic').change(({ publish }) => publish([{ room: 'ward', type, data: null }]))
      await journaled.forward(room, event!)
    }
    await says('early')
    await journaled.listen(room)
    const slice = await journaled.read(room, { after: 'earliest', limit: 10 })
    expect(slice.ok && slice.events.map(({ type, offset }) => [type, offset])).toEqual([['early', 1]])
    await says('late')
    expect(delivered).toEqual(['late'])
    await journaled.unlisten(room)
    await says('last')
    expect(asked).toEqual(carries === 'all' ? ['early', 'late', 'last'] : ['late'])
    const all = await journaled.read(room, { after: 'earliest', limit: 10 })
    expect(all.ok && all.events.map(({ offset }) => offset)).toEqual([1, 2, 3])
    await stop()
  },
)
