import { expect, test } from 'bun:test'
import { readBlocks, takeBlocks } from './event-blocks.ts'

const streamOf = (chunks: readonly Uint8Array[]) =>
  new ReadableStream<Uint8Array>({
    start(controller) {
      for (const chunk of chunks) controller.enqueue(chunk)
      controller.close()
    },
  })

test('reads fields, joins data over lines, passes over comments', () => {
  const { blocks, rest } = takeBlocks(
    ':\n\nevent: said\ndata: {"a":\ndata: 1}\nid: c1~x\n\nretry: 250\ndata:x\n\ndata: half',
  )
  expect(blocks).toEqual([
    { event: 'said', data: '{"a":\n1}', id: 'c1~x', retryMs: undefined },
    { event: 'message', data: 'x', id: undefined, retryMs: 250 },
  ])
  expect(rest).toBe('data: half')
})

test('however the bytes are cut, the blocks are the same; what is cut off by the end is dropped', async () => {
  const bytes = new TextEncoder().encode('event: a\r\ndata: é\r\n\r\nevent: b\r\ndata: 2\r\n\r\nevent: c\r\n')
  for (const size of [1, 2, 3, 7, 100]) {
    const chunks = Array.from({ length: Math.ceil(bytes.length / size) }, (_, at) =>
      bytes.subarray(at * size, (at + 1) * size),
    )
    const blocks = await Array.fromAsync(readBlocks(streamOf(chunks)))
    expect(blocks.map(({ event, data }) => [event, data])).toEqual([
      ['a', 'é'],
      ['b', '2'],
    ])
  }
})
