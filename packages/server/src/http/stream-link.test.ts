import { expect, test } from 'bun:test'
import { SharedBytes } from './shared-bytes.ts'
import { type Closing, StreamLink } from './stream-link.ts'

const open = (signal: AbortSignal = new AbortController().signal) => {
  const told: (Closing | 'drained')[] = []
  const link = new StreamLink({
    bytes: new SharedBytes(),
    signal,
    drained: () => told.push('drained'),
    closed: (closing) => told.push(closing),
  })
  const closings = () => told.filter((one) => one !== 'drained')
  return { link, told, closings }
}

test('the answer begins with what is only known once it can begin; what was written before counts and follows', async () => {
  const { link } = open()
  link.write(['é', '世'])
  expect(link.buffered()).toBe(5)
  link.begin('first ')
  link.write([' last'])
  link.close('normal')
  expect(await new Response(link.body).text()).toBe('first é世 last')
})

test('bytes, not characters, are counted until they are read', async () => {
  const { link, told } = open()
  link.begin('')
  link.write(['é', '世'])
  expect(link.buffered()).toBe(5)
  const reader = link.body.getReader()
  told.length = 0
  expect(new TextDecoder().decode((await reader.read()).value)).toBe('é世')
  expect(link.buffered()).toBe(0)
  await Promise.resolve()
  expect(told).toContain('drained')
})

test('only a reader that was behind is told that there is room', async () => {
  const { link, told } = open()
  link.begin('')
  const reader = link.body.getReader()
  for (const text of ['one', 'two']) {
    const read = reader.read()
    link.write([text])
    expect(new TextDecoder().decode((await read).value)).toBe(text)
  }
  await Promise.resolve()
  expect(told).toEqual([])
  link.write(['three'])
  expect(link.buffered()).toBe(5)
  await reader.read()
  await Promise.resolve()
  expect(told).toEqual(['drained'])
})

test('what was written before the end is still read', async () => {
  const { link, closings } = open()
  link.write(['last'])
  link.close('shutting_down')
  link.write(['never'])
  expect(await new Response(link.body).text()).toBe('last')
  expect(closings()).toEqual([{ kind: 'ended', code: 'shutting_down' }])
})

test('that the reader is gone is told once, however many signs there are', async () => {
  const reader = new AbortController()
  const { link, closings } = open(reader.signal)
  await link.body.cancel()
  reader.abort()
  link.terminate()
  link.close('normal')
  expect(closings()).toEqual([{ kind: 'gone' }])
  expect([link.isGone, link.buffered()]).toEqual([true, 0])
})

test('a reader that was gone before it began is told too', () => {
  const { link, closings } = open(AbortSignal.abort())
  expect(link.isGone).toBe(true)
  expect(closings()).toEqual([{ kind: 'gone' }])
})

test('cut after its end, it drops what was not read', async () => {
  const { link, closings } = open()
  link.write(['unread'])
  link.close('slow_reader')
  link.terminate()
  expect(await new Response(link.body).text().catch(() => 'cut')).toBe('cut')
  expect(closings()).toEqual([{ kind: 'ended', code: 'slow_reader' }])
})
