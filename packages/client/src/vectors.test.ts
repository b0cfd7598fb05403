import { expect, test } from 'bun:test'
import { serverFrameVectors } from '@fanfare/protocol/vectors/index.ts'
import { FakeWorld } from '../test/fake-server.ts'

for (const vector of serverFrameVectors) {
  test(`a live client and the text: ${vector.name}`, async () => {
    await using world = new FakeWorld()
    world.client.room('a').onAny(() => {})
    const socket = await world.accept()
    socket.onmessage?.({ data: vector.text } as never)
    const isBroken = 'code' in vector
    expect(world.status).toBe(isBroken ? 'reconnecting' : 'connected')
    expect(world.reported).toBeEmpty()
  })
}
