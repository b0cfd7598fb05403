/** The forwarder by itself: in order, at least once, bounded, and quiet when there is nothing to do. */
import { expect, test } from 'bun:test'
import { FanfareError, type RoomEvent } from '@fanfare/protocol'
import type { Room } from '../app/app.ts'
import { type FakeClock, fakeClock } from '../lib/fake-clock.ts'
import { silentLog } from '../lib/log.ts'
import { noMetrics } from '../lib/metrics.ts'
import type { LogPolicy } from '../model/room.ts'
import { roomKey } from '../model/room-key.ts'
import { openTestStore, type TestStore } from '../store/store.world.ts'
import { createForwarder } from './forward.ts'
import type { Reacted } from './react.ts'

const archived: LogPolicy = { keep: 3, forMs: 60_000, durable: false, archive: { forMs: Number.POSITIVE_INFINITY } }
const upTo = (count: number): number[] => Array.from({ length: count }, (_, index) => index + 1)

/** A store, and one forwarder after another over it. */
class ForwardingWorld implements AsyncDisposable {
  readonly clock: FakeClock
  readonly store: TestStore
  readonly forwarded: number[] = []
  readonly reacted: number[] = []
  /** What was asked of the store over all tenants. */
  looks = 0
  changes = 0
  /** The engine is away. */
  away = false
  refuses: ((event: RoomEvent) => boolean) | undefined
  /** What a reaction ends with; undefined while it runs. */
  ends: ((event: RoomEvent) => Promise<Reacted>) | undefined
  readonly #policy: LogPolicy
  readonly #stops: (() => Promise<void>)[] = []

  constructor(store: TestStore, clock: FakeClock, policy: LogPolicy) {
    this.store = store
    this.clock = clock
    this.#policy = policy
  }

  static async open({ policy = archived }: { readonly policy?: LogPolicy } = {}): Promise<ForwardingWorld> {
    const clock = fakeClock()
    return new ForwardingWorld(await openTestStore({ clock }), clock, policy)
  }

  async begins({ mostHeld = 1_000 }: { readonly mostHeld?: number } = {}): Promise<() => Promise<void>> {
    const store = {
      ...this.store,
      tenantsDue: (due: Parameters<TestStore['tenantsDue']>[0]) => {
        this.looks++
        return this.store.tenantsDue(due)
      },
      of: (tenantId: string) => {
        const tenant = this.store.of(tenantId)
        const change: typeof tenant.change = (work) => {
          this.changes++
          return tenant.change(work)
        }
        return { ...tenant, change }
      },
    }
    const forwarder = createForwarder({
      store,
      journaled: {
        forward: async (_room, event) => {
          await undefined
          if (this.away) throw new FanfareError('unavailable', 'the engine is away')
          if (this.refuses?.(event)) throw new FanfareError('too_large', 'the engine never takes it')
          this.forwarded.push(event.data as number)
        },
        forwardRedaction: async () => {},
      },
      app: { room: (_tenantId, name) => this.#room(name) },
      reactor: {
        react: async (_room, event) => {
          const reacted = (await this.ends?.(event)) ?? 'over'
          if (reacted === 'over') this.reacted.push(event.data as number)
          return reacted
        },
      },
      clock: this.clock,
      log: silentLog,
      metrics: noMetrics,
      mostHeld,
      random: () => 0.5,
    })
    const stop = forwarder.start()
    this.#stops.push(stop)
    await forwarder.takeOver()
    return stop
  }

  async publish(numbers: readonly number[], room = 'a'): Promise<void> {
    await this.store
      .of('clinic')
      .change((change) => change.publish(numbers.map((data) => ({ room, type: 'note', data, key: `k${data}` }))))
  }

  async stand(room = 'a') {
    return this.store
      .of('clinic')
      .read((rows) =>
        rows.selectFrom('journal_room').select(['sent', 'top']).where('room', '=', room).executeTakeFirstOrThrow(),
      )
  }

  kept() {
    return this.store.of('clinic').read((rows) => rows.selectFrom('journal').select('offset').execute())
  }

  /** Time passes, and everything that follows from it. */
  async passes(ms: number): Promise<void> {
    for (let past = 0; past < ms; past += 100) await this.clock.advance(Math.min(100, ms - past))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#stops.map((stop) => stop()))
    await this.store.close()
  }

  #room(name: string): Room {
    if (name === 'unknown') throw new FanfareError('unknown_room')
    return {
      key: roomKey('clinic', name),
      log: this.#policy,
      tenantId: 'clinic',
      name,
      params: {},
      rule: {} as Room['rule'],
    }
  }
}

test('what is committed is handed on at once, in order, reacted to, and noted a while later, together', async () => {
  await using world = await ForwardingWorld.open()
  await world.begins()
  for (const n of upTo(50)) await world.publish([n])
  await world.passes(1)
  expect(world.forwarded).toEqual(upTo(50))
  expect(world.reacted).toEqual(upTo(50))
  await world.passes(300)
  expect(await world.stand()).toEqual({ sent: 50, top: 50 })
  expect(world.changes).toBe(1)
})

