import { expect, test } from 'bun:test'
import type { Frame } from '../wire/dialect.ts'
import { Flusher } from './flusher.ts'
import type { Link } from './link.ts'
import { Outbox } from './outbox.ts'

/** A link that takes everything and holds it until the test lets it go. */
class FakeLink implements Link {
  readonly kind = 'websocket'
  readonly writes: Frame[][] = []
  held = 0
  holds = false

  write(frames: readonly Frame[]): void {
    this.writes.push([...frames])
    if (this.holds) for (const frame of frames) this.held += frame.length
  }
  buffered(): number {
    return this.held
  }
  close(): void {}
  terminate(): void {}
}

const make = (limit = 512 * 1024) => {
  const ticks: (() => void)[] = []
  const link = new FakeLink()
  let slow = 0
  let sent = 0
  const outbox = new Outbox({
    link,
    flusher: new Flusher((run) => ticks.push(run)),
    limit,
    slow: () => slow++,
    broken() {},
    sent: (bytes) => {
      sent += bytes
    },
  })
  const tick = () => {
    for (const run of ticks.splice(0)) run()
  }
  return { link, outbox, tick, slow: () => slow, sent: () => sent }
}

const kilobytes = (count: number): string => 'x'.repeat(count * 1024)

test('frames of one tick go out as one write, in order', () => {
  const { link, outbox, tick, sent } = make()
  for (const frame of ['a', 'b', 'c']) outbox.push(frame)
  expect(link.writes).toEqual([])
  tick()
  outbox.push('d')
  tick()
  expect(link.writes).toEqual([['a', 'b', 'c'], ['d']])
  expect(sent()).toBe(4)
})

test('a burst larger than the high water does not wait for the tick', () => {
  const { link, outbox } = make()
  outbox.push(kilobytes(40))
  outbox.push(kilobytes(40))
  expect(link.writes.length).toBe(1)
})

test('a link that is full is not written to until it drains, and order holds', () => {
  const { link, outbox, tick } = make()
  link.holds = true
  outbox.push(kilobytes(70))
  outbox.push('later')
  tick()
  expect(link.writes.length).toBe(1)
  link.held = 0
  outbox.drained()
  expect(link.writes.length).toBe(1)
  tick()
  expect(link.writes[1]).toEqual(['later'])
})

test('outbox and link together never hold more than the limit and one frame; then the reader is slow, once', () => {
  const { link, outbox, tick, slow } = make(128 * 1024)
  link.holds = true
  let most = 0
  for (let count = 0; count < 1_000; count++) {
    outbox.push(kilobytes(1))
    tick()
    most = Math.max(most, outbox.bytes + link.held)
  }
  expect(slow()).toBe(1)
  expect(most).toBeLessThanOrEqual(129 * 1024)
  expect(outbox.bytes).toBe(0)
})

test('while the link is congested, the newest frame of a key takes the place of the one that waits, at the end', () => {
  const { link, outbox, tick } = make()
  link.holds = true
  outbox.push(kilobytes(70))
  tick()
  outbox.push('bed 1: 80', 'bed 1')
  outbox.push('bed 2: 70', 'bed 2')
  outbox.push('bed 1: 81', 'bed 1')
  link.held = 0
  outbox.drained()
  tick()
  expect(link.writes[1]).toEqual(['bed 2: 70', 'bed 1: 81'])
})

test('while the link keeps up, nothing is conflated', () => {
  const { link, outbox, tick } = make()
  outbox.push('bed 1: 80', 'bed 1')
  outbox.push('bed 1: 81', 'bed 1')
  tick()
  expect(link.writes).toEqual([['bed 1: 80', 'bed 1: 81']])
})

test('readiness comes when the link has room, and when the outbox closes', async () => {
  const { link, outbox, tick } = make()
  expect(outbox.ready()).toBeUndefined()
  link.holds = true
  outbox.push(kilobytes(70))
  tick()
  const ready = outbox.ready()
  expect(ready).toBeInstanceOf(Promise)
  link.held = 0
  outbox.drained()
  tick()
  await ready
  link.held = 100 * 1024
  outbox.push(kilobytes(70))
  const closed = outbox.ready()
  outbox.close()
  await closed
})

test('finish writes what waits and takes nothing more', () => {
  const { link, outbox, tick } = make()
  outbox.push('last')
  outbox.finish()
  outbox.push('too late')
  tick()
  expect(link.writes).toEqual([['last']])
})

test('however long a congested reader is given newer frames of few keys, no more waits than one of each', () => {
  const { link, outbox, tick } = make()
  link.holds = true
  outbox.push(kilobytes(70))
  tick()
  for (let count = 0; count < 10_000; count++) outbox.push(`bed ${count % 7}: ${count}`, `bed ${count % 7}`)
  link.held = 0
  outbox.drained()
  tick()
  const last = Array.from({ length: 7 }, (_, index) => 9_993 + index)
  expect(link.writes[1]).toEqual(last.map((count) => `bed ${count % 7}: ${count}`))
})

test('a link that throws is ended; the others of its tick are written to', () => {
  const ticks: (() => void)[] = []
  const flusher = new Flusher((run) => ticks.push(run))
  const broken: unknown[] = []
  const outboxFor = (link: Link) =>
    new Outbox({ link, flusher, limit: 1024, slow() {}, sent() {}, broken: (error) => broken.push(error) })
  const failing = new FakeLink()
  failing.write = () => {
    throw new Error('the socket is gone')
  }
  const healthy = new FakeLink()
  const first = outboxFor(failing)
  first.push('lost')
  outboxFor(healthy).push('kept')
  for (const run of ticks.splice(0)) run()
  expect(healthy.writes).toEqual([['kept']])
  expect(broken).toHaveLength(1)
  first.push('nobody takes this')
  expect(first.bytes).toBe(0)
})
