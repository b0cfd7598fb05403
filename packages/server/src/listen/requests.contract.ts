/** What a listener owes to requests: the Web's, whole, in both directions. */
import assert from 'node:assert/strict'
import { connect } from 'node:net'
import { readBody } from '../http/body.ts'
import type { Handle, Play } from './listener.world.ts'

const utf8 = new TextEncoder()
const words = async (response: Response) => ({ status: response.status, text: await response.text() })

/** Gives bytes as they are asked for, and counts. */
const endless = (piece: number) => {
  const told = { pulled: 0, cancelled: false }
  const body = new ReadableStream<Uint8Array>(
    {
      pull(controller) {
        told.pulled += piece
        controller.enqueue(new Uint8Array(piece))
      },
      cancel() {
        told.cancelled = true
      },
    },
    { highWaterMark: 0 },
  )
  return { body, told }
}

const until = async (true_: () => boolean, what: string): Promise<void> => {
  for (let tries = 0; tries < 400; tries++) {
    if (true_()) return
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
  assert.fail(`not in 4 s: ${what}`)
}

const echo: Handle = async (request, remote) => {
  const body = request.body === null ? 'none' : await request.text()
  const { pathname, search } = new URL(request.url)
  const answer = Response.json({ method: request.method, at: pathname + search, body, from: remote.address })
  answer.headers.set('X-Heard', request.headers.get('x-said') ?? '')
  answer.headers.append('Set-Cookie', 'a=1; Path=/')
  answer.headers.append('Set-Cookie', 'b=2; Path=/')
  return answer
}

export const describeRequests = (play: Play): void => {
  play(
    'method, address, headers and body come as they were sent, and the answer as it was made',
    async (world) => {
      const asked = { method: 'POST', body: 'grüße', headers: { 'X-Said': 'hello' } }
      const answer = await fetch(`${world.url}/some/path?a=1&b=%20`, asked)
      assert.deepEqual(answer.headers.getSetCookie(), ['a=1; Path=/', 'b=2; Path=/'])
      assert.equal(answer.headers.get('x-heard'), 'hello')
      const { from, ...told } = (await answer.json()) as { from: string }
      assert.deepEqual(told, { method: 'POST', at: '/some/path?a=1&b=%20', body: 'grüße' })
      assert.match(from, /^(?:::ffff:)?127\.0\.0\.1$/)
      const head = await fetch(world.url, { method: 'HEAD' })
      assert.deepEqual([head.status, head.headers.get('x-heard'), await head.text()], [200, '', ''])
    },
    { handle: echo },
  )

  play(
    'answers without a body have none, and the connection goes on',
    async (world) => {
      for (const status of [204, 304, 404]) {
        const answer = await fetch(`${world.url}/${status}`)
        assert.deepEqual(await words(answer), { status, text: '' })
      }
    },
    { handle: (request) => new Response(null, { status: Number(new URL(request.url).pathname.slice(1)) }) },
  )

  play(
    'a body that is too large is refused while it is sent, and the sender hears why',
    async (world) => {
      const send = (size: number) => fetch(world.url, { method: 'POST', body: 'x'.repeat(size) })
      assert.deepEqual(await words(await send(100_000)), { status: 200, text: '100000' })
      for (const size of [100_001, 5_000_000]) assert.equal((await words(await send(size))).status, 413)
      assert.equal((await send(10)).status, 200)
    },
    {
      handle: async (request) => {
        try {
          return new Response(`${(await readBody(request, 100_000)).length}`)
        } catch {
          return new Response('too large', { status: 413 })
        }
      },
    },
  )

  play(
    'a body that nobody reads keeps neither the answer nor the next request',
    async (world) => {
      for (const size of [10, 300_000, 10]) {
        const answer = await fetch(world.url, { method: 'POST', body: 'x'.repeat(size) })
        assert.deepEqual(await words(answer), { status: 200, text: 'no, thank you' })
      }
    },
    { handle: () => new Response('no, thank you') },
  )

  const stream = { controller: undefined as ReadableStreamDefaultController<Uint8Array> | undefined }
  play(
    'each part of a stream is there as it is written, and its end at the end',
    async (world) => {
      const answer = await fetch(world.url)
      assert.equal(answer.headers.get('content-type'), 'text/event-stream')
      const reader = answer.body!.pipeThrough(new TextDecoderStream()).getReader()
      assert.equal((await reader.read()).value, ': hello\n\n')
      for (const part of [': one\n\n', 'data: two\n\n']) {
        stream.controller?.enqueue(utf8.encode(part))
        assert.equal((await reader.read()).value, part)
      }
      stream.controller?.close()
      assert.equal((await reader.read()).done, true)
    },
    {
      handle: () =>
        new Response(
          new ReadableStream<Uint8Array>({
            start(controller) {
              stream.controller = controller
              // Bun sends no head before there is something to send with it.
              controller.enqueue(utf8.encode(': hello\n\n'))
            },
          }),
          { headers: { 'Content-Type': 'text/event-stream' } },
        ),
    },
  )

  const left = { aborted: false, cancelled: false }
  play(
    'whoever goes away in the middle of a stream is known to be gone',
    async (world) => {
      const leaving = new AbortController()
      const answer = await fetch(world.url, { signal: leaving.signal })
      await answer.body!.getReader().read()
      leaving.abort()
      await until(() => left.aborted || left.cancelled, 'the handler heard that its reader left')
    },
    {
      handle: ({ signal }) => {
        signal.addEventListener('abort', () => {
          left.aborted = true
        })
        return new Response(
          new ReadableStream<Uint8Array>({
            start: (controller) => controller.enqueue(utf8.encode('first')),
            cancel() {
              left.cancelled = true
            },
          }),
        )
      },
    },
  )

  const gone = { asked: false, aborted: false }
  play(
    'whoever goes away before the answer is known to be gone',
    async (world) => {
      const leaving = new AbortController()
      const asking = fetch(world.url, { signal: leaving.signal }).catch(() => 'left')
      await until(() => gone.asked, 'the handler was asked')
      leaving.abort()
      assert.equal(await asking, 'left')
      await until(() => gone.aborted, 'the signal aborted')
    },
    {
      handle: ({ signal }) => {
        gone.asked = true
        return new Promise((resolve) =>
          signal.addEventListener('abort', () => {
            gone.aborted = true
            resolve(new Response('nobody reads this'))
          }),
        )
      },
    },
  )

  const slow = endless(64 * 1024)
  play(
    'a stream is asked for no more than its reader takes',
    async (world) => {
      const { hostname, port } = new URL(world.url)
      const socket = connect(Number(port), hostname)
      socket.on('error', () => {})
      socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n')
      await new Promise((resolve) => socket.once('data', resolve))
      socket.pause()
      let before = -1
      await until(() => {
        const still = before === slow.told.pulled
        before = slow.told.pulled
        return still
      }, 'nothing more is asked for')
      assert.ok(before < 64 * 1024 * 1024, `${before} bytes were taken for a reader that reads nothing`)
      socket.resume()
      await until(() => slow.told.pulled > before + 8 * 1024 * 1024, 'it goes on when the reader does')
      socket.destroy()
      await until(() => slow.told.cancelled, 'the stream is cancelled')
    },
    { handle: () => new Response(slow.body) },
  )

  play(
    'a body that fails in the middle breaks the answer off, and nothing else',
    async (world) => {
      const read = async () => (await fetch(`${world.url}/broken`)).text()
      await assert.rejects(read())
      assert.equal(await (await fetch(`${world.url}/fine`)).text(), 'fine')
    },
    {
      handle: (request) => {
        if (request.url.endsWith('/fine')) return new Response('fine')
        let pulls = 0
        return new Response(
          new ReadableStream<Uint8Array>({
            async pull(controller) {
              await new Promise((resolve) => setTimeout(resolve, 5))
              if (pulls++ === 0) controller.enqueue(utf8.encode('half of it'))
              else controller.error(new Error('the rest is lost'))
            },
          }),
        )
      },
    },
  )
}
