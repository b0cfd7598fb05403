import { expect, test } from 'bun:test'
import { EventStreamParser, type StreamBlock } from './event-stream-parser.ts'

const parse = (...pieces: string[]): StreamBlock[] => {
  const parser = new EventStreamParser()
  return pieces.flatMap((piece) => parser.push(piece))
}

test('reads blocks whatever ends their lines, and however they are cut', () => {
  const text = '\uFEFF: hello\r\nevent: note\r\ndata: one\rdata:two\nid: 7\n\ndata: x\r\n\r\n'
  const whole = parse(text)
  expect(whole).toEqual([
    { event: 'note', data: 'one\ntwo', id: '7' },
    { event: 'message', data: 'x', id: '7' },
  ])
  expect(parse(...text)).toEqual(whole)
})

test('a block without data moves the cursor and says nothing', () => {
  const parser = new EventStreamParser()
  expect(parser.push('event: note\nid: 9\n\n')).toEqual([])
  expect(parser.lastId).toBe('9')
})

test('an id with a NUL, an unknown field and an unfinished block are ignored', () => {
  expect(parse('id: a\0b\nretry: 5\nwhat: 1\ndata\n\ndata: cut')).toEqual([{ event: 'message', data: '', id: '' }])
})
