/** What a listener owes to those who ask for a link. */
import assert from 'node:assert/strict'
import type { Play } from './listener.world.ts'

const token = 'eyJhbGciOiJIUzI1NiJ9.e30.c2ln'

export const describeUpgrades = (play: Play): void => {
  play('a door is asked with the address, the headers and where they come from', async (world) => {
    await world.link({ headers: { Origin: 'https://app.example.org', Authorization: 'Bearer t', Cookie: 'a=1; b=2' } })
    const { request, address } = world.door.asked!
    assert.equal(new URL(request.url).pathname, '/socket')
    assert.equal(request.headers.get('origin'), 'https://app.example.org')
    assert.equal(request.headers.get('authorization'), 'Bearer t')
    assert.equal(request.headers.get('cookie'), 'a=1; b=2')
    assert.equal(request.headers.get('host'), new URL(world.url).host)
    assert.match(address, /^(?:::ffff:)?127\.0\.0\.1$/)
  })

  play('the query comes with the address', async (world) => {
    const client = await world.socket('/socket?room=a%3Ab&ticket=t')
    assert.ok(client.isOpen)
    assert.equal(new URL(world.door.asked!.request.url).searchParams.get('room'), 'a:b')
  })

  play('the subprotocol that the door names is answered, and never the token', async (world) => {
    const offered = { 'Sec-WebSocket-Protocol': `fanfare.v1, bearer.${token}` }
    const spoken = await world.socket('/spoken', { headers: offered })
    assert.deepEqual([spoken.status, spoken.headers.get('sec-websocket-protocol')], [101, 'fanfare.v1'])
    for (const only of [offered['Sec-WebSocket-Protocol'], `bearer.${token}`]) {
      const silent = await world.socket('/socket', { headers: { 'Sec-WebSocket-Protocol': only } })
      assert.deepEqual([silent.status, silent.headers.get('sec-websocket-protocol')], [101, null])
    }
  })

  play('compression is not agreed to', async (world) => {
    const client = await world.socket('/socket', {
      headers: { 'Sec-WebSocket-Extensions': 'permessage-deflate; client_max_window_bits' },
    })
    assert.deepEqual([client.status, client.headers.get('sec-websocket-extensions')], [101, null])
  })

  play('a refusal says why, as a problem, and when to come back', async (world) => {
    const client = await world.socket('/refused')
    await client.closed
    assert.equal(client.status, 503)
    assert.equal(client.headers.get('content-type'), 'application/problem+json')
    assert.equal(client.headers.get('retry-after'), '2')
    assert.match(client.body, /"code":"overloaded"/)
    assert.equal(world.door.guests.length, 0)
  })

  play('where no door is, nothing opens', async (world) => {
    const client = await world.socket('/nowhere')
    assert.equal(client.status, 404)
  })

  play('a handshake without a key opens nothing', async (world) => {
    const client = await world.socket('/socket', { headers: { 'Sec-WebSocket-Key': '' } })
    await client.closed
    assert.equal(client.status, 400)
    assert.match(client.body, /"code":"bad_frame"/)
    assert.equal(world.door.guests.length, 0)
  })
}
