/** Hazard B22: a few compressed kilobytes may stand for many megabytes. Compression is never agreed, so such a frame ends the link unread. */
import { expect, test } from 'bun:test'
import { once } from 'node:events'
import { connect } from 'node:net'
import { fileURLToPath } from 'node:url'
import { deflateRawSync } from 'node:zlib'
import { startServerProcess } from '@fanfare/testkit'

const app = fileURLToPath(new URL('../support/clinic.ts', import.meta.url))
const megabyte = 1024 * 1024

test('a bomb of 60 MB in 60 KB ends its link, costs no memory, and harms nobody', async () => {
  await using server = await startServerProcess({ app })
  const bob = await server.person('bob')
  const bomb = deflateRawSync(Buffer.alloc(60 * megabyte, 'x'))
  expect(bomb.length).toBeLessThan(64 * 1024)
  const before = await server.resident()
  for (let count = 0; count < 5; count++) {
    const socket = connect(server.port, '127.0.0.1')
    await once(socket, 'connect')
    socket.write(
      [
        'GET /v1/websocket HTTP/1.1',
        `Host: 127.0.0.1:${server.port}`,
        'Upgrade: websocket',
        'Connection: Upgrade',
        'Sec-WebSocket-Version: 13',
        'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
        'Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits',
        `Authorization: Bearer ${server.token('mallory')}`,
        '\r\n',
      ].join('\r\n'),
    )
    const [answer] = (await once(socket, 'data')) as [Buffer]
    expect(answer.toString()).toMatch(/^HTTP\/1.1 101/)
    expect(answer.toString().toLowerCase()).not.toContain('permessage-deflate')
    const closed = once(socket, 'close')
    socket.resume()
    socket.write(compressedFrame(bomb))
    await closed
  }
  expect((await server.resident()) - before).toBeLessThan(20 * megabyte)
  bob.sends({ type: 'ping' })
  await bob.sees('pong')
  await bob.goes()
})

/** A masked text frame that says that it is compressed (RSV1). */
const compressedFrame = (payload: Buffer): Buffer => {
  const head = Buffer.from([0xc1, 0x80 | 126, payload.length >> 8, payload.length & 255, 0, 0, 0, 0])
  return Buffer.concat([head, payload])
}
