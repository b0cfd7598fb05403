/** Members of chat rooms who send, each with so many unanswered; and one who opens rooms and asks for their list, one question at a time. */
import { performance } from 'node:perf_hooks'
import process from 'node:process'
import { chatUsers, listedRooms, nameOfRoom, roomsOf } from '../lib/chat-rooms.ts'
import type { Connection, Receiver } from './connection.ts'
import { Crowd } from './crowd.ts'
import { within } from './within.ts'

export type ChatOptions = { readonly port: number; readonly rooms: number; readonly inFlight: number }
export type SendsRound = { readonly acknowledged: number; readonly seconds: number; readonly loadSeconds: number }
export type AsksRound = { readonly p50: number; readonly p99: number; readonly bytes: number }

const replies = Buffer.from('{"type":"reply"')
const text = 'The wound is dry, the dressing was changed at ten, she slept well and asks for tea.'

export class Chatting implements Receiver {
  readonly #options: ChatOptions
  readonly #crowd: Crowd
  readonly #rooms: (readonly string[])[] = []
  readonly #sent: number[] = []
  readonly #answered: number[] = []
  #acknowledged = 0
  #unanswered = 0
  #until = 0
  #finished: (() => void) | undefined
  #answer: ((answer: { readonly text: string; readonly bytes: number }) => void) | undefined

  constructor(options: ChatOptions) {
    this.#options = options
    this.#crowd = new Crowd({ contender: 'fanfare', port: options.port, count: chatUsers, receiver: this })
  }

  async open(): Promise<void> {
    await this.#crowd.open()
    for (const { index } of this.#crowd.connections) {
      this.#rooms[index] = roomsOf(index, this.#options.rooms)
      this.#sent[index] = 0
      this.#answered[index] = 0
    }
  }

  async sends(ms: number): Promise<SendsRound> {
    const cpu = process.cpuUsage()
    const start = performance.now()
    this.#until = start + ms
    this.#acknowledged = 0
    const finished = new Promise<void>((resolve) => {
      this.#finished = resolve
    })
    for (const connection of this.#crowd.connections) this.#send(connection, this.#options.inFlight)
    await within(ms + 20_000, finished, () => `${this.#unanswered} messages were not answered`)
    const { user, system } = process.cpuUsage(cpu)
    return {
      acknowledged: this.#acknowledged,
      seconds: (performance.now() - start) / 1000,
      loadSeconds: (user + system) / 1e6,
    }
  }

  /** Milliseconds from question to answer. */
  async asks({ what, count }: { readonly what: 'open' | 'list'; readonly count: number }): Promise<AsksRound> {
    const connection = this.#crowd.connections[0]!
    const times: number[] = []
    let bytes = 0
    for (let index = 0; index < count; index++) {
      const began = performance.now()
      const answer = await this.#ask(connection, what === 'open' ? openRoom(index) : listRooms)
      times.push(performance.now() - began)
      bytes += answer.bytes
      if (index === 0) check(what, answer.text)
    }
    times.sort((one, other) => one - other)
    const at = (share: number) => times[Math.min(times.length - 1, Math.floor(times.length * share))]!
    return { p50: at(0.5), p99: at(0.99), bytes: bytes / count }
  }

  #ask(connection: Connection, frame: string): Promise<{ readonly text: string; readonly bytes: number }> {
    const answered = new Promise<{ readonly text: string; readonly bytes: number }>((resolve) => {
      this.#answer = resolve
    })
    connection.sendText(frame)
    return within(20_000, answered, () => 'a question was not answered')
  }

  frame({ index }: Connection, bytes: Uint8Array, start: number, end: number): void {
    if (bytes[start + replies.length - 2] !== replies[replies.length - 2]) {
      throw new Error(Buffer.from(bytes.subarray(start, Math.min(end, start + 300))).toString())
    }
    if (this.#answer) {
      const answer = this.#answer
      this.#answer = undefined
      answer({ text: Buffer.from(bytes.subarray(start, end)).toString(), bytes: end - start })
      return
    }
    this.#answered[index]!++
    this.#acknowledged++
    this.#unanswered--
  }

  chunk(connection: Connection): void {
    const count = this.#answered[connection.index] ?? 0
    if (count === 0) return
    this.#answered[connection.index] = 0
    if (performance.now() < this.#until) this.#send(connection, count)
    else if (this.#unanswered === 0) this.#finished?.()
  }

  #send(connection: Connection, count: number): void {
    const rooms = this.#rooms[connection.index]!
    for (let one = 0; one < count; one++) {
      const number = this.#sent[connection.index]!++
      const input = { roomId: rooms[number % rooms.length], text, key: `k${number}-${this.#until}` }
      connection.sendText(`{"type":"command","id":${number},"name":"message:send","input":${JSON.stringify(input)}}`)
    }
    this.#unanswered += count
  }
}

const openRoom = (index: number): string =>
  `{"type":"command","id":1,"name":"chat:open","input":{"roomId":"${nameOfRoom((index * 37) % listedRooms)}","limit":50}}`
const listRooms = `{"type":"command","id":1,"name":"chat:list","input":{"limit":${listedRooms}}}`

/** An answer that is quick because it is empty is no figure. */
const check = (what: 'open' | 'list', answer: string): void => {
  const found = answer.split(what === 'open' ? '"createdAt"' : '"unread"').length - 1
  if (found < (what === 'open' ? 50 : listedRooms))
    throw new Error(`too little is in the answer: ${answer.slice(0, 500)}`)
}
