/** Outboxes that share their runs against a plain model that shares nothing, through whatever order of things. */
import { expect, test } from 'bun:test'
import fc from 'fast-check'
import type { Frame } from '../wire/dialect.ts'
import { Flusher } from './flusher.ts'
import type { Link } from './link.ts'
import { Outbox } from './outbox.ts'

const highWater = 64 * 1024
const limit = 160 * 1024

/** Takes everything, and holds it while a test says so. */
class HeldLink implements Link {
  readonly kind = 'websocket'
  readonly written: Frame[] = []
  held = 0
  holds = false

  write(frames: readonly Frame[]): void {
    this.written.push(...frames)
    if (this.holds) for (const frame of frames) this.held += frame.length
  }
  buffered(): number {
    return this.held
  }
  close(): void {}
  terminate(): void {}
}

type Waiting = { readonly frame: string; readonly key: string | undefined }

/** What an outbox promises, in as few words as it can be said. */
class Model {
  readonly link = new HeldLink()
  waiting: Waiting[] = []
  linkBytes = 0
  closed = false
  slow = 0

  get bytes(): number {
    return this.waiting.reduce((sum, { frame }) => sum + frame.length, 0)
  }

  push(frame: string, key: string | undefined): void {
    if (this.closed) return
    const counts = this.linkBytes > 0 ? key : undefined
    if (counts !== undefined) this.waiting = this.waiting.filter((one) => one.key !== counts)
    this.waiting.push({ frame, key: counts })
    if (this.bytes < highWater) return
    this.look()
    if (this.linkBytes < highWater) this.write()
    if (this.bytes + this.linkBytes > limit) {
      this.close()
      this.slow++
    }
  }

  look(): void {
    this.linkBytes = this.closed ? 0 : this.link.buffered()
  }

  write(): void {
    if (this.waiting.length === 0) return
    this.link.write(this.waiting.map(({ frame }) => frame))
    this.waiting = []
    this.look()
  }

  flush(): void {
    if (this.closed) return
    if (this.linkBytes > 0) this.look()
    if (this.linkBytes < highWater) this.write()
  }

  close(): void {
    this.closed = true
    this.waiting = []
  }
}

const make = (flusher: Flusher) => {
  const link = new HeldLink()
  const side = { link, slow: 0, sent: 0 }
  const outbox = new Outbox({
    link,
    flusher,
    limit,
    slow: () => side.slow++,
    broken: (error) => {
      throw error
    },
    sent: (bytes) => {
      side.sent += bytes
    },
  })
  return { side, outbox, model: new Model() }
}

const crowd = 3
const one = fc.nat({ max: crowd - 1 })
const action = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      does: fc.constant('all are told' as const),
      size: fc.constantFrom(1, 200, 30_000, 70_000),
      key: fc.constantFrom(undefined, undefined, 'a', 'b'),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      does: fc.constant('one is told' as const),
      who: one,
      size: fc.constantFrom(1, 200, 30_000),
      key: fc.constantFrom(undefined, 'a'),
    }),
  },
  { weight: 5, arbitrary: fc.record({ does: fc.constant('a tick ends' as const) }) },
  { weight: 2, arbitrary: fc.record({ does: fc.constant('its link holds' as const), who: one }) },
  {
    weight: 2,
    arbitrary: fc.record({
      does: fc.constant('others fill its link' as const),
      who: one,
      bytes: fc.constantFrom(100, 100_000),
    }),
  },
  { weight: 2, arbitrary: fc.record({ does: fc.constant('its link drains' as const), who: one }) },
  { weight: 1, arbitrary: fc.record({ does: fc.constant('its link is asked' as const), who: one }) },
)

test('whatever is pushed, held and drained, each of a crowd is written what the model of it is, in the same order', () => {
  fc.assert(
    fc.property(fc.array(action, { maxLength: 60 }), (actions) => {
      const ticks: (() => void)[] = []
      const flusher = new Flusher((run) => ticks.push(run))
      const all = Array.from({ length: crowd }, () => make(flusher))
      let number = 0
      const frameOf = (size: number) => `${number++}:`.padEnd(size, 'x')
      for (const act of actions) {
        switch (act.does) {
          case 'all are told': {
            const frame = frameOf(act.size)
            for (const { outbox, model } of all) {
              outbox.push(frame, act.key)
              model.push(frame, act.key)
            }
            break
          }
          case 'one is told': {
            const frame = frameOf(act.size)
            all[act.who]?.outbox.push(frame, act.key)
            all[act.who]?.model.push(frame, act.key)
            break
          }
          case 'a tick ends':
            for (const run of ticks.splice(0)) run()
            for (const { model } of all) model.flush()
            break
          case 'its link holds':
            for (const { link } of [all[act.who]!.side, all[act.who]!.model]) link.holds = true
            break
          case 'others fill its link':
            for (const { link } of [all[act.who]!.side, all[act.who]!.model]) link.held += act.bytes
            break
          case 'its link drains':
            for (const { link } of [all[act.who]!.side, all[act.who]!.model]) {
              link.holds = false
              link.held = 0
            }
            all[act.who]?.outbox.drained()
            break
          case 'its link is asked':
            all[act.who]?.outbox.linkBytes()
            all[act.who]?.model.look()
        }
        for (const { side, outbox, model } of all) {
          expect(side.link.written).toEqual(model.link.written)
          expect([outbox.bytes, outbox.congested, side.slow]).toEqual([model.bytes, model.linkBytes > 0, model.slow])
          expect(outbox.full).toBe(!model.closed && model.bytes + model.linkBytes >= highWater)
          expect(side.sent).toBe(model.link.written.reduce((sum, frame) => sum + frame.length, 0))
        }
      }
    }),
    { numRuns: 300 },
  )
})
