import { expect, test } from 'bun:test'
import fc from 'fast-check'
import { Ring, walk } from './ring.ts'

const entry = (offset: number, at = offset) => ({
  event: { id: String(offset), type: 'n', tenantId: 't', room: 'r', data: null, timestamp: '', offset },
  at,
  bytes: 1,
  weight: offset,
})
const offsetsOf = (ring: Ring) =>
  [...walk(ring, { from: ring.first, to: ring.top, forwards: true })].map(({ event }) => event.offset)

test('a ring agrees with a plain array, whatever is appended, skipped and trimmed', () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.constantFrom('append', 'keep', 'since', 'skip'), fc.nat({ max: 200 }))),
      (steps) => {
        const ring = new Ring()
        let model: number[] = []
        let top = 0
        for (const [kind, size] of steps) {
          if (kind === 'append')
            for (let count = 0; count < size; count++) ring.append(entry(model[model.push(++top) - 1]!))
          else if (kind === 'keep') model = trimmed(ring, model, { keep: size })
          else if (kind === 'since') model = trimmed(ring, model, { since: top - size })
          else {
            ring.skip()
            model = []
            top++
          }
          const weight = model.reduce((sum, offset) => sum + offset, 0)
          expect({ offsets: offsetsOf(ring), top: ring.top, length: ring.length, weight: ring.weight }).toEqual({
            offsets: model,
            top,
            length: model.length,
            weight,
          })
        }
      },
    ),
  )
})

const trimmed = (ring: Ring, model: number[], to: { keep?: number; since?: number }): number[] => {
  const { keep = Number.POSITIVE_INFINITY, since = Number.NEGATIVE_INFINITY } = to
  ring.trim(keep, since)
  const young = model.filter((at) => at > since)
  return young.slice(Math.max(0, young.length - keep))
}

test('a ring lets go of what it trimmed', () => {
  const ring = new Ring()
  for (let offset = 1; offset <= 10_000; offset++) {
    ring.append(entry(offset))
    ring.trim(10, 0)
  }
  expect(ring.at(9_990)).toBeUndefined()
  expect(ring.at(9_991)?.event.offset).toBe(9_991)
  expect(ring.at(10_001)).toBeUndefined()
})
