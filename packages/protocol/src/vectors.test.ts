import { expect, test } from 'bun:test'
import {
  type Bindings,
  clientFrameVectors,
  type Dialogue,
  dialogues,
  messageVectors,
  mismatch,
  play,
  type StageLink,
  serverFrameVectors,
} from '../vectors/index.ts'
import { decodeClientFrame, encodeClientFrame, frameIdOf } from './client-frames.ts'
import { FanfareError } from './error.ts'
import { framesOf } from './messages.ts'
import { decodeServerFrame, encodeServerFrame } from './server-frames.ts'

const failureOf = (run: () => unknown): FanfareError => {
  try {
    run()
  } catch (error) {
    if (error instanceof FanfareError) return error
    throw error
  }
  throw new Error('It was taken.')
}

test.each([...clientFrameVectors])('client frame: $name', (vector) => {
  if ('frame' in vector) {
    const frame = decodeClientFrame(vector.text)
    expect(frame).toStrictEqual(vector.frame)
    expect(decodeClientFrame(encodeClientFrame(frame))).toStrictEqual(frame)
    return
  }
  const failure = failureOf(() => decodeClientFrame(vector.text))
  expect(failure.code).toBe(vector.code)
  expect(failure.message).toContain(vector.names ?? '')
})

test.each([...messageVectors])('message: $name', ({ message, subprotocol, frames }) => {
  expect(framesOf(message, subprotocol)).toEqual([...frames])
  for (const frame of frames) expect(decodeServerFrame(frame)).toBeDefined()
})

test.each([...serverFrameVectors])('server frame: $name', (vector) => {
  if ('ignored' in vector) {
    expect(decodeServerFrame(vector.text)).toBeUndefined()
    return
  }
  if ('frame' in vector) {
    const frame = decodeServerFrame(vector.text)!
    expect(frame).toStrictEqual(vector.frame)
    expect(decodeServerFrame(encodeServerFrame(frame))).toStrictEqual(frame)
    return
  }
  const failure = failureOf(() => decodeServerFrame(vector.text))
  expect(failure.code).toBe(vector.code)
  expect(failure.message).toContain(vector.names ?? '')
})

test('a refused frame still tells its id, where there is one to trust', () => {
  expect(frameIdOf('{"type":"shout","id":7}')).toBe(7)
  expect(frameIdOf('{"type":"publish","id":"p"}')).toBe('p')
  for (const text of ['{"id":{}}', '{"id":1.5}', '[7]', '7', 'x', '{"id":7,"__proto__":1}']) {
    expect(frameIdOf(text)).toBeUndefined()
  }
})

test('every frame that a dialogue sends is one, once its placeholders are filled', () => {
  const sent = dialogues.flatMap(({ steps }) => steps.flatMap((step) => ('send' in step ? [step.send] : [])))
  expect(sent.length).toBeGreaterThan(30)
  for (const frame of sent) expect(decodeClientFrame(JSON.stringify(frame)).type).toBe(frame.type as never)
})

test('a pattern fits what has its members, binds what it meets first, and says where it does not fit', () => {
  const bindings: Bindings = new Map([['run', 'r1']])
  expect(
    mismatch({ a: '{{x}}', b: ['{{*}}'], c: 'open:{{run}}' }, { a: 1, b: [2], c: 'open:r1', d: 4 }, bindings),
  ).toBe(undefined)
  expect(mismatch({ deep: { a: '{{x}}' } }, { deep: { a: 2 } }, bindings)).toBe('frame.deep.a is 2, not 1')
  expect(mismatch({ b: [1, 2] }, { b: [1] }, bindings)).toBe('frame.b has 1 elements')
  expect(mismatch({ b: '{{*}}' }, {}, bindings)).toBe('frame.b is absent')
  expect(mismatch({ b: null }, { b: 0 }, bindings)).toBe('frame.b is 0, not null')
})

/** A server that says what it is told to, in this order. */
const scripted = (frames: readonly object[]) => {
  const queue = [...frames]
  const link: StageLink = {
    send: () => {},
    hear: async () => JSON.stringify(queue.shift()),
    closed: async () => 4400,
  }
  return { run: 'r1', token: (user: string) => `token of ${user}`, open: async () => link }
}

test('a dialogue passes with the frames that it names, in either order where it allows that', async () => {
  const dialogue: Dialogue = {
    name: 'two at once',
    steps: [
      { as: 'ann', arrive: true },
      { as: 'ann', hears: { type: 'event', id: '{{event}}' }, and: { type: 'reply', result: '{{event}}' } },
      { as: 'ann', closed: 4400 },
    ],
  }
  const frames = [{ type: 'connected' }, { type: 'reply', result: 'e1' }, { type: 'event', id: 'e1' }]
  await play(dialogue, scripted(frames))
  await play(dialogue, scripted([frames[0]!, frames[2]!, frames[1]!]))
  const wrong = [frames[0]!, frames[1]!, { type: 'event', id: 'e2' }]
  expect(play(dialogue, scripted(wrong))).rejects.toThrow('two at once, step 2 (ann)')
})
