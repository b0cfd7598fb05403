/** The courier: one node tells another by name, in order, and learns when nobody of that name is there. */
import { expect } from 'bun:test'
import type { Case } from './engine.world.ts'
import { eventually } from './node.world.ts'

export const describeCourier = (play: Case): void => {
  play('a node hears itself by its own name, in order', async (world) => {
    const { courier, node } = world.engine
    const told = ['one', 'two', 'three', 'zażółć 💐'].map((text) => courier.tell(node, text))
    expect(await Promise.all(told)).toEqual([true, true, true, true])
    await eventually(() =>
      expect(world.letters).toEqual(['one', 'two', 'three', 'zażółć 💐'].map((message) => ({ from: node, message }))),
    )
  })

  play('nobody is there by a name that no node has', async (world) => {
    expect(await world.engine.courier.tell('nobody00', 'hello')).toBe(false)
    expect(world.letters).toEqual([])
  })

  play('what is told to another node reaches it alone, in order, and is answered the same way', async (world) => {
    const other = await world.joined()
    if (!other) return
    const texts = Array.from({ length: 100 }, (_, index) => `${index}`)
    const told = await Promise.all(texts.map((text) => world.engine.courier.tell(other.engine.node, text)))
    expect(told).not.toContain(false)
    await eventually(() => expect(other.letters.map(({ message }) => message)).toEqual(texts))
    expect(await other.engine.courier.tell(other.letters[0]!.from, 'thanks')).toBe(true)
    await eventually(() => expect(world.letters).toEqual([{ from: other.engine.node, message: 'thanks' }]))
  })

  play('a node that was killed is told nothing, and one that left neither', async (world) => {
    const [killed, left] = [await world.joined(), await world.joined()]
    if (!killed || !left) return
    await killed.kill()
    await left.stop()
    await world.host.clock.advance(20_000)
    for (const { engine } of [killed, left]) {
      await eventually(async () => expect(await world.engine.courier.tell(engine.node, 'hello')).toBe(false))
    }
  })

  play('a courier that has stopped refuses', async (world) => {
    await world.stop()
    const { courier, node } = world.engine
    await expect(courier.tell(node, 'hello')).rejects.toMatchObject({ code: 'unavailable' })
    expect(world.letters).toEqual([])
  })
}
