/** What a client that reads several frames a message gets over a real socket, beside one that does not. */
import { expect, test } from 'bun:test'
import { type EventFrame, framesOf, type ServerFrame } from '@fanfare/protocol'
import { startWorld, type World } from '@fanfare/testkit'
import { clinic } from '../support/clinic.ts'

/** A reader of the wire itself: every message as it came. */
class Reader implements Disposable {
  readonly messages: string[] = []
  readonly socket: WebSocket
  #waiting: (() => void)[] = []

  constructor(socket: WebSocket) {
    this.socket = socket
    socket.addEventListener('message', ({ data }) => {
      this.messages.push(String(data))
      for (const resolve of this.#waiting.splice(0)) resolve()
    })
  }

  static async open(world: World, offered: readonly string[], path = '/v1/websocket'): Promise<Reader> {
    const token = await world.token('ann')
    const socket = new WebSocket(`${world.url.replace('http', 'ws')}${path}`, [...offered, `bearer.${token}`])
    const reader = new Reader(socket)
    await new Promise((resolve, reject) => {
      socket.addEventListener('open', resolve)
      socket.addEventListener('close', reject)
    })
    return reader
  }

  get frames(): readonly ServerFrame[] {
    return this.messages.flatMap((message) => framesOf(message, this.socket.protocol)).map((text) => JSON.parse(text))
  }

  get events(): readonly EventFrame['event'][] {
    return this.frames.filter((frame): frame is EventFrame => frame.type === 'event').map(({ event }) => event)
  }

  says(frame: object): void {
    this.socket.send(JSON.stringify(frame))
  }

  async until(true_: () => boolean): Promise<void> {
    while (!true_()) await new Promise<void>((resolve) => this.#waiting.push(resolve))
  }

  [Symbol.dispose](): void {
    this.socket.close()
  }
}

const count = 60

test('frames of one moment come as one message to whoever offered that, one by one to the others, the same in the same order', async () => {
  await using world = await startWorld({ app: clinic })
  using joined = await Reader.open(world, ['fanfare.v1.lines', 'fanfare.v1'])
  using single = await Reader.open(world, ['fanfare.v1'])
  expect([joined.socket.protocol, single.socket.protocol]).toEqual(['fanfare.v1.lines', 'fanfare.v1'])
  for (const reader of [joined, single]) {
    reader.says({ type: 'subscribe', id: 1, room: 'corridor:1' })
    await reader.until(() => reader.frames.some(({ type }) => type === 'subscription'))
  }
  for (let number = 1; number <= count; number++) {
    single.says({
      type: 'publish',
      room: 'corridor:1',
      event: 'message.created',
      data: { text: `line\n${number} \u2028 🦄` },
    })
  }
  for (const reader of [joined, single]) await reader.until(() => reader.events.length === count)
  const texts = Array.from({ length: count }, (_, index) => `line\n${index + 1} \u2028 🦄`)
  for (const reader of [joined, single]) {
    expect(reader.events.map(({ data }) => (data as { text: string }).text)).toEqual(texts)
    const [first = 0] = reader.events.map(({ offset }) => offset)
    expect(reader.events.map(({ offset }) => offset)).toEqual(texts.map((_, index) => first + index))
  }
  expect(single.messages.length).toBe(single.frames.length)
  expect(single.messages.filter((message) => message.includes('\n'))).toEqual([])
  expect(joined.messages.length).toBeLessThan(joined.frames.length)
})
