import { expect, test } from 'bun:test'
import { idOf } from './engine.world.ts'
import { encodeLetter, type Letter } from './letters.ts'
import { nodeB, twoNodes } from './two-nodes.world.ts'

/** Numbers that are the same in every run. */
const numbers = (seed: number) => () => {
  seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0
  return seed / 2 ** 32
}

test('20,000 made-up letters hurt nobody who is there: not sessions, links or polls, and nothing is left of them', async () => {
  const random = numbers(4_711)
  const below = (most: number) => Math.floor(random() * most)
  const world = await twoNodes({ settings: { pingIntervalMs: 1e9 } })
  const polling = world.polling()
  const poll = polling.polls()
  const { link, heard } = await world.upgraded()
  await world.settles()
  const made = (): Letter => {
    const at = {
      path: ['/socket.io', '/', '__proto__'][below(3)] ?? '',
      sid: idOf(['nodeAAAA', nodeB][below(2)]!, 100 + below(9)),
    }
    const [id, n] = [`${below(50)}`, below(4)]
    const kinds: readonly Letter[] = [
      { type: 'seek', id, ...at },
      { type: 'poll', id, ...at },
      { type: 'post', id, body: '4x', ...at },
      { type: 'lost', ...at },
      { type: 'refuse', ...at },
      { type: 'open', link: id, ...at },
      { type: 'up', link: id, n, message: '4x' },
      { type: 'took', link: id, n, waiting: n },
      { type: 'gone', link: id, clean: n > 1 },
      { type: 'answer', id, answer: { kind: 'payload', payload: '4forged' } },
      { type: 'down', link: id, n, frames: ['4forged'] },
      { type: 'close', link: id, how: 'terminate', reason: '' },
      { type: 'beat', up: [[id, 9]], down: [[id, 9]] },
      { type: 'yield', id, life: `nodeAAAA${below(9)}` },
      { type: 'part', index: n, of: below(5), text: '{"v":1' },
    ]
    return kinds[below(kinds.length)]!
  }
  const mutated = (): string => {
    const text = encodeLetter(made())
    if (random() < 0.6) return text
    const at = below(text.length)
    return `${text.slice(0, at)}${String.fromCharCode(below(0xffff))}${text.slice(at + below(3))}`
  }
  for (let round = 0; round < 20_000; round++) {
    world.couriers.forge([world.home.node, nodeB][below(2)]!, Array.from({ length: below(4) }, mutated).join('\n'))
    if (round % 500 === 0) await world.settles()
  }
  await world.settles()
  expect([poll.answer, link.take(), link.closedWith, heard.ends]).toEqual([undefined, [], undefined, []])
  link.hears('4still here')
  await polling.posts('4and here')
  await poll.done
  await world.settles()
  expect([link.take(), poll.answer, polling.heard.messages]).toEqual([['4still here'], '4and here', ['and here']])
  expect([world.home.sockets.size, world.away.sockets.size]).toEqual([2, 0])
})
