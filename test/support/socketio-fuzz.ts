/**
 * Sends generated packets and payloads to a server with the conformance application and compares every answer with what the
 * grammar asks for. Behind each packet goes a question, so that it is known when the server is done with it.
 */
import { addressOf, connectPolling, type Place, separator } from '../journeys/clients/engine-io.ts'
import { Dice, type Packet, packetOf, payloadOf, type Sent } from './socketio-packets.ts'

export type FuzzOptions = {
  readonly place: Place
  /** Packets over WebSockets. */
  readonly packets: number
  /** Bodies over polling. */
  readonly payloads: number
  readonly seed: number
  /** Connections at once. @default 8 */
  readonly together?: number
}

export type Fuzzed = {
  readonly packets: number
  readonly payloads: number
  /** Connections that the server ended. */
  readonly closed: number
  readonly faults: readonly string[]
}

const silenceMs = 5_000
const probe = 1_234_567

/** One connection that is opened again when the server ends it. */
class Line {
  readonly #place: Place
  #socket: WebSocket | undefined
  #heard: (string | Uint8Array)[] = []
  #waiting:
    | { readonly until: (message: string | Uint8Array) => boolean; readonly done: (outcome: Outcome) => void }
    | undefined

  constructor(place: Place) {
    this.#place = place
  }

  async connected(): Promise<void> {
    if (this.#socket) return
    const socket = new WebSocket(addressOf(this.#place, 'EIO=4&transport=websocket').replace(/^http/, 'ws'))
    socket.binaryType = 'arraybuffer'
    this.#socket = socket
    socket.addEventListener('message', ({ data }) => this.#hear(socket, data as string | ArrayBuffer))
    socket.addEventListener('close', () => this.#end(socket))
    const outcome = await this.#until((message) => typeof message === 'string' && message.startsWith('42["auth"'))
    if (outcome !== 'heard') throw new Error(`no connection: ${outcome}`)
    this.#heard = []
  }

  #hear(socket: WebSocket, data: string | ArrayBuffer): void {
    if (socket !== this.#socket) return
    const message = typeof data === 'string' ? data : new Uint8Array(data)
    if (message === '2') {
      socket.send('3')
      return
    }
    if (typeof message === 'string' && message.startsWith('0')) {
      socket.send('40')
      return
    }
    this.#heard.push(message)
    if (this.#waiting?.until(message)) this.#settle('heard')
  }

  #end(socket: WebSocket): void {
    if (socket !== this.#socket) return
    this.#socket = undefined
    this.#settle('closed')
  }

  #settle(outcome: Outcome): void {
    const waiting = this.#waiting
    this.#waiting = undefined
    waiting?.done(outcome)
  }

  #until(until: (message: string | Uint8Array) => boolean): Promise<Outcome> {
    const { promise, resolve } = Promise.withResolvers<Outcome>()
    const timer = setTimeout(() => this.#settle('silence'), silenceMs)
    this.#waiting = {
      until,
      done: (outcome) => {
        clearTimeout(timer)
        resolve(outcome)
      },
    }
    return promise
  }

  /** Sends it and the question behind it; what came before the answer. */
  async asks(sent: Sent): Promise<{ readonly outcome: Outcome; readonly replies: Sent }> {
    await this.connected()
    this.#heard = []
    const answer = `43${probe}["done"]`
    for (const part of sent) this.#socket?.send(part)
    this.#socket?.send(`42${probe}["message-with-ack","done"]`)
    const outcome = await this.#until((message) => message === answer)
    const replies = this.#heard.filter((message) => message !== answer) as Sent
    this.#heard = []
    if (outcome === 'silence') this.closes()
    return { outcome, replies }
  }

  closes(): void {
    const socket = this.#socket
    this.#socket = undefined
    socket?.close()
  }
}

type Outcome = 'heard' | 'closed' | 'silence'

const shown = (sent: Sent): string =>
  JSON.stringify(sent.map((part) => (typeof part === 'string' ? part.slice(0, 200) : `${part.length} bytes`)))

const isSame = (one: Sent, other: Sent): boolean =>
  one.length === other.length &&
  one.every((part, index) => {
    const against = other[index]!
    return typeof part === 'string' || typeof against === 'string'
      ? part === against
      : Buffer.compare(part, against) === 0
  })

/** Why the outcome is wrong; undefined where it is not. */
const faultIn = ({ sent, expected }: Packet, outcome: Outcome, replies: Sent): string | undefined => {
  if (outcome === 'silence') return `nothing came after ${shown(sent)}`
  if (expected.kind === 'closed') return outcome === 'closed' ? undefined : `${shown(sent)} was taken`
  if (expected.kind === 'either') return undefined
  if (outcome === 'closed') return `${shown(sent)} was not taken`
  const wanted = expected.kind === 'ignored' ? [] : expected.replies
  return isSame(replies, wanted) ? undefined : `${shown(sent)} was answered with ${shown(replies)}`
}

export const fuzz = async ({ place, packets, payloads, seed, together = 8 }: FuzzOptions): Promise<Fuzzed> => {
  const faults: string[] = []
  let closed = 0
  const sendPackets = async (worker: number): Promise<void> => {
    const dice = new Dice(seed + worker)
    const line = new Line(place)
    for (let count = worker; count < packets; count += together) {
      const packet = packetOf(dice)
      const { outcome, replies } = await line.asks(packet.sent)
      if (outcome === 'closed') closed++
      const fault = faultIn(packet, outcome, replies)
      if (fault !== undefined) faults.push(`seed ${seed + worker}: ${fault}`)
    }
    line.closes()
  }
  const sendPayloads = async (worker: number): Promise<void> => {
    const dice = new Dice(seed + 1_000 + worker)
    for (let count = worker; count < payloads; count += together) {
      const fault = await sendPayload(place, payloadOf(dice))
      if (fault !== undefined) faults.push(`seed ${seed + 1_000 + worker}: ${fault}`)
    }
  }
  const workers = Array.from({ length: together }, (_, worker) => worker)
  await Promise.all(workers.map(sendPackets))
  await Promise.all(workers.map(sendPayloads))
  return { packets, payloads, closed, faults }
}

const bad = (status: number): boolean => status >= 400 && status < 500

/** A body to a fresh session: taken, or refused as the client's mistake; the session then answers or is gone. */
const sendPayload = async (place: Place, body: string): Promise<string | undefined> => {
  const polling = await connectPolling(place)
  const response = await polling.post(body)
  const text = await response.text()
  const about = JSON.stringify(body.slice(0, 200))
  if (response.status !== 200 && !bad(response.status)) return `${about} was answered with ${response.status}`
  if (response.status === 200 && text !== 'ok') return `${about} was answered with ${text.slice(0, 100)}`
  const question = await polling.post(`42${probe}["message-with-ack","done"]`)
  await question.text()
  if (bad(question.status)) return undefined
  if (question.status !== 200) return `after ${about} a post was answered with ${question.status}`
  for (let polls = 0; polls < 10; polls++) {
    const poll = await polling.get({ signal: AbortSignal.timeout(silenceMs) })
    const packets = (await poll.text()).split(separator)
    if (bad(poll.status) || packets.includes('1')) return undefined
    if (packets.includes(`43${probe}["done"]`)) {
      await polling.post('1')
      return undefined
    }
    if (packets.includes('2')) await polling.post('3')
  }
  return `after ${about} no answer came`
}
