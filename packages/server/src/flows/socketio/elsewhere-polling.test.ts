import { expect, test } from 'bun:test'
import { idOf } from './engine.world.ts'
import { askOf } from './engine-ask.ts'
import { nodeB, twoNodes } from './two-nodes.world.ts'
import { beatMs } from './watch.ts'

test('polls and posts that land on another node are answered by the one that has the session', async () => {
  const world = await twoNodes()
  const client = world.polling()
  expect(await client.posts('4one\x1ebAQID')).toBe('taken')
  expect(client.heard.messages).toEqual(['one', new Uint8Array([1, 2, 3])])
  expect(await client.next()).toBe('4one\x1ebAQID')
  const poll = client.polls()
  await world.settles()
  expect(poll.answer).toBeUndefined()
  client.heard.link.write(['4two'])
  await poll.done
  expect(poll.answer).toBe('4two')
})

test('the node of an id is known by its name alone; an id that no node gives is nobody’s', async () => {
  const world = await twoNodes()
  const ask = (sid: string, changes: object = {}) => {
    const query = new URLSearchParams({ EIO: '4', transport: 'polling', sid, ...changes })
    return askOf(world.away.sockets, { method: 'GET', query, by: 'polling' })
  }
  expect(ask(world.polling().socket.id)).toMatchObject({ kind: 'elsewhere', session: { node: world.home.node } })
  for (const sid of [
    idOf(nodeB, 7),
    'x',
    'nodeAAAA',
    `${idOf(nodeB, 7)}0`,
    `node-AAA${'0'.repeat(22)}`,
    '💥'.repeat(15),
  ]) {
    expect(ask(sid)).toMatchObject({ kind: 'refuse', refusal: { code: 1 } })
  }
  expect(ask(idOf('nodeZZZZ', 1), { EIO: '3' })).toMatchObject({ kind: 'refuse', refusal: { code: 3 } })
})

test('a session that ended, or whose node is gone, is unknown', async () => {
  const world = await twoNodes()
  const client = world.polling()
  client.heard.link.terminate()
  expect([await client.next(), await client.posts('4x')]).toEqual(['unknown', 'unknown'])
  const other = world.polling()
  world.couriers.kill(world.home.node)
  expect([await other.next(), await other.posts('4x')]).toEqual(['unknown', 'unknown'])
})

test('when nobody can be told whether the node is there, the answer is the same, at once', async () => {
  const world = await twoNodes()
  const client = world.polling()
  world.couriers.away = true
  expect([await client.next(), await client.posts('4x')]).toEqual(['unknown', 'unknown'])
  expect(client.heard.messages).toEqual([])
})

test('a second poll ends the session, as on one node: the first hears goodbye', async () => {
  const world = await twoNodes()
  const client = world.polling()
  const first = client.polls()
  await world.settles()
  expect(await client.next()).toBe('refused')
  await first.done
  expect([first.answer, client.heard.ends]).toEqual(['1', ['transport error']])
  expect(await client.next()).toBe('unknown')
})

test('a client that leaves its poll has left the session', async () => {
  const world = await twoNodes()
  const client = world.polling()
  const poll = client.polls()
  await world.settles()
  poll.leave()
  await world.settles()
  expect(client.heard.ends).toEqual(['transport error'])
})

test('what a poll was answered with, and did not reach the node of the client, ends the session: it must be missed by nobody', async () => {
  const world = await twoNodes()
  const client = world.polling()
  void client.polls()
  await world.settles()
  world.couriers.kill(nodeB)
  client.heard.link.write(['4lost'])
  await world.settles()
  expect(client.heard.ends).toEqual(['transport error'])
})

test('a poll does not wait for a node that died: what asks of it notices at the next beat', async () => {
  const world = await twoNodes({ settings: { pingIntervalMs: 600_000 }, pollMs: 600_000 })
  const client = world.polling()
  const poll = client.polls()
  await world.settles()
  await world.clock.advance(20 * beatMs)
  expect(poll.answer).toBeUndefined()
  world.couriers.kill(world.home.node)
  await world.clock.advance(beatMs)
  await world.settles()
  expect(poll.answer).toBe('unknown')
})

test('an answer that was lost on the way is not awaited for ever, and ends the session', async () => {
  const world = await twoNodes({ settings: { pingIntervalMs: 60_000 } })
  const client = world.polling()
  const poll = client.polls()
  await world.settles()
  world.couriers.loses = ({ from }) => from === world.home.node
  client.heard.link.write(['4lost'])
  await world.settles()
  world.couriers.loses = () => false
  await world.clock.advance(499)
  expect(poll.answer).toBeUndefined()
  await world.clock.advance(1)
  await world.settles()
  expect([poll.answer, client.heard.ends]).toEqual(['unknown', ['transport error']])
})

test('a post is taken at most once: one whose answer does not come in 10 s ends the session and is not sent again', async () => {
  const world = await twoNodes({ settings: { pingIntervalMs: 60_000 } })
  const client = world.polling()
  await client.sought()
  world.couriers.loses = ({ from }) => from === world.home.node
  const posting = client.posts('4once')
  await world.settles()
  expect(client.heard.messages).toEqual(['once'])
  await world.clock.advance(10_000)
  await world.settles()
  expect(await posting).toBe('unknown')
  expect([client.heard.messages, client.heard.ends]).toEqual([['once'], ['transport error']])
})

test('the heartbeat goes by polls of another node; without a pong the poll ends with the session', async () => {
  const world = await twoNodes()
  const client = world.polling()
  const poll = client.polls()
  await world.clock.advance(300)
  await world.settles()
  expect(poll.answer).toBe('2')
  await client.posts('3')
  const next = client.polls()
  await world.clock.advance(300)
  await world.settles()
  expect(next.answer).toBe('2')
  const last = client.polls()
  await world.settles()
  await world.clock.advance(200)
  await world.settles()
  expect([last.answer, client.heard.ends]).toEqual(['1', ['ping timeout']])
})

test('a body that is not taken ends the session', async () => {
  const world = await twoNodes()
  const client = world.polling()
  await client.sought()
  world.away.others.refuse(client.session)
  await world.settles()
  expect(client.heard.ends).toEqual(['transport error'])
})

test('what is too large for one message goes in parts, both ways', async () => {
  const world = await twoNodes()
  const client = world.polling()
  const large = '"\u0001💐'.repeat(240_000)
  expect(await client.posts(`4${large}`)).toBe('taken')
  expect(client.heard.messages).toEqual([large])
  expect(await client.next()).toBe(`4${large}`)
  expect(world.couriers.carried.length).toBeGreaterThan(6)
  for (const { text } of world.couriers.carried) expect(text.length).toBeLessThan(7_000_000)
})

test('when a part is lost the whole is, and what comes after is read', async () => {
  const world = await twoNodes({ settings: { pingIntervalMs: 60_000 } })
  const client = world.polling()
  let sent = 0
  world.couriers.loses = ({ from }) => from === nodeB && ++sent === 2
  const posting = client.posts(`4${'x'.repeat(3_000_000)}`)
  await world.settles()
  expect(client.heard.messages).toEqual([])
  const other = world.polling()
  expect(await other.posts('4small')).toBe('taken')
  await world.clock.advance(10_000)
  expect(await posting).toBe('unknown')
})

test('a node that stops lets nobody wait', async () => {
  const world = await twoNodes()
  const poll = world.polling().polls()
  await world.settles()
  await world.stopAway()
  await poll.done
  expect(poll.answer).toBe('unknown')
})
