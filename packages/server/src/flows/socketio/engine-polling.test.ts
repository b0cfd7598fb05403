import { expect, test } from 'bun:test'
import { engineWorld } from './engine.world.ts'

test('messages that were posted are heard in order, and what is written waits for a poll', async () => {
  const client = engineWorld().polling()
  expect(await client.posts('4one\x1ebAQI=\x1e4two')).toBe(true)
  expect(client.heard.messages).toEqual(['one', Buffer.from([1, 2]), 'two'])
  expect(await client.next()).toBe('4one\x1ebAQI=\x1e4two')
})

test('what is written in one tick goes to the open poll as one payload, never split from its attachments', async () => {
  const client = engineWorld().polling()
  const poll = client.polls()
  client.heard.link.write(['451-["file",{"_placeholder":true,"num":0}]', new Uint8Array([7])])
  client.heard.link.write(['42["next"]'])
  expect(poll?.answer).toBeUndefined()
  await poll?.done
  expect(poll?.answer).toBe('451-["file",{"_placeholder":true,"num":0}]\x1ebBw==\x1e42["next"]')
})

test('what waits is told in bytes, and its reader hears when a poll took it', async () => {
  const client = engineWorld().polling()
  client.heard.link.write(['4hello', new Uint8Array(10)])
  expect([client.heard.link.buffered(), client.heard.drains]).toEqual([16, 0])
  await client.next()
  expect([client.heard.link.buffered(), client.heard.drains]).toEqual([0, 1])
})

test('a ping weighs nothing, so that nobody is taken for a slow reader by it', async () => {
  const world = engineWorld()
  const client = world.polling()
  await world.clock.advance(300)
  expect(client.heard.link.buffered()).toBe(0)
  expect(await client.next()).toBe('2')
  expect(client.heard.drains).toBe(0)
})

test('a second poll ends the session: the first hears the close, the second and all later ones are refused', async () => {
  const world = engineWorld()
  const client = world.polling()
  const first = client.polls()
  expect(client.polls()).toBeUndefined()
  await first?.done
  expect(first?.answer).toBe('1')
  expect(client.heard.ends).toEqual(['transport error'])
  expect(world.sockets.find('sid1')).toBeUndefined()
})

test('a second post ends the session, and what the first still brings is refused', async () => {
  const { promise, resolve } = Promise.withResolvers<string>()
  const client = engineWorld().polling()
  const first = client.socket.post(() => promise)
  expect(await client.posts('4second')).toBe(false)
  resolve('4first')
  expect(await first).toBe(false)
  expect([client.heard.messages, client.heard.ends]).toEqual([[], ['transport error']])
})

test('a poll that is given up ends the session', async () => {
  const client = engineWorld().polling()
  const poll = client.polls()
  client.socket.pollLost()
  await poll?.done
  expect(client.heard.ends).toEqual(['transport error'])
  expect(await client.posts('4late')).toBe(false)
})

test('a close packet releases the poll with a noop', async () => {
  const client = engineWorld().polling()
  const poll = client.polls()
  expect(await client.posts('1')).toBe(true)
  await poll?.done
  expect([poll?.answer, client.heard.ends]).toEqual(['6', ['transport close']])
})

test('what comes after a close packet is not heard', async () => {
  const client = engineWorld().polling()
  await client.posts('4before\x1e1\x1e4after')
  expect(client.heard.messages).toEqual(['before'])
})

test.each(['abc', '', '4ok\x1eabc', 'b!'])('the payload %p ends the session as a parse error', async (payload) => {
  const client = engineWorld().polling()
  const poll = client.polls()
  expect(await client.posts(payload)).toBe(false)
  await poll?.done
  expect([poll?.answer, client.heard.ends, client.heard.messages]).toEqual(['1', ['parse error'], []])
})

test('a ping from a client ends the session: since version 4 only servers ask', async () => {
  const client = engineWorld().polling()
  await client.posts('2')
  expect(client.heard.ends).toEqual(['transport error'])
})

test('a body that cannot be read ends the session, and why is told', async () => {
  const client = engineWorld().polling()
  await expect(client.socket.post(() => Promise.reject(new Error('it broke off')))).rejects.toThrow('it broke off')
  expect(client.heard.ends).toEqual(['transport error'])
})

test('a close from above goes out after what was written: with the open poll, or with the next one', async () => {
  const world = engineWorld()
  const waiting = world.polling()
  const poll = waiting.polls()
  waiting.heard.link.write(['4last'])
  waiting.heard.link.close('forced close')
  await poll?.done
  expect([poll?.answer, waiting.heard.ends]).toEqual(['4last\x1e1', ['forced close']])

  const away = world.polling()
  away.heard.link.write(['4last'])
  away.heard.link.close('parse error')
  away.heard.link.write(['4never'])
  expect(away.heard.ends).toEqual([])
  expect(await away.next()).toBe('4last\x1e1')
  expect(away.heard.ends).toEqual(['parse error'])
  expect(away.polls()).toBeUndefined()
})

test('a session that is closing hears nothing more, and does not wait for its last poll for ever', async () => {
  const world = engineWorld()
  const client = world.polling()
  client.heard.link.close('forced close')
  expect(await client.posts('4late')).toBe(true)
  expect(client.heard.messages).toEqual([])
  await world.clock.advance(200)
  expect(client.heard.ends).toEqual(['forced close'])
  expect(world.sockets.size).toBe(0)
})

test('terminate drops what waits, at once', () => {
  const client = engineWorld().polling()
  client.heard.link.write(['4lost'])
  client.heard.link.terminate()
  expect([client.heard.ends, client.heard.link.buffered()]).toEqual([['forced close'], 0])
  client.heard.link.terminate()
  expect(client.heard.ends.length).toBe(1)
})

test('an engine may write and close while it is being opened, and hears of the end after it', async () => {
  const world = engineWorld({
    onOpen: (link) => {
      link.write(['4no'])
      link.terminate()
    },
  })
  const { link, heard } = world.websocket()
  expect([heard.ends, link.closedWith]).toEqual([['forced close'], 'normal'])
})

test('when the node stops, every session ends and hears why; open polls are answered', async () => {
  const world = engineWorld()
  const client = world.polling()
  const poll = client.polls()
  const { heard, link } = world.websocket()
  world.sockets.stop()
  await poll?.done
  expect([poll?.answer, link.closedWith]).toEqual(['1', 'shutting_down'])
  expect([...client.heard.ends, ...heard.ends]).toEqual(['server shutting down', 'server shutting down'])
  expect(world.sockets.size).toBe(0)
})
