import { expect, test } from 'bun:test'
import { engineWorld } from './engine.world.ts'

test('what is written after a message that is read by itself follows a moment later, in order', async () => {
  const world = engineWorld()
  const { link, heard } = world.websocket()
  heard.link.writeAlone('40')
  heard.link.write(['42["a"]'])
  heard.link.writeAlone('40/custom,')
  expect([link.take(), heard.link.buffered()]).toEqual([['40'], 17])
  await world.clock.advance(2)
  expect([link.take(), heard.link.buffered(), heard.drains]).toEqual([['42["a"]', '40/custom,'], 0, 1])
  heard.link.write(['42["b"]'])
  expect(link.take()).toEqual(['42["b"]'])
})

test('a session that is closed meanwhile says the rest first', () => {
  const { link, heard } = engineWorld().websocket()
  heard.link.writeAlone('40')
  heard.link.write(['41'])
  heard.link.close('forced close')
  expect([link.take(), link.closedWith]).toEqual([['40', '41'], 'normal'])
})

test('one that is cut off meanwhile says nothing more', async () => {
  const world = engineWorld()
  const { link, heard } = world.websocket()
  heard.link.writeAlone('40')
  heard.link.write(['41'])
  heard.link.terminate()
  await world.clock.advance(2)
  expect([link.take(), heard.ends]).toEqual([['40'], ['forced close']])
})

test('over polling nothing waits', async () => {
  const { heard, ...client } = engineWorld().polling()
  heard.link.writeAlone('40')
  heard.link.write(['41'])
  expect(await client.socket.poll()).toBe('40\x1e41')
})
