import { expect, test } from 'bun:test'
import { Run } from './run.ts'

const of = (start: Run, ...frames: (string | Uint8Array)[]): Run =>
  frames.reduce((run: Run, frame) => run.with(frame), start)

test('sessions that are given the same frames in the same order hold one run, and one array of its frames', () => {
  const start = Run.empty()
  const runs = Array.from({ length: 3 }, () => of(start, 'a', 'b', 'c'))
  expect(new Set(runs).size).toBe(1)
  expect(runs[0]?.frames).toEqual(['a', 'b', 'c'])
  expect(runs[0]?.frames).toBe(runs[2]!.frames)
  expect(runs[0]?.bytes).toBe(3)
})

test('event by event for a whole crowd, as the hub gives them, is the same', () => {
  const start = Run.empty()
  let crowd = Array.from({ length: 3 }, () => start)
  for (const frame of ['a', 'b']) crowd = crowd.map((run) => run.with(frame))
  expect(new Set(crowd).size).toBe(1)
})

test('who is given something else in between goes another way, and changes nothing for the others', () => {
  const start = Run.empty()
  const one = of(start, 'a', 'b')
  const other = of(start, 'a', 'x', 'b')
  expect([one.frames, other.frames]).toEqual([
    ['a', 'b'],
    ['a', 'x', 'b'],
  ])
  expect(of(start, 'a', 'b').frames).toEqual(['a', 'b'])
})

test('two crowds in turn, such as two dialects in one room, are each one run', () => {
  const start = Run.empty()
  const runs = Array.from({ length: 6 }, (_, index) => of(start, ...(index % 2 === 0 ? ['a1', 'a2'] : ['b1', 'b2'])))
  expect(new Set(runs).size).toBe(2)
})

test('bytes are the same frame only when they are the same object', () => {
  const start = Run.empty()
  const [one, other] = [new Uint8Array([1]), new Uint8Array([2])]
  expect(of(start, one)).toBe(of(start, one))
  expect(of(start, other).frames).toEqual([other])
})

test('a run of very many frames is listed without a call for each', () => {
  const frames = Array.from({ length: 200_000 }, (_, index) => `${index}`)
  expect(of(Run.empty(), ...frames).frames).toEqual(frames)
})
