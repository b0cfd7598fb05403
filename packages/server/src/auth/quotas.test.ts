import { expect, test } from 'bun:test'
import { defaultLimits, FanfareError } from '@fanfare/protocol'
import { fakeClock } from '../lib/fake-clock.ts'
import { KeyedBuckets } from './keyed-buckets.ts'
import { createQuotas, type QuotaLimits, type QuotaOptions } from './quotas.ts'

const world = (limits: Partial<QuotaLimits> = {}, options: Partial<QuotaOptions> = {}) => {
  const clock = fakeClock()
  return {
    clock,
    quotas: createQuotas({ clock, limits: { ...defaultLimits, ...limits }, random: () => 0, ...options }),
  }
}
const ann = { tenantId: 'acme', userId: 'ann' }
const bob = { tenantId: 'acme', userId: 'bob' }
const refusal = (work: () => void): FanfareError | undefined => {
  try {
    work()
    return undefined
  } catch (error) {
    if (error instanceof FanfareError) return error
    throw error
  }
}
const passed = (times: number, work: () => void): number =>
  Array.from({ length: times }, () => refusal(work)).filter((error) => error === undefined).length

test('a link sends a burst of frames, then so many a second, and is told when to go on', async () => {
  const { clock, quotas } = world()
  const link = quotas.link()
  expect(passed(10_000, () => link.frame())).toBe(100)
  expect(refusal(() => link.frame())).toMatchObject({ code: 'rate_limited', retryAfterMs: 20 })
  let more = 0
  for (let step = 0; step < 1_000; step++) {
    await clock.advance(10)
    more += passed(10, () => link.frame())
  }
  expect(more).toBe(500)
})

test('bytes are limited before they are understood, and one large message passes', () => {
  const { quotas } = world({ inboundBytesPerSecond: 1_000, messageBytes: 5_000 })
  const link = quotas.link()
  link.bytes(5_000)
  expect(refusal(() => link.bytes(1))).toMatchObject({ code: 'rate_limited', retryAfterMs: 1 })
  expect(() => quotas.link().bytes(5_000)).not.toThrow()
})

test('a user is limited over all links, and others are not', () => {
  const { quotas } = world()
  expect(passed(10_000, () => quotas.spend(ann))).toBe(200)
  expect(refusal(() => quotas.spend(ann))).toMatchObject({ code: 'rate_limited', retryAfterMs: 5 })
  expect(passed(10_000, () => quotas.spend(bob))).toBe(200)
  expect(passed(10_000, () => quotas.spend({ tenantId: 'other', userId: 'ann' }))).toBe(200)
})

test('a tenant is limited over all users and servers, others are not, and its users pay nothing for it', () => {
  const { quotas } = world({}, { tenantRate: { perSecond: 100, burst: 150 } })
  expect(passed(200, () => quotas.spend({ tenantId: 'acme' }))).toBe(150)
  expect(passed(300, () => quotas.spend(ann))).toBe(0)
  expect(refusal(() => quotas.spend(ann))).toMatchObject({ code: 'rate_limited', retryAfterMs: 10 })
  expect(passed(200, () => quotas.spend({ tenantId: 'other' }))).toBe(150)
})

test('a user and a tenant have so many sessions, and one more is told when to come back', () => {
  const { quotas } = world({ sessionsPerUser: 2, sessionsPerTenant: 3 })
  const enter = (ofUser: number, ofTenant: number) => refusal(() => quotas.enter({ ofUser, ofTenant }))
  expect(enter(1, 2)).toBeUndefined()
  expect(enter(2, 2)).toMatchObject({ code: 'too_many_sessions', retry: 'later', retryAfterMs: 5_000 })
  expect(enter(0, 3)).toMatchObject({ code: 'too_many_sessions', retry: 'later', retryAfterMs: 5_000 })
})

test('the node admits so many links a second and spreads out those that it refuses', async () => {
  let drawn = 0
  const { clock, quotas } = world({ connectsPerSecond: 500 }, { random: () => drawn++ / 1_000 })
  let address = 0
  const connect = () => quotas.connect(`10.0.${address >> 8}.${address++ & 255}`)
  expect(passed(1_000, connect)).toBe(500)
  const hints = Array.from({ length: 100 }, () => refusal(connect)?.retryAfterMs)
  expect(new Set(hints).size).toBe(100)
  expect(refusal(connect)?.code).toBe('overloaded')
  await clock.advance(1_000)
  expect(passed(1_000, connect)).toBe(500)
})

test('one address cannot take what the node admits', () => {
  const { quotas } = world()
  expect(passed(10_000, () => quotas.connect('203.0.113.5'))).toBe(400)
  expect(refusal(() => quotas.connect('203.0.113.5'))).toMatchObject({ code: 'rate_limited' })
  expect(refusal(() => quotas.connect('203.0.113.6'))).toBeUndefined()
})

test('an address pays nothing for a link that the node refused', async () => {
  const { clock, quotas } = world({ connectsPerSecond: 1 }, { addressRate: { perSecond: 1, burst: 5 } })
  const connect = () => quotas.connect('203.0.113.5')
  expect(passed(100, connect)).toBe(1)
  expect(refusal(connect)?.code).toBe('overloaded')
  await clock.advance(1_000)
  expect(passed(1, connect)).toBe(1)
})

test('an address asks for so many sessions that nobody has; what it took for one that is there it is given back', async () => {
  const { clock, quotas } = world({}, { seekRate: { perSecond: 2, burst: 3 } })
  const seek = () => quotas.seek('203.0.113.5')
  expect(passed(10, () => seek()())).toBe(10)
  expect(passed(10, seek)).toBe(3)
  expect(refusal(seek)).toMatchObject({ code: 'rate_limited', retryAfterMs: 500 })
  expect(refusal(() => quotas.seek('203.0.113.6'))).toBeUndefined()
  await clock.advance(1_000)
  expect(passed(10, seek)).toBe(2)
})

test('an address has so many bytes carried to other nodes, and an empty request weighs something', () => {
  const { quotas } = world({}, { carryRate: { perSecond: 10_240, burst: 10_240 } })
  expect(passed(20, () => quotas.carry('203.0.113.5', 0))).toBe(10)
  expect(passed(20, () => quotas.carry('203.0.113.6', 4_096))).toBe(2)
})

test('memory is bounded: rested keys are forgotten first, and never more kept than allowed', () => {
  const buckets = new KeyedBuckets({ perSecond: 1, burst: 1 }, 1_000)
  for (let index = 0; index < 100_000; index++) buckets.take(`user-${index}`, 0)
  expect(buckets.size).toBe(1_000)
  for (let index = 0; index < 1_000; index++) buckets.take(`later-${index}`, 10_000)
  expect(buckets.size).toBeLessThanOrEqual(1_000)
  expect(buckets.take('user-99999', 10_000)).toBe(0)
  for (let index = 0; index < 100; index++) buckets.take(`one-by-one-${index}`, 20_000 + index * 10_000)
  for (let index = 0; index < 300; index++) buckets.take(`few-${index}`, 2_000_000 + index * 10_000)
  expect(buckets.size).toBeLessThan(10)
})

test('a key that is in use is not forgotten for one that is not', () => {
  const buckets = new KeyedBuckets({ perSecond: 1, burst: 1 }, 10)
  buckets.take('busy', 0)
  for (let index = 0; index < 100; index++) {
    buckets.take(`passing-${index}`, 0)
    expect(buckets.take('busy', 0)).toBe(1_000)
  }
})
