/** One room, three kinds of clients: a WebSocket of ours, an event stream, and a stock Socket.IO client, which all hear the same in the same order. */
import { expect, test } from 'bun:test'
import { startWorld, type World } from '@fanfare/testkit'
import { createPractice } from '../support/socketio-practice.ts'
import { connectClient } from './clients/socketio.ts'

const room = 'ward:together'
const each = 100

/** The numbers that an event stream brings. */
const streamed = async (world: World, wanted: number): Promise<{ readonly done: Promise<readonly number[]> }> => {
  const response = await world.asks(`/v1/stream?room=${room}`, { as: 'streamer' })
  if (!response.body) throw new Error('The stream has no body.')
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader()
  const numbers: number[] = []
  let text = ''
  const readOn = async () => {
    while (numbers.length < wanted) {
      const { value, done } = await reader.read()
      if (done) break
      text += value
      const blocks = text.split('\n\n')
      text = blocks.pop() ?? ''
      for (const block of blocks) {
        const n = /^data: .*"n":(\d+)/m.exec(block)?.[1]
        if (n !== undefined) numbers.push(Number(n))
      }
    }
    await reader.cancel()
    return numbers
  }
  return { done: readOn() }
}

test('native, event-stream and Socket.IO subscribers hear the same events in the same order', async () => {
  await using world = await startWorld({
    app: createPractice(),
    config: { limits: { framesPerSecond: 100_000, framesBurst: 100_000, framesPerSecondPerUser: 100_000 } },
  })
  const listener = await world.person('listener')
  await listener.joins(room)
  const stream = await streamed(world, 3 * each)
  const token = await world.token('ann')
  using webSocket = await connectClient({ url: world.url, token, transports: ['websocket'] })
  using polling = await connectClient({ url: world.url, token, transports: ['polling'] })
  for (const client of [webSocket, polling]) await client.asks('join', room)

  // Three who publish at once, by three ways in.
  const native = await world.person('native')
  const publishes = async (from: number, publish: (n: number) => Promise<unknown>) => {
    for (let n = from; n < from + each; n++) await publish(n)
  }
  await Promise.all([
    publishes(0, (n) => native.says(room, 'counted', { n })),
    publishes(1_000, (n) => webSocket.asks('count', room, n)),
    publishes(2_000, (n) =>
      world.asks(`/v1/rooms/${room}/events`, {
        method: 'POST',
        as: 'poster',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ event: 'counted', data: { n } }),
      }),
    ),
  ])
  const told = (client: typeof webSocket) => client.told('counted').map((data) => (data as { n: number }).n)
  for (const client of [webSocket, polling]) await client.until('all of it', () => told(client).length === 3 * each)
  for (let count = 0; count < 3 * each; count++) await listener.hears('counted')
  const order = listener.heard.map(({ data }) => (data as { n: number }).n)
  expect(order).toHaveLength(3 * each)
  expect(new Set(order).size).toBe(3 * each)
  expect(told(webSocket)).toEqual(order)
  expect(told(polling)).toEqual(order)
  expect(await stream.done).toEqual(order)
}, 30_000)
