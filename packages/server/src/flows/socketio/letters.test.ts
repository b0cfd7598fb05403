import { expect, test } from 'bun:test'
import { idOf } from './engine.world.ts'
import { decodeLetter, encodeLetter, type Letter } from './letters.ts'

const [path, sid] = ['/socket.io', idOf('nodeAAAA', 1)]

const letters: readonly Letter[] = [
  { type: 'seek', id: '1', path, sid },
  { type: 'poll', id: '1', path, sid },
  { type: 'post', id: '1', path, sid, body: '4"\x1e\n\u2028\ud83d💐' },
  { type: 'lost', path, sid },
  { type: 'refuse', path, sid },
  { type: 'open', link: '7', path, sid },
  { type: 'up', link: '7', n: 1, message: '4hello' },
  { type: 'up', link: '7', n: 2, message: new Uint8Array([0, 255, 10]) },
  { type: 'up', link: '7', n: 3, message: new Uint8Array() },
  { type: 'took', link: '7', n: 3, waiting: 0 },
  { type: 'gone', link: '7', clean: true },
  { type: 'answer', id: '1', answer: { kind: 'payload', payload: '4a\x1ebAQID' } },
  { type: 'answer', id: '1', answer: { kind: 'unknown' } },
  { type: 'answer', id: '1', answer: { kind: 'there' } },
  { type: 'down', link: '7', n: 1, frames: ['4', '', 'b not base64', new Uint8Array([1])] },
  { type: 'close', link: '7', how: 'shutting_down', reason: 'the node is stopping' },
  { type: 'close', link: '7', how: 'terminate', reason: '' },
  { type: 'beat', up: [['7', 12]], down: [] },
  { type: 'here' },
  { type: 'yield', id: '1', life: 'nodeAAAA12' },
  { type: 'part', index: 0, of: 2, text: '{"v":1' },
]

test('every letter is read as it was written, on one line', () => {
  for (const letter of letters) {
    expect(decodeLetter(encodeLetter(letter))).toEqual(letter)
    expect(encodeLetter(letter)).not.toContain('\n')
  }
})

test('what is no letter is none', () => {
  const of = (letter: object) => JSON.stringify({ v: 1, ...letter })
  for (const text of [
    '',
    'null',
    '[]',
    '1',
    '{',
    '{"v":1}',
    '['.repeat(100_000),
    of({ type: 'constructor' }),
    JSON.stringify({ v: 2, type: 'lost', path, sid }),
    of({ type: 'poll', id: 1, path, sid }),
    of({ type: 'poll', id: 'x'.repeat(65), path, sid }),
    of({ type: 'poll', id: '1', path, sid: 'short' }),
    of({ type: 'poll', id: '1', path: 'x'.repeat(1_001), sid }),
    of({ type: 'up', link: '1', n: -1, message: 't' }),
    of({ type: 'up', link: '1', n: 1.5, message: 't' }),
    of({ type: 'up', link: '1', n: 1, message: 'b###' }),
    of({ type: 'up', link: '1', n: 1, message: 'x' }),
    of({ type: 'up', link: '__proto__ ', n: 1, message: 't' }),
    of({ type: 'down', link: '1', n: 1, frames: 't' }),
    of({ type: 'close', link: '1', how: 'toString', reason: '' }),
    of({ type: 'answer', id: '1', answer: { kind: 'payload' } }),
    of({ type: 'answer', id: '1', answer: null }),
    of({ type: 'beat', up: [['1']], down: [] }),
  ]) {
    expect(decodeLetter(text)).toBeUndefined()
  }
})
