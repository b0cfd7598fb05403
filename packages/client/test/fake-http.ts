/** A scripted HTTP server behind `fetch`: event streams that a test writes to, and answers by method and path. */
import type { Json, RoomEvent, ServerFrame } from '@fanfare/protocol'
import type { Fetch } from '../src/surroundings.ts'

export class FakeStream {
  readonly url: string
  readonly headers: Headers
  readonly body: ReadableStream<Uint8Array>
  aborted = false
  #controller: ReadableStreamDefaultController<Uint8Array> | undefined

  constructor(url: string, init: RequestInit) {
    this.url = url
    this.headers = new Headers(init.headers)
    this.body = new ReadableStream({
      start: (controller) => {
        this.#controller = controller
      },
    })
    init.signal?.addEventListener('abort', () => {
      this.aborted = true
      this.#controller?.error(init.signal?.reason)
    })
  }

  write(text: string): void {
    this.#controller?.enqueue(new TextEncoder().encode(text))
  }
  comments(): void {
    this.write(':\n\n')
  }
  block(event: string, data: unknown, id = ''): void {
    this.write(`event: ${event}\ndata: ${JSON.stringify(data)}\n${id ? `id: ${id}\n` : ''}\n`)
  }
  subscribes(room: string, offset: number, more: Partial<ServerFrame & { type: 'subscription' }> = {}): void {
    const frame = { type: 'subscription', room, status: 'subscribed', epoch: 'e1', offset, delivery: 'every', ...more }
    this.block('subscription', frame, `cursor-${room}-${offset}`)
  }
  tells(...events: RoomEvent[]): void {
    for (const event of events) this.block(event.type, event, `cursor-${event.room}-${event.offset}`)
  }
  ends(): void {
    this.#controller?.close()
  }
}

export class FakeHttp {
  readonly streams: FakeStream[] = []
  readonly bodies: { readonly [member: string]: Json }[] = []
  readonly #answers = new Map<string, () => Response>()

  get stream(): FakeStream {
    const stream = this.streams.at(-1)
    if (!stream) throw new Error('The client opened no stream.')
    return stream
  }

  answers(method: string, path: string, result: unknown): void {
    this.#answers.set(`${method} ${path}`, () => Response.json(result))
  }

  refuses(method: string, path: string, problem: { readonly status: number; readonly code: string; detail?: string }) {
    const headers = { 'content-type': 'application/problem+json' }
    const { status } = problem
    this.#answers.set(`${method} ${path}`, () => new Response(JSON.stringify(problem), { status, headers }))
  }

  /** What nobody scripted breaks off. */
  readonly fetch: Fetch = async (url, init) => {
    const { pathname, search } = new URL(url)
    if (pathname === '/health') return new Response('ok')
    if (pathname === '/v1/stream') {
      const stream = new FakeStream(url, init)
      this.streams.push(stream)
      return new Response(stream.body, { headers: { 'content-type': 'text/event-stream' } })
    }
    if (typeof init.body === 'string') this.bodies.push(JSON.parse(init.body))
    const answer = this.#answers.get(`${init.method} ${pathname}${search}`)
    if (!answer) throw new TypeError(`nothing answers ${init.method} ${pathname}${search}`)
    return answer()
  }
}
