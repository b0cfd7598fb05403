import { expect, test } from 'bun:test'
import { startWorld } from '@fanfare/testkit'
import { clinic } from '../support/clinic.ts'

const offsets = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, index) => from + index)

test('who comes back with a position gets everything that happened meanwhile, once and in order', async () => {
  await using world = await startWorld({ app: clinic })
  const ann = await world.person('ann')
  const bob = await world.person('bob')
  const { epoch } = await bob.joins('ward:1')
  await ann.says('ward:1', 'counted', { n: 1 })
  await bob.hears('counted')
  await bob.drops()
  for (const n of [2, 3, 4]) await ann.says('ward:1', 'counted', { n })

  const again = await world.person('bob')
  expect(await again.joins('ward:1', { epoch, offset: 1 })).toMatchObject({ recovered: true, offset: 1 })
  await ann.says('ward:1', 'counted', { n: 5 })
  for (const n of [2, 3, 4, 5]) expect((await again.hears('counted')).data).toEqual({ n })
  expect(again.heard.map(({ offset }) => offset)).toEqual(offsets(2, 5))
})

test('a restart loses nothing of a durable room, and a client resumes in the same epoch', async () => {
  await using world = await startWorld({ app: clinic })
  const ann = await world.person('ann')
  const { epoch } = await ann.joins('ward:1')
  const first = await ann.says('ward:1', 'message.created', { text: 'before' })
  expect(first.durability).toBe('disk')
  await world.restarts()

  const again = await world.person('ann')
  expect(await again.joins('ward:1', { epoch, offset: 0 })).toMatchObject({ recovered: true })
  expect(await again.hears('message.created')).toMatchObject({ id: first.id, offset: 1, data: { text: 'before' } })
})

test('a restart empties a room in memory: who resumes is told so once, and goes on', async () => {
  await using world = await startWorld({ app: clinic })
  const ann = await world.person('ann')
  const { epoch } = await ann.joins('corridor:1')
  await ann.says('corridor:1', 'counted', { n: 1 })
  await world.restarts()

  const again = await world.person('ann')
  const subscription = await again.joins('corridor:1', { epoch, offset: 1 })
  expect(subscription).toMatchObject({ recovered: false, reason: 'epoch', offset: 0 })
  expect(subscription.epoch).not.toBe(epoch)
  const next = await again.says('corridor:1', 'counted', { n: 2 })
  expect(next.offset).toBe(1)
  expect(await again.hears('counted')).toMatchObject({ offset: 1, data: { n: 2 } })
})

test('R-18: what is older than the log keeps is a gap, never a part of it', async () => {
  await using world = await startWorld({ app: clinic })
  const ann = await world.person('ann')
  const { epoch } = await ann.joins('corridor:1')
  await ann.leaves('corridor:1')
  for (let n = 1; n <= 60; n++) await ann.says('corridor:1', 'counted', { n })

  expect(await ann.joins('corridor:1', { epoch, offset: 9 })).toMatchObject({
    recovered: false,
    reason: 'trimmed',
    offset: 60,
  })
  expect(ann.heard).toEqual([])
  expect(await ann.joins('corridor:1', { epoch, offset: 10 })).toMatchObject({ recovered: true, offset: 10 })
  await ann.says('corridor:1', 'counted', { n: 61 })
  for (const offset of offsets(11, 61)) expect((await ann.hears('counted')).offset).toBe(offset)
})

test('a position that the log never reached is refused as such', async () => {
  await using world = await startWorld({ app: clinic })
  const ann = await world.person('ann')
  const { epoch } = await ann.joins('ward:1')
  expect(await ann.joins('ward:1', { epoch, offset: 99 })).toMatchObject({
    recovered: false,
    reason: 'ahead',
    offset: 0,
  })
})

test('R-18: a replay longer than a page is read page by page, whole', async () => {
  await using world = await startWorld({ app: clinic, config: { limits: { replayEvents: 300 } } })
  const ann = await world.person('ann')
  const count = 5_000
  const { epoch } = await ann.joins('archive:1')
  await ann.leaves('archive:1')
  await publishMany(world, count)

  expect(await ann.joins('archive:1', { epoch, offset: 0 })).toMatchObject({ recovered: true })
  await ann.frames.take('the last event', (came) => came.type === 'event' && came.event.offset === count)
  expect(ann.heard.map(({ offset }) => offset)).toEqual(offsets(1, count))
})

