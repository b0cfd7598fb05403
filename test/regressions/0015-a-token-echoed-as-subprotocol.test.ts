import { expect, test } from 'bun:test'
import { startWorld } from '@fanfare/testkit'
import { clinic } from '../support/clinic.ts'

const upgrade = async (url: string, protocols: string): Promise<string> => {
  const { promise, resolve } = Promise.withResolvers<string>()
  const { hostname, port } = new URL(url)
  const socket = await Bun.connect({
    hostname,
    port: Number(port),
    socket: { data: (_, bytes) => resolve(bytes.toString('latin1')) },
  })
  socket.write(
    `GET /v1/websocket HTTP/1.1\r\nHost: ${hostname}:${port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n` +
      `Sec-WebSocket-Key: MDEyMzQ1Njc4OWFiY2RlZg==\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: ${protocols}\r\n\r\n`,
  )
  const head = (await promise).split('\r\n\r\n')[0] ?? ''
  socket.end()
  return head
}

test('a token that is offered as a subprotocol is never sent back, with ours beside it or without', async () => {
  await using world = await startWorld({ app: clinic })
  const token = await world.token('ann')
  const beside = await upgrade(world.url, `fanfare.v1, bearer.${token}`)
  expect(beside).toContain(' 101 ')
  expect(beside.toLowerCase()).toContain('sec-websocket-protocol: fanfare.v1')
  expect(beside).not.toContain(token)
  const joined = await upgrade(world.url, `bearer.${token}, fanfare.v1, fanfare.v1.lines`)
  expect(joined.toLowerCase()).toContain('sec-websocket-protocol: fanfare.v1.lines\r\n')
  expect(joined).not.toContain(token)
  const alone = await upgrade(world.url, `bearer.${token}`)
  expect(alone).toContain(' 101 ')
  expect(alone).not.toContain(token)
})
