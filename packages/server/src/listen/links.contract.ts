/** What a listener owes to the links that it makes. */
import assert from 'node:assert/strict'
import type { Play } from './listener.world.ts'
import { closeFrame, frame } from './raw-socket.world.ts'

const text = (message: string | Uint8Array | undefined): string | undefined =>
  typeof message === 'string' ? message : undefined

export const describeLinks = (play: Play): void => {
  play('text goes both ways in order under load, one frame or many a write', async (world) => {
    const { client, guest } = await world.link()
    const count = 3_000
    guest.onMessage = (message) => guest.link.write([`1:${text(message)}`, `2:${text(message)}`])
    for (let n = 0; n < count; n++) client.says(`${n}`)
    for (let n = 0; n < count; n++) {
      assert.equal(await client.hearsText(), `1:${n}`)
      assert.equal(await client.hearsText(), `2:${n}`)
    }
    assert.deepEqual(guest.received.slice(0, 3), ['0', '1', '2'])
    assert.equal(guest.received.length, count)
  })

  play(
    'who reads lines gets what is written together as one message, in order, and no more than fits one',
    async (world) => {
      const headers = { 'Sec-WebSocket-Protocol': 'fanfare.v1.lines, fanfare.v1, bearer.secret' }
      const { client, guest } = await world.link({ headers }, '/lines')
      assert.equal(client.headers.get('sec-websocket-protocol'), 'fanfare.v1.lines')
      guest.link.write(['{"n":1}', '{"n":"grüße 🦄"}', '{"n":3}'])
      guest.link.write(['{"n":4}'])
      const long = 'x'.repeat(40_000)
      guest.link.write([long, long, 'last'])
      const messages: string[] = []
      for (let count = 0; count < 4; count++) messages.push(await client.hearsText())
      assert.deepEqual(messages, ['{"n":1}\n{"n":"grüße 🦄"}\n{"n":3}', '{"n":4}', long, `${long}\nlast`])
    },
  )

  play('text is text and bytes are bytes, both ways, also empty and beyond ASCII', async (world) => {
    const { client, guest } = await world.link()
    client.sends(frame(1, 'grüße 🦄'), frame(2, Buffer.from([0, 255, 7])), frame(1, ''), frame(2, ''))
    await guest.until(() => guest.received.length === 4)
    const [words, bytes, nothing, noBytes] = guest.received
    assert.equal(words, 'grüße 🦄')
    assert.ok(bytes instanceof Uint8Array)
    assert.deepEqual([...bytes], [0, 255, 7])
    assert.equal(nothing, '')
    assert.ok(noBytes instanceof Uint8Array && noBytes.length === 0)
    guest.link.write(['grüße 🦄', new Uint8Array([0, 255, 7]), ''])
    assert.deepEqual(await client.hears(), { opcode: 1, payload: Buffer.from('grüße 🦄') })
    assert.deepEqual(await client.hears(), { opcode: 2, payload: Buffer.from([0, 255, 7]) })
    assert.deepEqual(await client.hears(), { opcode: 1, payload: Buffer.alloc(0) })
  })

  play('what comes in the packet of the handshake is not lost', async (world) => {
    const { guest } = await world.link({ early: Buffer.concat([frame(1, 'first'), frame(1, 'second')]) })
    await guest.until(() => guest.received.length === 2)
    assert.deepEqual(guest.received, ['first', 'second'])
  })

  play('a message as long as the limit is taken, one byte more ends the link with 1009', async (world) => {
    const { client, guest } = await world.link()
    client.sends(frame(1, 'x'.repeat(64 * 1024)))
    await guest.until(() => guest.received.length === 1)
    assert.equal(text(guest.received[0])?.length, 64 * 1024)
    client.sends(frame(1, 'x'.repeat(64 * 1024 + 1)))
    assert.ok([1009, 1006].includes((await client.closed).code))
    assert.equal(await guest.gone.promise, false)
    assert.equal(guest.received.length, 1)
  })

  play('whoever was sent away is heard no more, though they do not stop', async (world) => {
    const { client, guest } = await world.link()
    guest.onMessage = () => guest.link.close('token_expired', 'over')
    client.sends(frame(1, 'last'), frame(1, 'more'))
    assert.equal((await client.closed).code, 4402)
    client.sends(frame(1, 'and more'))
    await guest.gone.promise
    assert.deepEqual(guest.received, ['last'])
  })

  play('a message in pieces is one message, with a ping between them', async (world) => {
    const { client, guest } = await world.link()
    client.sends(frame(1, 'one ', { fin: false }), frame(9, 'p'), frame(0, 'two ', { fin: false }), frame(0, 'three'))
    await guest.until(() => guest.received.length === 1)
    assert.deepEqual(guest.received, ['one two three'])
  })

  play('a slow reader is seen by what waits for it, and told of when there is room again', async (world) => {
    const { client, guest } = await world.link()
    client.socket.pause()
    const line = 'x'.repeat(16 * 1024)
    let written = 0
    // The kernel takes a few megabytes before anything waits here.
    while (guest.link.buffered() < 128 * 1024 && written < 2_000) {
      guest.link.write([`${written}:${line}`])
      written++
      if (written % 16 === 0) await new Promise((resolve) => setImmediate(resolve))
    }
    assert.ok(guest.link.buffered() >= 128 * 1024, `${written} lines were written and nothing waits`)
    const before = guest.drains
    client.socket.resume()
    for (let n = 0; n < written; n++) assert.equal((await client.hearsText()).split(':')[0], `${n}`)
    await guest.until(() => guest.drains > before)
    assert.equal(guest.link.buffered(), 0)
  })

  play('a goodbye with 1000 is clean, anything else is not, and it is told once', async (world) => {
    const ends: [string, Buffer | undefined, boolean][] = [
      ['1000', closeFrame(1000), true],
      ['1001', closeFrame(1001), false],
      ['no code', frame(8, ''), false],
      ['a broken connection', undefined, false],
    ]
    for (const [name, bytes, clean] of ends) {
      const { client, guest } = await world.link()
      if (bytes) client.sends(bytes)
      else client.socket.destroy()
      assert.equal(await guest.gone.promise, clean, name)
      client.socket.destroy()
      await new Promise((resolve) => setImmediate(resolve))
      assert.deepEqual(guest.goodbyes, [clean], name)
    }
  })

  play('closing says the code and as much of the reason as a frame holds, after what was written', async (world) => {
    const { client, guest } = await world.link()
    guest.link.write(['last words'])
    guest.link.close('slow_reader', 'ü'.repeat(200))
    assert.equal(await client.hearsText(), 'last words')
    const { code, reason } = await client.closed
    assert.equal(code, 4008)
    assert.match(reason, /^ü{50,61}$/)
    await guest.gone.promise
    assert.equal(guest.link.buffered(), 0)
    guest.link.write(['nobody is there'])
    guest.link.close('normal', 'again')
    guest.link.terminate()
    assert.equal(guest.goodbyes.length, 1)
  })

  play('cutting a link ends it at once, without a goodbye', async (world) => {
    const { client, guest } = await world.link()
    guest.link.terminate()
    assert.equal((await client.closed).code, 1006)
    assert.equal(await guest.gone.promise, false)
    assert.equal(guest.goodbyes.length, 1)
  })
}
