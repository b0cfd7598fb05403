/** What clients do that should not: the link ends, its reader is told once, and everybody else goes on. */
import assert from 'node:assert/strict'
import type { Play } from './listener.world.ts'
import { closeFrame, frame } from './raw-socket.world.ts'

const changed = (bytes: Buffer, change: (bytes: Buffer) => void): Buffer => {
  change(bytes)
  return bytes
}

/** A frame that says it has so many bytes, and has none. */
const promising = (length: bigint): Buffer => {
  const bytes = Buffer.alloc(14)
  bytes[0] = 0x82
  bytes[1] = 0x80 | 127
  bytes.writeBigUInt64BE(length, 2)
  return bytes
}

const malformed: readonly (readonly [string, Buffer])[] = [
  ['a frame without a mask', Buffer.from([0x81, 0x02, 0x68, 0x69])],
  ['a reserved bit', changed(frame(1, 'x'), (bytes) => bytes.writeUInt8(0xc1, 0))],
  ['compression that was not agreed on', changed(frame(1, 'x'), (bytes) => bytes.writeUInt8(0xd1, 0))],
  ['a reserved opcode', frame(3, 'x')],
  ['text that is not UTF-8', frame(1, Buffer.from([0xff, 0xfe]))],
  ['a piece of nothing', frame(0, 'x')],
  ['a message inside a message', Buffer.concat([frame(1, 'a', { fin: false }), frame(1, 'b')])],
  ['a ping in pieces', frame(9, 'x', { fin: false })],
  ['a ping that is too long', frame(9, 'x'.repeat(126))],
  ['half a close code', frame(8, 'x')],
  ['a close code that is none', closeFrame(1005)],
  ['4 GB that are promised', promising(4n * 1024n ** 3n)],
  ['more than there is', promising(2n ** 63n - 1n)],
]

export const describeAttacks = (play: Play): void => {
  for (const [name, bytes] of malformed) {
    play(`${name} ends the link alone`, async (world) => {
      const bystander = await world.link()
      const { client, guest } = await world.link()
      client.sends(bytes)
      assert.notEqual((await client.closed).code, 1000)
      assert.equal(await guest.gone.promise, false)
      assert.deepEqual([guest.received, guest.goodbyes], [[], [false]])
      bystander.client.says('still here')
      await bystander.guest.until(() => bystander.guest.received.length === 1)
    })
  }

  play('100,000 pieces of one byte end the link before they are a message', async (world) => {
    const { client, guest } = await world.link()
    const piece = frame(0, 'x', { fin: false })
    client.sends(frame(1, 'x', { fin: false }), ...Array<Buffer>(100_000).fill(piece))
    assert.ok([1008, 1009, 1006].includes((await client.closed).code))
    assert.equal(await guest.gone.promise, false)
    assert.deepEqual(guest.received, [])
  })

  play('a flood of pings is answered or ended, and holds nobody up', async (world) => {
    const bystander = await world.link()
    const { client } = await world.link()
    client.socket.pause()
    client.sends(...Array<Buffer>(20_000).fill(frame(9, 'x'.repeat(125))))
    bystander.client.says('still here')
    await bystander.guest.until(() => bystander.guest.received.length === 1)
  })

  play('200 links that break off at every point of the handshake leave nothing behind', async (world) => {
    await Promise.all(
      Array.from({ length: 200 }, async (_, index) => {
        const client = await world.socket('/socket', { early: frame(1, 'x'.repeat(index)).subarray(0, index) })
        client.socket.destroy()
      }),
    )
    const { client, guest } = await world.link()
    client.says('hello')
    await guest.until(() => guest.received.length === 1)
    for (const other of world.door.guests.slice(0, -1)) await other.gone.promise
  })
}
