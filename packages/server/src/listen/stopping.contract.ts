/** What a listener owes to everybody when it ends. */
import assert from 'node:assert/strict'
import type { Play } from './listener.world.ts'

export const describeStopping = (play: Play): void => {
  play('paused, it takes no new link and keeps those that it has', async (world) => {
    const { client, guest } = await world.link()
    world.listening.pause()
    const late = await world.socket('/socket')
    assert.equal(late.isOpen, false)
    client.says('still here')
    await guest.until(() => guest.received.length === 1)
    guest.link.write(['so am I'])
    assert.equal(await client.hearsText(), 'so am I')
  })

  const asked = Promise.withResolvers<void>()
  play(
    'closing waits for answers that are on their way, then ends every link',
    async (world) => {
      const { client, guest } = await world.link()
      const answering = fetch(world.url)
      await asked.promise
      world.listening.pause()
      const [answer] = await Promise.all([answering, world.listening.close()])
      assert.equal(await answer.text(), 'late, but whole')
      assert.equal(await guest.gone.promise, false)
      assert.notEqual((await client.closed).code, 1000)
      assert.equal(guest.goodbyes.length, 1)
    },
    {
      limits: { shutdownMs: 5_000 },
      handle: async () => {
        asked.resolve()
        await new Promise((resolve) => setTimeout(resolve, 100))
        return new Response('late, but whole')
      },
    },
  )

  play('a link that says goodbye in time is not cut', async (world) => {
    const { client, guest } = await world.link()
    world.listening.pause()
    guest.link.write(['come back soon'])
    guest.link.close('shutting_down', 'the node is stopping')
    await world.listening.close()
    assert.equal(await client.hearsText(), 'come back soon')
    assert.equal((await client.closed).code, 1012)
  })
}
