/** A socket that says what no HTTP client would, and what the server answered before it closed or fell silent. */
import { connect, type Socket } from 'node:net'

export type Raw = Disposable & {
  readonly socket: Socket
  /** What came so far, as latin1. */
  heard(): string
  /** Resolves true when the server closed in time. */
  ended(withinMs: number): Promise<boolean>
  /** Resolves with what came when it matches; undefined when the time is over or the server closed. */
  hears(match: RegExp, withinMs: number): Promise<string | undefined>
}

export const rawTo = async (url: string): Promise<Raw> => {
  const { hostname, port } = new URL(url)
  const socket = connect(Number(port), hostname)
  let text = ''
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()))
  socket.on('error', () => {})
  const changed = new Set<() => void>()
  socket.on('data', (chunk) => {
    text = (text + chunk.toString('latin1')).slice(-1_000_000)
    for (const look of [...changed]) look()
  })
  await new Promise<void>((resolve) => socket.once('connect', resolve))
  const inTime = <Result>(work: Promise<Result>, withinMs: number, late: Result): Promise<Result> => {
    const { promise, resolve } = Promise.withResolvers<Result>()
    const timer = setTimeout(() => resolve(late), withinMs)
    return Promise.race([work, promise]).finally(() => clearTimeout(timer))
  }
  return {
    socket,
    heard: () => text,
    ended: (withinMs) =>
      inTime(
        closed.then(() => true),
        withinMs,
        false,
      ),
    hears(match, withinMs) {
      const { promise, resolve } = Promise.withResolvers<string | undefined>()
      const look = () => {
        if (match.test(text)) resolve(text)
      }
      changed.add(look)
      look()
      void closed.then(() => resolve(match.test(text) ? text : undefined))
      return inTime(promise, withinMs, undefined).finally(() => changed.delete(look))
    },
    [Symbol.dispose]: () => socket.destroy(),
  }
}

/** The request of an upgrade, without the line that ends it. */
export const upgradeRequest = (url: string, path: string, headers: readonly string[] = []): string =>
  [
    `GET ${path} HTTP/1.1`,
    `Host: ${new URL(url).host}`,
    'Upgrade: websocket',
    'Connection: Upgrade',
    'Sec-WebSocket-Version: 13',
    'Sec-WebSocket-Key: MDEyMzQ1Njc4OWFiY2RlZg==',
    ...headers,
    '',
  ].join('\r\n')

/** A client's frame with a mask of zeros, so that what is written is what is meant. @param first FIN, reserved bits and opcode */
export const frameWith = (first: number, payload: Uint8Array): Buffer => {
  const { length } = payload
  const short = length < 126
  const long = length > 65_535
  const head = Buffer.alloc(2 + (short ? 0 : long ? 8 : 2) + 4)
  head[0] = first
  head[1] = 0x80 | (short ? length : long ? 127 : 126)
  if (long) head.writeBigUInt64BE(BigInt(length), 2)
  else if (!short) head.writeUInt16BE(length, 2)
  return Buffer.concat([head, payload])
}