test('nothing is noted as sent before its reaction has ended, nor what comes after it', async () => {
  await using world = await ForwardingWorld.open()
  let end = (_reacted: Reacted): void => {}
  world.ends = ({ data }) => (data === 2 ? new Promise((resolve) => (end = resolve)) : Promise.resolve<Reacted>('over'))
  await world.begins()
  await world.publish([1, 2, 3])
  await world.passes(2_000)
  expect(world.forwarded).toEqual([1, 2, 3])
  expect(await world.stand()).toEqual({ sent: 1, top: 3 })
  end('over')
  await world.passes(2_000)
  expect(await world.stand()).toEqual({ sent: 3, top: 3 })
})

test('R-23 while the engine is away events wait in the store, a few of them in memory, and go out in order after', async () => {
  await using world = await ForwardingWorld.open()
  await world.begins({ mostHeld: 5 })
  world.away = true
  for (const n of upTo(300)) await world.publish([n])
  await world.passes(10_000)
  expect(world.forwarded).toEqual([])
  world.away = false
  await world.passes(10_000)
  expect(world.forwarded).toEqual(upTo(300))
  expect(await world.stand()).toEqual({ sent: 300, top: 300 })
})

test('an event that the engine will never take holds up no other', async () => {
  await using world = await ForwardingWorld.open()
  world.refuses = ({ data }) => data === 2
  await world.begins()
  await world.publish([1, 2, 3])
  await world.passes(500)
  expect(world.forwarded).toEqual([1, 3])
  expect(await world.stand()).toEqual({ sent: 3, top: 3 })
})

test('what a process left between commit and handing on is handed on by the next, once', async () => {
  await using world = await ForwardingWorld.open()
  await world.publish([1, 2, 3])
  const stop = await world.begins()
  await world.passes(1_000)
  expect(world.forwarded).toEqual([1, 2, 3])
  expect(world.reacted).toEqual([1, 2, 3])
  await stop()
  await world.publish([4])
  await world.begins()
  await world.passes(1_000)
  expect(world.forwarded).toEqual([1, 2, 3, 4])
  expect(world.reacted).toEqual([1, 2, 3, 4])
})

test('reactions that a stopping node leaves run on the next', async () => {
  await using world = await ForwardingWorld.open()
  world.ends = async () => 'left'
  const stop = await world.begins()
  await world.publish([1, 2])
  await world.passes(300)
  const stopped = stop()
  await world.passes(6_000)
  await stopped
  expect(await world.stand()).toEqual({ sent: 0, top: 2 })
  world.ends = undefined
  await world.begins()
  await world.passes(500)
  expect(world.reacted).toEqual([1, 2])
})

test('many rooms and tenants that were left are taken over, a bounded number at a time', async () => {
  await using world = await ForwardingWorld.open()
  for (const n of upTo(450)) await world.publish([n], `room${n}`)
  await world.begins()
  await world.passes(5_000)
  expect([...world.forwarded].sort((a, b) => a - b)).toEqual(upTo(450))
})

test('with the store to itself it asks nothing while nothing happens, but once a minute what is too old', async () => {
  await using world = await ForwardingWorld.open()
  await world.begins()
  await world.publish([1])
  await world.passes(1_000)
  const before = world.looks
  const { changes } = world
  await world.passes(10 * 60_000)
  expect(world.looks - before).toBeLessThanOrEqual(10)
  expect(world.changes).toBe(changes)
})

test('what is too old leaves the archive', async () => {
  await using world = await ForwardingWorld.open({ policy: { ...archived, archive: { forMs: 60_000 } } })
  await world.begins()
  await world.publish(upTo(3))
  await world.passes(30_000)
  await world.publish([4])
  expect(await world.kept()).toHaveLength(4)
  await world.passes(90_000)
  expect((await world.kept()).length).toBeLessThanOrEqual(1)
  await world.passes(90_000)
  expect(await world.kept()).toEqual([])
  expect(await world.stand()).toEqual({ sent: 4, top: 4 })
})

test('a room that is not archived leaves nothing in the store once its keys are too old', async () => {
  await using world = await ForwardingWorld.open({ policy: { keep: 3, forMs: 60_000, durable: false } })
  await world.begins()
  await world.publish([1])
  await world.passes(1_000)
  await world.publish([1])
  await world.passes(1_000)
  expect(world.forwarded).toEqual([1])
  await world.passes(7 * 60_000)
  expect(await world.kept()).toEqual([])
})

test('events of a room that the application has no longer are let go', async () => {
  await using world = await ForwardingWorld.open()
  await world.begins()
  await world.publish([1], 'unknown')
  await world.publish([2])
  await world.passes(500)
  expect(world.forwarded).toEqual([2])
  expect(await world.stand('unknown')).toEqual({ sent: 1, top: 1 })
})
