import { expect, test } from 'bun:test'
import { engineWorld } from './engine.world.ts'

test('probe, noop, upgrade: what waited and what comes goes over the WebSocket, in order', async () => {
  const world = engineWorld()
  const client = world.polling()
  const poll = client.polls()
  const link = world.probe(client)
  link.hears('2probe')
  await poll?.done
  expect([poll?.answer, link.take()]).toEqual(['6', ['3probe']])
  client.heard.link.write(['4one', new Uint8Array([1])])
  link.hears('5')
  client.heard.link.write(['4two'])
  expect(link.take()).toEqual(['4one', new Uint8Array([1]), '4two'])
  expect([client.heard.drains, client.socket.transport]).toEqual([1, 'websocket'])
  link.hears('4up')
  expect([client.heard.messages, link.take()]).toEqual([['up'], ['4up']])
})

test('until the upgrade is complete, messages go to polls', async () => {
  const world = engineWorld()
  const client = world.polling()
  const link = world.probe(client)
  link.hears('2probe')
  client.heard.link.write(['4still polling'])
  expect(await client.next()).toBe('4still polling')
  expect(link.take()).toEqual(['3probe'])
})

test('a poll that begins after the probe is released too, but not in a hot circle', async () => {
  const world = engineWorld()
  const client = world.polling()
  world.probe(client).hears('2probe')
  const poll = client.polls()
  await world.clock.advance(99)
  expect(poll?.answer).toBeUndefined()
  await world.clock.advance(1)
  expect(poll?.answer).toBe('6')
})

test('a poll that is still open at the upgrade is let go, and loses nothing', async () => {
  const world = engineWorld()
  const client = world.polling()
  const link = world.probe(client)
  link.hears('2probe')
  const poll = client.polls()
  client.heard.link.write(['4held'])
  link.hears('5')
  await poll?.done
  expect([poll?.answer, link.take()]).toEqual(['6', ['3probe', '4held']])
})

test('a post that is under way at the upgrade is still heard', async () => {
  const { promise, resolve } = Promise.withResolvers<string>()
  const world = engineWorld()
  const client = world.polling()
  const posting = client.socket.post(() => promise)
  const link = world.probe(client)
  link.hears('2probe')
  link.hears('5')
  resolve('4late')
  expect(await posting).toBe(true)
  expect(client.heard.messages).toEqual(['late'])
})

test('after the upgrade polls and posts are refused, and the WebSocket goes on', async () => {
  const world = engineWorld()
  const client = world.polling()
  const link = world.probe(client)
  link.hears('2probe')
  link.hears('5')
  expect([client.polls(), await client.posts('4no')]).toEqual([undefined, false])
  client.socket.pollLost()
  link.take()
  link.hears('4yes')
  expect(link.take()).toEqual(['4yes'])
})

test('a second WebSocket is closed, during a probe and after an upgrade', () => {
  const world = engineWorld()
  const client = world.polling()
  const link = world.probe(client)
  expect(world.probe(client).closedWith).toBe('normal')
  link.hears('2probe')
  link.hears('5')
  const third = world.probe(client)
  expect([third.closedWith, link.closedWith]).toEqual(['normal', undefined])
  third.hears('4unheard')
  third.reader?.closed(true)
  expect([client.heard.messages, client.heard.ends]).toEqual([[], []])
})

test.each(['4hello', '2', '2other', '3probe', 'abc', '', '1'])(
  'a probe that says %p is closed, and polling goes on',
  (word) => {
    const world = engineWorld()
    const client = world.polling()
    const link = world.probe(client)
    link.hears(word)
    expect([link.closedWith, client.heard.ends, client.socket.transport]).toEqual(['normal', [], 'polling'])
    expect(world.probe(client).closedWith).toBeUndefined()
  },
)

test('a probe that says bytes is closed, and so is one that goes on after its pong with anything but the upgrade', () => {
  const world = engineWorld()
  const client = world.polling()
  const first = world.probe(client)
  first.hears(new Uint8Array([2]))
  const second = world.probe(client)
  second.hears('2probe')
  second.hears('4early')
  expect([first.closedWith, second.closedWith, client.heard.messages]).toEqual(['normal', 'normal', []])
})

test('an upgrade that is not completed in time is given up, and polling goes on', async () => {
  const world = engineWorld({ settings: { pingIntervalMs: 60_000, upgradeTimeoutMs: 1_000 } })
  const client = world.polling()
  const link = world.probe(client)
  link.hears('2probe')
  await world.clock.advance(999)
  expect(link.closedWith).toBeUndefined()
  await world.clock.advance(1)
  expect(link.closedWith).toBe('normal')
  link.hears('5')
  const poll = client.polls()
  await world.clock.advance(1_000)
  expect([client.socket.transport, poll?.answer, client.heard.ends]).toEqual(['polling', undefined, []])
})

test('a probe whose WebSocket goes away leaves the session as it was', async () => {
  const world = engineWorld()
  const client = world.polling()
  const link = world.probe(client)
  link.hears('2probe')
  link.reader?.closed(false)
  client.heard.link.write(['4here'])
  expect(await client.next()).toBe('4here')
})

test('when the session ends, its probe ends with it', async () => {
  const world = engineWorld()
  const client = world.polling()
  const link = world.probe(client)
  link.hears('2probe')
  await client.posts('1')
  expect(link.closedWith).toBe('normal')
  link.hears('5')
  expect(client.heard.ends).toEqual(['transport close'])
})

test('a session that is closing says so over the WebSocket that takes over', () => {
  const world = engineWorld()
  const client = world.polling()
  const link = world.probe(client)
  link.hears('2probe')
  client.heard.link.write(['4last'])
  client.heard.link.close('forced close')
  link.hears('5')
  expect([link.take(), link.closedWith, client.heard.ends]).toEqual([['3probe', '4last'], 'normal', ['forced close']])
})

test('a ping that waited for a poll is sent over the WebSocket, and answered there', async () => {
  const world = engineWorld()
  const client = world.polling()
  const link = world.probe(client)
  link.hears('2probe')
  link.take()
  await world.clock.advance(300)
  link.hears('5')
  expect(link.take()).toEqual(['2'])
  link.hears('3')
  await world.clock.advance(299)
  expect(client.heard.ends).toEqual([])
})

test('a link that closes inside a write is told after it', async () => {
  const world = engineWorld()
  const { link, heard } = world.websocket()
  link.write = () => link.reader?.closed(false)
  heard.link.write(['4too much'])
  expect(heard.ends).toEqual([])
  await Promise.resolve()
  expect(heard.ends).toEqual(['transport close'])
})

test('a WebSocket message beyond maxPayload ends the session before it is read', () => {
  const world = engineWorld({ settings: { maxPayload: 10 } })
  for (const message of ['4'.padEnd(11, 'x'), '4€€€€', new Uint8Array(11)]) {
    const { link, heard } = world.websocket()
    link.hears(message)
    expect([heard.messages, heard.ends]).toEqual([[], ['transport error']])
  }
})
