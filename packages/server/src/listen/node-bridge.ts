/**
 * Node's requests as Web-standard ones, and Web-standard answers as Node's. Bodies stream both ways, no faster than the
 * other end takes them; that a client is gone is told to whoever reads from it or writes to it.
 */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Clock } from '../lib/clock.ts'
import { within } from '../lib/within.ts'

/** One exchange, as Node has it. */
export type Exchange = { readonly incoming: IncomingMessage; readonly response: ServerResponse }

/** A host that could be mistaken for a part of the path is left out: nothing but the address depends on it. */
const plainHost = /^[\w.-]+(?::\d+)?$|^\[[\da-f:.]+\](?::\d+)?$/i

/** @returns undefined when the target is no path, as in `OPTIONS *` and requests to a proxy */
export const addressOf = ({ headers, socket, url }: IncomingMessage): string | undefined => {
  if (!url?.startsWith('/')) return undefined
  const host = plainHost.test(headers.host ?? '') ? headers.host : 'localhost'
  const address = `${'encrypted' in socket && socket.encrypted ? 'https' : 'http'}://${host}${url}`
  return URL.canParse(address) ? new URL(address).href : undefined
}

export const headersOf = ({ headers }: IncomingMessage): Headers => {
  const copied = new Headers()
  for (const [name, value] of Object.entries(headers)) {
    for (const one of typeof value === 'string' ? [value] : (value ?? [])) copied.append(name, one)
  }
  return copied
}

/** @throws TypeError when the Web's rules are stricter than those of Node's parser */
export const requestOf = ({ incoming, response }: Exchange, address: string): Request => {
  const { method = 'GET' } = incoming
  const gone = new AbortController()
  response.once('close', () => {
    if (!response.writableFinished) gone.abort()
  })
  const head = { method, headers: headersOf(incoming), signal: gone.signal }
  if (method === 'GET' || method === 'HEAD') return new Request(address, head)
  // The types do not know that a body which streams must say so.
  const streamed = { ...head, body: bodyOf(incoming), duplex: 'half' }
  return new Request(address, streamed)
}

const bodyOf = (incoming: IncomingMessage): ReadableStream<Uint8Array> => {
  let wanted = true
  return new ReadableStream<Uint8Array>(
    {
      start(controller) {
        incoming.on('data', (chunk: Buffer) => {
          if (!wanted) return
          controller.enqueue(chunk)
          incoming.pause()
        })
        incoming.on('end', () => {
          if (wanted) controller.close()
          wanted = false
        })
        incoming.on('close', () => {
          if (wanted) controller.error(new Error('the client went away'))
          wanted = false
        })
        incoming.pause()
      },
      pull: () => void incoming.resume(),
      // Destroying it would take the socket with it, and the answer. What still comes is dropped.
      cancel() {
        wanted = false
        incoming.resume()
      },
    },
    { highWaterMark: 0 },
  )
}

/** How long a client may go on sending what nobody reads, so that it sees the answer rather than a reset. */
const lingerMs = 2_000

/** @throws what the answer's body throws; then the head may have been sent, or not */
export const respond = async (answer: Response, exchange: Exchange, clock: Clock): Promise<void> => {
  const { incoming, response } = exchange
  if (response.destroyed) {
    await answer.body?.cancel()
    return
  }
  response.statusCode = answer.status
  for (const [name, value] of answer.headers) response.appendHeader(name, value)
  if (!incoming.complete) response.setHeader('Connection', 'close')
  if (incoming.method === 'HEAD') await answer.body?.cancel()
  else if (answer.body) await pump(answer.body, response)
  if (!incoming.complete && !response.destroyed) {
    response.flushHeaders()
    await within(clock, lingerMs, dropRest(incoming))
  }
  // Whatever of the body waits unread would wait for as long as the connection is kept.
  incoming.resume()
  response.end()
}

const dropRest = (incoming: IncomingMessage): Promise<void> =>
  new Promise((resolve) => {
    incoming.once('end', resolve)
    incoming.once('close', resolve)
    incoming.resume()
  })

const pump = async (body: ReadableStream<Uint8Array>, response: ServerResponse): Promise<void> => {
  const reader = body.getReader()
  const stop = () => void reader.cancel().catch(ignoreFailed)
  response.once('close', stop)
  // A stream whose first bytes are far away has begun all the same.
  const flushing = setImmediate(() => response.flushHeaders())
  try {
    for (;;) {
      const { done, value } = await reader.read()
      if (done || response.destroyed) return
      if (!response.write(value)) await roomIn(response)
    }
  } finally {
    clearImmediate(flushing)
    response.off('close', stop)
  }
}

/** The stream had failed before it could be cancelled: its reader has been told. */
const ignoreFailed = (): void => {}

const roomIn = (response: ServerResponse): Promise<void> =>
  new Promise((resolve) => {
    const go = () => {
      response.off('drain', go)
      response.off('close', go)
      resolve()
    }
    response.on('drain', go)
    response.on('close', go)
  })
