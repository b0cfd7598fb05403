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

/** A request, and what becomes of the part of its body that nobody will read. */
export type Inbound = {
  readonly request: Request
  /** Resolves when the body has ended, or its sender has had some time for it. */
  dropRest(): Promise<void>
}

/** How long a client may go on sending what nobody reads, so that it sees the answer rather than a reset. */
const lingerMs = 2_000

/** @throws TypeError when the Web's rules are stricter than those of Node's parser */
export const inboundOf = ({ incoming, response }: Exchange, address: string, clock: Clock): Inbound => {
  const { method = 'GET' } = incoming
  const gone = new AbortController()
  response.once('close', () => {
    if (!response.writableFinished) gone.abort()
  })
  const head = { method, headers: headersOf(incoming), signal: gone.signal }
  if (method === 'GET' || method === 'HEAD') return { request: new Request(address, head), dropRest: async () => {} }
  const body = new InboundBody(incoming)
  // The types do not know that a body which streams must say so.
  const streamed = { ...head, body: body.stream, duplex: 'half' }
  return {
    request: new Request(address, streamed),
    async dropRest() {
      body.drop()
      if (!incoming.readableEnded && !incoming.destroyed) await within(clock, lingerMs, endOf(incoming))
    },
  }
}

const endOf = (incoming: IncomingMessage): Promise<void> =>
  new Promise((resolve) => {
    incoming.once('end', resolve)
    incoming.once('close', resolve)
  })

/** The body as it comes, one chunk for each that is asked for. */
class InboundBody {
  readonly stream: ReadableStream<Uint8Array>
  readonly #incoming: IncomingMessage
  #controller: ReadableStreamDefaultController<Uint8Array> | undefined

  constructor(incoming: IncomingMessage) {
    this.#incoming = incoming
    this.stream = new ReadableStream<Uint8Array>(
      {
        start: (controller) => {
          this.#controller = controller
        },
        pull: () => void incoming.resume(),
        cancel: () => this.drop(),
      },
      { highWaterMark: 0 },
    )
    incoming.on('data', (chunk: Buffer) => {
      if (!this.#controller) return
      this.#controller.enqueue(chunk)
      incoming.pause()
    })
    incoming.on('end', () => this.#end((controller) => controller.close()))
    incoming.on('close', () => this.#end((controller) => controller.error(new Error('the client went away'))))
    incoming.pause()
  }

  /** What still comes is read and forgotten: destroying it would take the socket with it, and the answer. */
  drop(): void {
    this.#controller = undefined
    this.#incoming.resume()
  }

  #end(how: (controller: ReadableStreamDefaultController<Uint8Array>) => void): void {
    const controller = this.#controller
    this.#controller = undefined
    if (controller) how(controller)
  }
}

/** Answers all but the end. @throws what the answer's body throws; then the head may have been sent, or not */
export const respond = async (answer: Response, { incoming, response }: Exchange): Promise<void> => {
  if (response.destroyed) {
    await answer.body?.cancel()
    return
  }
  response.statusCode = answer.status
  for (const [name, value] of answer.headers) response.appendHeader(name, value)
  if (!incoming.complete) response.setHeader('Connection', 'close')
  if (incoming.method === 'HEAD') await answer.body?.cancel()
  else if (answer.body) await pump(answer.body, response)
}

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
