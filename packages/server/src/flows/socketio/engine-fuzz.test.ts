import { expect, test } from 'bun:test'
import { engineWorld } from './engine.world.ts'

/** Numbers that are the same in every run. */
const numbers = (seed: number) => () => {
  seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0
  return seed / 2 ** 32
}

const words = [
  '4',
  '4hi',
  '40',
  '42["a"]',
  'bAQID',
  'b',
  '2',
  '2probe',
  '3',
  '3probe',
  '1',
  '5',
  '6',
  '0',
  'x',
  '',
  '\x1e',
]

test('20,000 mutated packets and payloads over both transports: nothing throws, every session ends once', async () => {
  const world = engineWorld()
  const random = numbers(40_048)
  const pick = <T>(from: readonly T[]): T => from[Math.floor(random() * from.length)] as T
  const mutated = (): string => {
    const text = Array.from({ length: 1 + Math.floor(random() * 3) }, () => pick(words)).join(
      pick(['\x1e', '', '\u0000']),
    )
    const at = Math.floor(random() * text.length)
    return random() < 0.5 ? text : text.slice(0, at) + String.fromCharCode(random() * 0xffff) + text.slice(at + 1)
  }
  let client = world.polling()
  let wire = world.probe(client)
  const seen = [client.heard]
  for (let round = 0; round < 20_000; round++) {
    if (!client.socket.isOpen) {
      client = world.polling()
      wire = world.probe(client)
      seen.push(client.heard)
    }
    const step = random()
    if (step < 0.35) await client.posts(mutated())
    else if (step < 0.5) client.polls()
    else if (step < 0.6 && wire.closedWith !== undefined) wire = world.probe(client)
    else if (step < 0.65) wire.hears(pick(['2probe', '5']))
    else if (step < 0.99) wire.hears(random() < 0.1 ? crypto.getRandomValues(new Uint8Array(3)) : mutated())
    else await world.clock.advance(Math.floor(random() * 300))
  }
  world.sockets.stop()
  expect(seen.length).toBeGreaterThan(500)
  expect(seen.every(({ ends }) => ends.length === 1)).toBe(true)
  expect(world.sockets.size).toBe(0)
})
