/** Worlds for the journaled log: an engine whose rooms are archived, for the engine's own contract; and rooms to be used by hand. */
import { createEmbeddedEngine } from '../engine/embedded/embedded.ts'
import type { EngineHost } from '../engine/engine.world.ts'
import type { RoomLog } from '../engine/room-log.ts'
import { type FakeClock, fakeClock } from '../lib/fake-clock.ts'
import { silentLog } from '../lib/log.ts'
import { noMetrics } from '../lib/metrics.ts'
import type { LogRoom } from '../model/room.ts'
import { roomKey } from '../model/room-key.ts'
import { createJournaledLog, type JournaledLog } from './journaled-log.ts'
import type { CommittedEvents, Store } from './store.ts'
import { openTestStore } from './store.world.ts'

/** Archives every room for as long as its policy keeps events. */
const archived = ({ key, log }: LogRoom): LogRoom => ({ key, log: { ...log, archive: { forMs: log.forMs } } })

export const archiving = (log: RoomLog): RoomLog => ({
  start: (sink) => log.start(sink),
  listen: (room) => log.listen(archived(room)),
  unlisten: (room) => log.unlisten(archived(room)),
  publish: (room, draft, options) => log.publish(archived(room), draft, options),
  read: (room, query) => log.read(archived(room), query),
  forget: (room) => log.forget(archived(room)),
})

/** Forwards what is committed at once, as a forwarder does whose engine is at hand. */
export const forwardsAtOnce =
  (journaled: JournaledLog) =>
  ({ tenantId, events }: CommittedEvents): Promise<unknown> =>
    // What is committed while the engine ends stays in the journal.
    Promise.allSettled(
      events.map((event) => journaled.forward(archived({ key: roomKey(tenantId, event.room), log: memoryLog }), event)),
    )

const memoryLog = { keep: 100, forMs: 300_000, durable: false }

export const journaledEngine = async (): Promise<EngineHost> => {
  const clock = fakeClock()
  const store = await openTestStore({ clock })
  return {
    clock,
    durable: true,
    leaseMs: 30_000,
    async next() {
      const engine = createEmbeddedEngine({ clock, disk: 'none' })
      const journaled = journaledOn(engine.log, { store, clock })
      const log = archiving(journaled)
      return {
        ...engine,
        log: {
          ...log,
          async start(sink) {
            const stop = await log.start(sink)
            const unhear = store.onCommitted((committed) => void forwardsAtOnce(journaled)(committed))
            return async () => {
              unhear()
              await stop()
            }
          },
        },
      }
    },
    close: () => store.close(),
  }
}

export const journaledOn = (
  inner: RoomLog,
  { store, clock }: { readonly store: Store; readonly clock: FakeClock },
): JournaledLog => createJournaledLog({ inner, store, clock, log: silentLog, metrics: noMetrics })
