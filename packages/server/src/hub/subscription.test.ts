import { expect, test } from 'bun:test'
import { defaultLimits, type RoomEvent } from '@fanfare/protocol'
import type { SlowPolicy } from '../app/app.ts'
import { defineApp } from '../app/define-app.ts'
import { fakeClock } from '../lib/fake-clock.ts'
import { silentLog } from '../lib/log.ts'
import { noMetrics } from '../lib/metrics.ts'
import type { Identity, User } from '../model/identity.ts'
import { decodeLimits, nativeDialect } from '../wire/native.ts'
import { EncodedEvent } from './encoded-event.ts'
import { Flusher } from './flusher.ts'
import type { Link } from './link.ts'
import { Session, Subscription } from './session.ts'

const dialect = nativeDialect(decodeLimits(defaultLimits))
const schema = { '~standard': { version: 1, vendor: 'test', validate: (value: unknown) => ({ value }) } } as const

const at = (offset: number, { epoch = 'one', key = 'a' } = {}): EncodedEvent => {
  const event: RoomEvent = {
    id: `${epoch}-${offset}`,
    type: 'read',
    tenantId: 'acme',
    room: 'bed:1',
    offset,
    data: { key },
    timestamp: new Date(0).toISOString(),
  }
  return new EncodedEvent(epoch, event)
}

/** One session in one room, over a link that keeps what it is given until the test lets it go. */
const stage = ({ slow = 'resume', limit = 512 * 1024 }: { slow?: SlowPolicy; limit?: number } = {}) => {
  const app = defineApp({
    rooms: { 'bed:{id}': { events: { read: schema }, access: 'tenant', slow: slow as 'resume' } },
  })
  const identity = { tenantId: 'acme', userId: 'ann', roles: [], grants: [], claims: {}, expiresAt: 1 } as Identity
  const ticks: (() => void)[] = []
  const written: string[] = []
  let held = 0
  let closeSlow: () => void = () => {}
  const link: Link = {
    kind: 'websocket',
    write: (frames) => written.push(...frames.map(String)),
    buffered: () => held,
    close: () => closeSlow(),
    terminate() {},
  }
  const flusher = new Flusher((run) => ticks.push(run))
  const limits = { outboxBytes: limit, pongTimeoutMs: 1 }
  const home = { clock: fakeClock(), flusher, limits, log: silentLog, metrics: noMetrics }
  const session = new Session({ home, id: 's', identity, user: {} as User, link, dialect, openedAt: 0 })
  const subscription = new Subscription(session, app.room('acme', 'bed:1'))
  subscription.moveTo({ epoch: 'one', offset: 0 })
  return {
    subscription,
    holds: (bytes: number) => {
      held = bytes
      session.outbox.linkBytes()
    },
    whenSlow: (act: () => void) => {
      closeSlow = act
    },
    offsets: () => {
      for (const run of ticks.splice(0)) run()
      return written.map((text) => (JSON.parse(text) as { event: RoomEvent }).event.offset)
    },
  }
}

test('live, an event goes out once, and one that does not follow is missed', () => {
  const { subscription, offsets } = stage()
  expect(subscription.release()).toBe(true)
  expect(subscription.take(at(1), 10)).toBe('sent')
  expect(subscription.take(at(1), 10)).toBe('repeated')
  expect(subscription.state).toBe('live')
  expect(subscription.take(at(3), 10)).toBe('missed')
  expect(subscription.state).toBe('holding')
  expect(offsets()).toEqual([1])
})

test('what was held and is in the replay too goes out once', () => {
  const { subscription, offsets } = stage()
  for (const offset of [1, 2, 3]) subscription.take(at(offset), 10)
  for (const offset of [1, 2]) subscription.replay(at(offset))
  expect(subscription.release()).toBe(true)
  expect(offsets()).toEqual([1, 2, 3])
})

test('held events beyond the limit let the older ones go, and the hole sends it back to the log', () => {
  const { subscription, offsets } = stage()
  for (const offset of [1, 2, 3]) subscription.take(at(offset), 2)
  expect(subscription.release()).toBe(false)
  expect(offsets()).toEqual([])
  expect(subscription.state).toBe('holding')
})

test('a subscription that its own release ends stays ended', () => {
  const { subscription, holds, whenSlow } = stage({ limit: 64 * 1024 })
  holds(1024 * 1024)
  whenSlow(() => subscription.close())
  for (let offset = 1; offset <= 1_000; offset++) subscription.take(at(offset), 2_000)
  subscription.release()
  expect(subscription.state).toBe('closed')
})

test('a room that conflates sends everything while its reader keeps up, and the newest of each key when it does not', () => {
  const key = (event: RoomEvent) => (event.data as { key: string }).key
  const { subscription, holds, offsets } = stage({ slow: { conflate: key } })
  subscription.release()
  for (const offset of [1, 2]) subscription.take(at(offset), 10)
  expect(offsets()).toEqual([1, 2])
  holds(100_000)
  for (const [offset, key] of [
    [3, 'a'],
    [4, 'b'],
    [5, 'a'],
  ] as const)
    subscription.take(at(offset, { key }), 10)
  holds(0)
  subscription.take(at(6, { key: 'c' }), 10)
  expect(offsets()).toEqual([1, 2, 4, 5, 6])
})
