/** What breaks a shared Redis, for a few seconds each; the long ones are in `test/faults`. */
import { expect, test } from 'bun:test'
import { slotOf } from '../../packages/server/src/redis/slots.ts'
import { clusterPartitions } from '../../packages/server/src/redis/tags.ts'
import { failsOver, pubsubKills, restarts, slotsMove } from '../support/redis-cases.ts'

const rooms = 4
const followers = 4
const load = { seconds: 3, perSecond: 300, rig: { rooms } }
const soonMs = 5_000

test('R-02: whoever hears is cut off again and again: nothing is lost, doubled or told to be', async () => {
  const { killed, latestMs, ...outcome } = await pubsubKills('standalone', load)
  expect(outcome).toMatchObject({ faults: [], lost: [], gaps: 0 })
  expect(outcome.deliveries).toBe(outcome.acknowledged * followers)
  expect(killed).toBeGreaterThanOrEqual(4)
  expect(latestMs).toBeLessThan(3_000)
}, 30_000)

test('R-03: Redis comes back with nothing: every client is told once for each room, and goes on', async () => {
  const outcome = await restarts('empty', load)
  expect(outcome).toMatchObject({ faults: [], gaps: rooms * followers })
  expect(outcome.lost.length).toBeGreaterThan(0)
  expect(outcome.backMs).toBeLessThan(soonMs)
}, 30_000)

test('R-05: a replica takes the place of a master that died: what is lost is told, all else is there', async () => {
  const outcome = await failsOver('sentinel', load)
  expect(outcome.faults).toEqual([])
  expect(outcome.acknowledged).toBeGreaterThan(load.perSecond)
  expect(outcome.backMs).toBeLessThan(soonMs)
}, 30_000)

test('R-06: the slots of live rooms move to another master and back: nothing is lost, doubled or told to be', async () => {
  const slots = clusterPartitions.filter(({ index }) => index % 32 === 0).map(({ tag }) => slotOf(tag))
  const { latestMs, moved, ...outcome } = await slotsMove({ ...load, slots, rig: { rooms: 24 } })
  expect(outcome).toMatchObject({ faults: [], lost: [], gaps: 0 })
  expect(outcome.deliveries).toBe(outcome.acknowledged * followers)
  expect(moved).toBe(slots.length * 2)
  expect(latestMs).toBeLessThan(soonMs)
}, 30_000)
