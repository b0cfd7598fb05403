import { expect, test } from 'bun:test'
import { Flusher } from './flusher.ts'
import type { Link } from './link.ts'
import { Outbox } from './outbox.ts'

const stage = (limit: number) => {
  const ticks: (() => void)[] = []
  const written: string[] = []
  const link = { held: 0, slow: 0 }
  const port: Link = {
    kind: 'websocket',
    write: (frames) => written.push(...frames.map(String)),
    buffered: () => link.held,
    close() {},
    terminate() {},
  }
  const flusher = new Flusher((run) => ticks.push(run))
  const outbox = new Outbox({ link: port, flusher, limit, slow: () => link.slow++, sent() {}, broken() {} })
  const tick = () => {
    for (const run of ticks.splice(0)) run()
  }
  return { outbox, link, written, tick }
}

test('frames that gave way no longer count: a key that is told often never makes a reader too slow', () => {
  const { outbox, link } = stage(256 * 1024)
  link.held = 100_000
  outbox.linkBytes()
  for (let count = 0; count < 100; count++) outbox.push('x'.repeat(50_000), 'a')
  expect(link.slow).toBe(0)
  expect(outbox.bytes).toBe(50_000)
})

test('what was written is out of reach: the next frame of its key takes nothing else away', () => {
  const { outbox, link, written, tick } = stage(256 * 1024)
  link.held = 1
  outbox.linkBytes()
  outbox.push('a1', 'a')
  tick()
  outbox.push('b1', 'b')
  outbox.push('a2', 'a')
  tick()
  expect(written).toEqual(['a1', 'b1', 'a2'])
})