const publishMany = async (world: Awaited<ReturnType<typeof startWorld>>, count: number): Promise<void> => {
  const { app, engine } = world.server.services
  const room = app.room('acme', 'archive:1')
  const publishes = Array.from({ length: count }, (_, index) =>
    engine.log.publish(room, {
      id: String(index),
      type: 'counted',
      tenantId: 'acme',
      room: 'archive:1',
      data: { n: index },
      timestamp: new Date(0).toISOString(),
    }),
  )
  await Promise.all(publishes)
}

test('a reload resumes all its rooms in one request; a refused one does not stop the others', async () => {
  await using world = await startWorld({ app: clinic })
  const ann = await world.person('ann')
  const one = await ann.joins('ward:1')
  const two = await ann.joins('ward:2')
  await ann.says('ward:1', 'counted', { n: 1 })
  await ann.says('ward:2', 'counted', { n: 2 })
  await ann.drops()

  const again = await world.person('ann')
  again.sends({
    type: 'subscribe',
    id: 'resume',
    rooms: [
      { room: 'ward:1', since: { epoch: one.epoch, offset: 0 } },
      { room: 'patient:7' },
      { room: 'ward:2', since: { epoch: two.epoch, offset: 0 } },
    ],
  })
  expect(await again.sees('error')).toMatchObject({ id: 'resume', room: 'patient:7', code: 'forbidden' })
  await again.sees('reply')
  expect([(await again.hears('counted')).room, (await again.hears('counted')).room].sort()).toEqual([
    'ward:1',
    'ward:2',
  ])
})

test('a room without a log delivers live and says that nothing can be resumed', async () => {
  await using world = await startWorld({ app: clinic })
  const ann = await world.person('ann')
  const { epoch } = await ann.joins('whisper:1')
  await ann.says('whisper:1', 'counted', { n: 1 })
  expect(await ann.hears('counted')).toMatchObject({ offset: 1 })
  expect(await ann.joins('whisper:1', { epoch, offset: 0 })).toMatchObject({
    recovered: false,
    reason: 'trimmed',
    offset: 1,
  })
})

test('the same key gives the first result again, also after a restart', async () => {
  await using world = await startWorld({ app: clinic })
  const ann = await world.person('ann')
  const first = await ann.says('ward:1', 'counted', { n: 1 }, 'key-1')
  expect(first.duplicate).toBe(false)
  expect(await ann.says('ward:1', 'counted', { n: 1 }, 'key-1')).toMatchObject({
    id: first.id,
    offset: 1,
    duplicate: true,
  })
  await world.restarts()
  const again = await world.person('ann')
  expect(await again.says('ward:1', 'counted', { n: 1 }, 'key-1')).toMatchObject({
    id: first.id,
    offset: 1,
    duplicate: true,
  })
  const bob = await world.person('bob')
  expect(await bob.says('ward:1', 'counted', { n: 2 }, 'key-1')).toMatchObject({ offset: 2, duplicate: false })
})

test('reactions follow a publish, and a crash between the two is made good', async () => {
  await using world = await startWorld({ app: clinic })
  const ann = await world.person('ann')
  await ann.joins('echo:1')
  await ann.says('ward:1', 'counted', { n: 7 })
  expect(await ann.hears('echoed')).toMatchObject({ data: { n: 7 } })
})

test('history is read both ways with a cursor', async () => {
  await using world = await startWorld({ app: clinic })
  const ann = await world.person('ann')
  for (let n = 1; n <= 7; n++) await ann.says('ward:1', 'counted', { n })
  const newest = await ann.reads('ward:1', { limit: 3 })
  expect(newest.events.map(({ offset }) => offset)).toEqual([5, 6, 7])
  const page = (cursor: object) => ann.asks({ type: 'history', room: 'ward:1', limit: 3, ...cursor })
  expect(await page({ before: newest.next })).toMatchObject({ events: [{ offset: 2 }, { offset: 3 }, { offset: 4 }] })
  expect(await page({ after: 'earliest' })).toMatchObject({ events: [{ offset: 1 }, { offset: 2 }, { offset: 3 }] })
  const last = await page({ after: { epoch: newest.epoch, offset: 6 } })
  expect(last).toMatchObject({ events: [{ offset: 7 }] })
  expect(last).not.toHaveProperty('next')
})
