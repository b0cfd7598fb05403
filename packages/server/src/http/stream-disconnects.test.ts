/** Hazards B10 and B11, and R-15: readers that go away or stop reading leave nothing behind. */
import { expect, test } from 'bun:test'
import { connect } from 'node:net'
import { startWorld } from '@fanfare/testkit'
import type { Services } from '../flows/services.ts'
import { askOf, clinic } from './clinic.fixture.ts'
import { BlockReader } from './event-blocks.fixture.ts'

const held = ({ hub }: Services) => ({
  sessions: hub.sessions.size,
  users: hub.stats('acme').users,
  rooms: hub.stats('acme').rooms,
})
const nobody = { sessions: 0, users: 0, rooms: 0 }

const settled = async (services: Services) => {
  for (let tries = 0; services.hub.sessions.size > 0 && tries < 200; tries++) {
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
  return held(services)
}

/** Generous, so that a thousand may come at once. */
const config = { limits: { connectsPerSecond: 100_000, sessionsPerUser: 100_000 } }

test('1,000 readers that go before, while and after they are answered leave no session and no subscription', async () => {
  await using world = await startWorld({ app: clinic, config })
  const { services } = world.server
  const ask = askOf(services)
  const token = await world.token('ann', { grants: ['read:ward'] })
  const goes = async (nth: number) => {
    const reader = new AbortController()
    const wait = nth % 4
    if (wait === 0) reader.abort()
    const asked = ask(`/v1/stream?room=ward:1&room=ward:2&room=ward:${nth % 10}`, {
      token,
      signal: reader.signal,
      address: `10.0.${nth >> 8}.${nth & 255}`,
    })
    if (wait === 1) queueMicrotask(() => reader.abort())
    const answer = await asked
    if (wait === 2) await answer.body?.cancel()
    if (wait === 3) reader.abort()
    return answer.status
  }
  const statuses: number[] = []
  for (let batch = 0; batch < 10; batch++) {
    statuses.push(...(await Promise.all(Array.from({ length: 100 }, (_, nth) => goes(batch * 100 + nth)))))
  }
  expect(statuses.filter((status) => status === 200).length).toBeGreaterThanOrEqual(500)
  expect(statuses.filter((status) => status === 499).length).toBeGreaterThanOrEqual(250)
  expect(held(services)).toEqual(nobody)
  // The quota counts as many goodbyes as welcomes: with a limit of 100,000 open, one more gets in.
  expect((await settled(services)).sessions).toBe(0)
})

test('over real sockets, too', async () => {
  await using world = await startWorld({ app: clinic, config })
  const { services } = world.server
  const token = await world.token('ann', { grants: ['read:ward'] })
  const goes = async (nth: number) => {
    const reader = new AbortController()
    const asked = fetch(`${world.url}/v1/stream?room=ward:1`, {
      headers: { authorization: `Bearer ${token}` },
      signal: reader.signal,
    })
    if (nth % 3 === 0) queueMicrotask(() => reader.abort())
    const answer = await asked.catch(() => undefined)
    if (nth % 3 === 1) await answer?.body?.cancel()
    reader.abort()
  }
  for (let batch = 0; batch < 5; batch++) await Promise.all(Array.from({ length: 40 }, (_, nth) => goes(nth)))
  expect(await settled(services)).toEqual(nobody)
})

test('a reader that stops reading is closed within its bound, resumes, and misses nothing; others do not notice', async () => {
  await using world = await startWorld({ app: clinic, config: { limits: { outboxBytes: 256 * 1024 } } })
  const { services } = world.server
  const ask = askOf(services)
  const token = await world.token('ann', { grants: ['read:ward'] })
  const slow = new BlockReader(await ask('/v1/stream?room=ward:s', { token }))
  await slow.take('subscription')
  const quick = new BlockReader(await ask('/v1/stream?room=ward:s', { token }))
  await quick.take('subscription')
  const text = 'x'.repeat(20_000)
  let most = 0
  for (let nth = 0; nth < 60; nth++) {
    await ask('/v1/rooms/ward%3As/events', { token, json: { event: 'note.added', data: { text } } })
    await quick.take('note.added')
    for (const { outbox } of services.hub.sessions.values()) most = Math.max(most, outbox.bytes + outbox.linkBytes())
  }
  expect(most).toBeLessThanOrEqual(256 * 1024 + 64 * 1024)
  expect(services.hub.sessions.size).toBe(1)
  const offsets: number[] = []
  for (let block = await slow.next(); block; block = await slow.next()) offsets.push(Number(block.data.offset))
  const resumed = new BlockReader(
    await ask('/v1/stream?room=ward:s', { token, headers: { 'last-event-id': slow.lastId } }),
  )
  for (const { data } of await resumed.take('note.added', 60 - offsets.length)) offsets.push(Number(data.offset))
  expect(offsets).toEqual(Array.from({ length: 60 }, (_, index) => index + 1))
  await Promise.all([quick.leave(), resumed.leave()])
})

test('a socket that nobody reads is closed before the node holds much for it', async () => {
  await using world = await startWorld({ app: clinic, config: { limits: { outboxBytes: 256 * 1024 } } })
  const { services } = world.server
  const ask = askOf(services)
  const token = await world.token('ann', { grants: ['read:ward'] })
  const { hostname, port } = new URL(world.url)
  const socket = connect(Number(port), hostname)
  socket.write(
    `GET /v1/stream?room=ward:s HTTP/1.1\r\nHost: ${hostname}:${port}\r\nAuthorization: Bearer ${token}\r\n\r\n`,
  )
  await new Promise((resolve) => socket.once('data', resolve))
  socket.pause()
  const text = 'x'.repeat(60_000)
  const before = process.memoryUsage.rss()
  let published = 0
  // What the kernel takes for a socket is not ours to bound: some 6 MB on a loopback.
  while (services.hub.sessions.size > 0 && published < 600) {
    await ask('/v1/rooms/ward%3As/events', { token, json: { event: 'note.added', data: { text } } })
    published++
  }
  expect(services.hub.sessions.size).toBe(0)
  expect(published).toBeLessThan(400)
  expect(process.memoryUsage.rss() - before).toBeLessThan(150 * 1024 * 1024)
  socket.destroy()
})
