import { expect, test } from 'bun:test'
import { nodeB, twoNodes } from './two-nodes.world.ts'
import { beatMs } from './watch.ts'

const quiet = { settings: { pingIntervalMs: 600_000, upgradeTimeoutMs: 600_000 } }

test('an upgrade over another node loses nothing: what waited and what comes goes out in order', async () => {
  const world = await twoNodes()
  const client = world.polling()
  const poll = client.polls()
  await world.settles()
  const link = await world.probes(client.socket.id)
  link.hears('2probe')
  await poll.done
  await world.settles()
  expect([poll.answer, link.take()]).toEqual(['6', ['3probe']])
  client.heard.link.write(['4one', new Uint8Array([1, 2])])
  link.hears('5')
  await world.settles()
  client.heard.link.write(['4two'])
  await world.settles()
  expect(link.take()).toEqual(['4one', new Uint8Array([1, 2]), '4two'])
  link.hears('4up')
  link.hears(new Uint8Array([9]))
  await world.settles()
  expect(client.heard.messages).toEqual(['up', new Uint8Array([9])])
  expect(link.take()).toEqual(['4up', new Uint8Array([9])])
})

test('what is no JSON by nature arrives as it is: separators, line breaks, half characters', async () => {
  const world = await twoNodes()
  const { link, heard } = await world.upgraded()
  const odd = '\x1e\n\u2028"\\\ud83d'
  link.hears(`4${odd}`)
  await world.settles()
  expect(heard.messages).toEqual([odd])
  expect(link.take()).toEqual([`4${odd}`])
})

test('the heartbeat goes over the other node, and its silence ends the session there and the WebSocket here', async () => {
  const world = await twoNodes()
  const { link, heard } = await world.upgraded()
  await world.clock.advance(300)
  await world.settles()
  expect(link.take()).toEqual(['2'])
  link.hears('3')
  await world.settles()
  await world.clock.advance(300)
  await world.settles()
  expect(link.take()).toEqual(['2'])
  await world.clock.advance(200)
  await world.settles()
  expect([heard.ends, link.closedWith]).toEqual([['ping timeout'], 'terminated'])
})

test('a WebSocket for a session that is not there is closed', async () => {
  const world = await twoNodes()
  const client = world.polling()
  client.heard.link.terminate()
  expect((await world.probes(client.socket.id)).closedWith).toBe('bad_frame')
  world.couriers.kill(world.home.node)
  expect((await world.probes(world.polling().socket.id)).closedWith).toBe('bad_frame')
})

test('a second WebSocket for a session is closed, and the first goes on', async () => {
  const world = await twoNodes()
  const { link, heard, sid } = await world.upgraded()
  expect((await world.probes(sid)).closedWith).toBe('normal')
  link.hears('4still')
  await world.settles()
  expect([heard.messages, link.closedWith]).toEqual([['still'], undefined])
})

test('a probe that breaks off leaves the session polling', async () => {
  const world = await twoNodes()
  const client = world.polling()
  const link = await world.probes(client.socket.id)
  link.hears('2probe')
  link.reader?.closed(false)
  await world.settles()
  client.heard.link.write(['4on'])
  expect(await client.next()).toBe('4on')
})

test('the end of either is the end of the other, in its own words', async () => {
  const world = await twoNodes()
  const one = await world.upgraded()
  one.link.reader?.closed(true)
  await world.settles()
  expect(one.heard.ends).toEqual(['transport close'])
  const two = await world.upgraded()
  two.heard.link.write(['4last'])
  two.heard.link.close('server shutting down')
  await world.settles()
  expect([two.link.take(), two.link.closedWith]).toEqual([['4last'], 'shutting_down'])
})

test('what the client has not taken counts as buffered at the session, until it has', async () => {
  const world = await twoNodes(quiet)
  const { link, heard } = await world.upgraded()
  heard.link.write(['4hello'])
  expect(heard.link.buffered()).toBe(6)
  link.waiting = 4
  await world.settles()
  expect([heard.link.buffered(), heard.drains]).toEqual([4, 1])
  link.waiting = 0
  link.reader?.drained()
  await world.settles()
  expect([heard.link.buffered(), heard.drains]).toEqual([0, 2])
})

test('a client that takes nothing costs a bounded amount, and is cut off', async () => {
  const world = await twoNodes(quiet)
  const { link, heard } = await world.upgraded()
  link.waiting = 100_000_000
  heard.link.write(['4x'])
  await world.settles()
  expect([link.closedWith, heard.ends]).toEqual(['terminated', ['transport close']])
})

