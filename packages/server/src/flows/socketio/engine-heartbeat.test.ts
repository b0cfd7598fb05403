import { expect, test } from 'bun:test'
import { engineWorld, idOf, nodeA } from './engine.world.ts'

test('a polling session is asked at each interval and lives as long as it answers', async () => {
  const world = engineWorld()
  const client = world.polling()
  for (let round = 0; round < 5; round++) {
    const poll = client.polls()
    await world.clock.advance(299)
    expect(poll?.answer).toBeUndefined()
    await world.clock.advance(1)
    expect(poll?.answer).toBe('2')
    await client.posts('3')
  }
  expect(client.heard.ends).toEqual([])
})

test('a WebSocket session that does not answer in time ends, and its link is cut', async () => {
  const world = engineWorld()
  const { link, heard } = world.websocket()
  await world.clock.advance(300)
  expect(link.take()).toEqual(['2'])
  await world.clock.advance(199)
  expect(heard.ends).toEqual([])
  await world.clock.advance(1)
  expect([heard.ends, link.closedWith]).toEqual([['ping timeout'], 'terminated'])
})

test('a poller that vanished ends by the same timeout, with all that waited for it', async () => {
  const world = engineWorld()
  const client = world.polling()
  client.heard.link.write(['4'.padEnd(100_000, 'x')])
  await world.clock.advance(500)
  expect([client.heard.ends, client.heard.link.buffered(), world.sockets.size]).toEqual([['ping timeout'], 0, 0])
})

test('an open poll is answered when its session is timed out', async () => {
  const world = engineWorld()
  const client = world.polling()
  expect(client.polls()).toBeDefined()
  await world.clock.advance(300)
  const silent = client.polls()
  await world.clock.advance(200)
  expect([silent?.answer, client.heard.ends]).toEqual(['1', ['ping timeout']])
})

test('a session whose time is over is gone, though the timer was late', async () => {
  const world = engineWorld()
  const client = world.polling()
  await world.clock.advance(300)
  const now = world.clock.now()
  Object.assign(world.clock, { now: () => now + 200 })
  expect(world.sockets.find(idOf(nodeA, 1))).toBeUndefined()
  expect(client.heard.ends).toEqual(['ping timeout'])
})

test('a message while a pong is awaited lengthens the wait, once', async () => {
  const world = engineWorld()
  const { link, heard } = world.websocket()
  await world.clock.advance(450)
  link.hears('4a long one')
  await world.clock.advance(100)
  expect(heard.ends).toEqual([])
  link.hears('4another')
  await world.clock.advance(100)
  expect(heard.ends).toEqual(['ping timeout'])
})

test('pongs that nobody asked for put no ping off', async () => {
  const world = engineWorld()
  const { link } = world.websocket()
  await world.clock.advance(200)
  link.hears('3')
  await world.clock.advance(100)
  expect(link.take()).toEqual(['2'])
})

test('a thousand sessions have one timer', async () => {
  const world = engineWorld()
  let timers = 0
  const { after } = world.clock
  Object.assign(world.clock, {
    after: (ms: number, callback: () => void) => {
      timers++
      const timer = after(ms, callback)
      const cancel = () => {
        timers--
        timer.cancel()
      }
      return { cancel }
    },
  })
  const all = Array.from({ length: 1_000 }, () => world.websocket())
  expect(timers).toBe(1)
  await world.clock.advance(300)
  expect(all.every(({ link }) => link.take().join() === '2')).toBe(true)
  for (const { link } of all) link.hears('1')
  expect(world.sockets.size).toBe(0)
  await world.clock.advance(10_000)
  expect(all.every(({ heard, link }) => heard.ends.length === 1 && link.frames.length === 0)).toBe(true)
})

test('each is asked at its own time, whoever came after it', async () => {
  const world = engineWorld()
  const { link: first } = world.websocket()
  await world.clock.advance(100)
  const { link: second } = world.websocket()
  await world.clock.advance(200)
  expect([first.take(), second.take()]).toEqual([['2'], []])
  await world.clock.advance(100)
  expect(second.take()).toEqual(['2'])
})

test.each([
  ['a timer that is a little late costs the node nothing', 5, 195],
  ['a node that was busy takes its own delay from nobody', 100, 200],
])('%s', async (_, late, left) => {
  const world = engineWorld()
  const { after } = world.clock
  let delay = late
  Object.assign(world.clock, { after: (ms: number, callback: () => void) => after(ms + delay, callback) })
  const { link, heard } = world.websocket()
  delay = 0
  await world.clock.advance(300 + late)
  expect(link.take()).toEqual(['2'])
  await world.clock.advance(left - 1)
  expect(heard.ends).toEqual([])
  await world.clock.advance(1)
  expect(heard.ends).toEqual(['ping timeout'])
})