test('a client that sends more than can be carried is cut off', async () => {
  const world = await twoNodes(quiet)
  const { link, heard } = await world.upgraded()
  for (let sent = 0; sent < 10; sent++) link.hears(`4${'x'.repeat(900_000)}`)
  await world.settles()
  expect(link.closedWith).toBe('terminated')
  expect(heard.ends).toEqual(['transport close'])
})

test('a hole ends the link as soon as it shows: what was sent after it does not go out', async () => {
  const world = await twoNodes(quiet)
  const down = await world.upgraded()
  world.couriers.loses = ({ from }) => from === world.home.node
  down.heard.link.write(['4lost'])
  await world.settles()
  world.couriers.loses = () => false
  down.heard.link.write(['4after'])
  await world.settles()
  expect([down.link.take(), down.link.closedWith, down.heard.ends]).toEqual([[], 'terminated', ['transport close']])
  const up = await world.upgraded()
  world.couriers.loses = ({ from }) => from === nodeB
  up.link.hears('4lost')
  await world.settles()
  world.couriers.loses = () => false
  up.link.hears('4after')
  await world.settles()
  expect([up.heard.messages, up.link.closedWith, up.heard.ends]).toEqual([[], 'terminated', ['transport close']])
})

test('a hole with nothing after it shows at the next beat', async () => {
  for (const loser of ['nodeAAAA', nodeB]) {
    const world = await twoNodes(quiet)
    const { link, heard } = await world.upgraded()
    world.couriers.loses = ({ from }) => from === loser
    if (loser === nodeB) link.hears('4lost')
    else heard.link.write(['4lost'])
    await world.settles()
    world.couriers.loses = () => false
    await world.clock.advance(beatMs)
    await world.settles()
    expect([link.closedWith, heard.ends]).toEqual(['terminated', ['transport close']])
  }
})

test('the death of a node is noticed by the other, on either side, though nobody says anything', async () => {
  for (const dead of ['nodeAAAA', nodeB]) {
    const world = await twoNodes(quiet)
    const { link, heard } = await world.upgraded()
    world.couriers.kill(dead)
    await world.clock.advance(beatMs)
    await world.settles()
    if (dead === nodeB) expect(heard.ends).toEqual(['transport close'])
    else expect(link.closedWith).toBe('terminated')
  }
})

test('a node that is there and says nothing is gone after four beats; one that says something never is', async () => {
  const world = await twoNodes(quiet)
  const { link } = await world.upgraded()
  await world.clock.advance(20 * beatMs)
  expect(link.closedWith).toBeUndefined()
  world.couriers.loses = ({ from }) => from === world.home.node
  await world.clock.advance(2 * beatMs)
  expect(link.closedWith).toBeUndefined()
  await world.clock.advance(2 * beatMs)
  expect(link.closedWith).toBe('terminated')
})

test('links that nobody uses meanwhile outlive a courier that is away', async () => {
  const world = await twoNodes(quiet)
  const { link, heard } = await world.upgraded()
  world.couriers.away = true
  await world.clock.advance(60_000)
  world.couriers.away = false
  await world.clock.advance(60_000)
  link.hears('4here')
  await world.settles()
  expect([heard.messages, link.closedWith]).toEqual([['here'], undefined])
})

test('what goes to many links of one node in a tick is told together', async () => {
  const world = await twoNodes(quiet)
  const clients = await Promise.all(Array.from({ length: 50 }, () => world.upgraded()))
  const before = world.couriers.carried.length
  for (const { heard } of clients) heard.link.write(['4to all'])
  await world.settles()
  for (const { link } of clients) expect(link.take()).toEqual(['4to all'])
  // And one that says what was taken.
  expect(world.couriers.carried.length - before).toBe(2)
})

test('a node that stops ends what it carries for others, and its own sessions elsewhere', async () => {
  const world = await twoNodes(quiet)
  const { link } = await world.upgraded()
  world.home.sockets.stop()
  await world.stopHome()
  await world.settles()
  expect(link.closedWith).toBe('shutting_down')
  const other = await twoNodes(quiet)
  const { link: mine, heard } = await other.upgraded()
  await other.stopAway()
  // Told before it went, not found out.
  expect([mine.closedWith, heard.ends]).toEqual(['terminated', ['transport close']])
})
