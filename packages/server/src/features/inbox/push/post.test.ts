import { expect, test } from 'bun:test'
import { once } from 'node:events'
import http from 'node:http'
import https from 'node:https'
import type { AddressInfo, Server } from 'node:net'
import { fakeClock } from '../../../lib/fake-clock.ts'
import { certificate, privateKey } from './certificate.fixture.ts'
import type { Mode } from './endpoint.ts'
import { createPoster, NotPublic, type PosterOptions } from './post.ts'

const serving = async (server: Server) => {
  let connections = 0
  server.on('connection', () => connections++)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    connections: () => connections,
    async [Symbol.asyncDispose]() {
      if ('closeAllConnections' in server) (server as http.Server).closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

const poster = (mode: Mode, more: Partial<PosterOptions> = {}) => {
  const made = createPoster({ mode, clock: fakeClock(), timeoutMs: 5_000, ...more })
  return { ...made, [Symbol.dispose]: () => made.close() }
}

const to = (url: string) => ({ url, headers: { TTL: 60 }, body: Buffer.from('sealed') })

test('what is posted arrives, and only the status of the answer is read', async () => {
  const bodies: string[] = []
  await using server = await serving(
    http.createServer(async (request, response) => {
      for await (const chunk of request) bodies.push(String(chunk))
      response.writeHead(429, { 'Retry-After': '7' })
      // It never ends.
      response.write('x'.repeat(100_000))
    }),
  )
  using post = poster('development')
  expect(await post.post(to(`http://127.0.0.1:${server.port}/x`))).toEqual({ status: 429, retryAfterMs: 7_000 })
  expect(bodies).toEqual(['sealed'])
})

test('over https it is looked at who answers', async () => {
  const tls = https.createServer({ cert: certificate, key: privateKey }, (_, response) => response.writeHead(201).end())
  await using server = await serving(tls)
  using trusting = poster('development', { ca: certificate })
  expect(await trusting.post(to(`https://localhost:${server.port}/x`))).toMatchObject({ status: 201 })
  using other = poster('development')
  await expect(other.post(to(`https://localhost:${server.port}/x`))).rejects.toThrow(/certificate|self.signed/i)
})

test('a name that leads inside is not called, in whatever way it is written', async () => {
  await using server = await serving(http.createServer((_, response) => response.end()))
  using post = poster('production')
  for (const url of [
    `https://localhost:${server.port}/x`,
    `https://127.0.0.1:${server.port}/x`,
    `https://[::1]:${server.port}/x`,
    `https://[::ffff:127.0.0.1]:${server.port}/x`,
    `http://example.com:${server.port}/x`,
  ]) {
    await expect(post.post(to(url))).rejects.toBeInstanceOf(NotPublic)
  }
  expect(server.connections()).toBe(0)
})

test('an answer that says to go elsewhere is the answer', async () => {
  const asked: (string | undefined)[] = []
  await using server = await serving(
    http.createServer((request, response) => {
      asked.push(request.url)
      response.writeHead(307, { Location: '/elsewhere' }).end()
    }),
  )
  using post = poster('development')
  expect(await post.post(to(`http://127.0.0.1:${server.port}/x`))).toMatchObject({ status: 307 })
  expect(asked).toEqual(['/x'])
})

test('who does not answer is not waited for', async () => {
  const clock = fakeClock()
  const silent = http.createServer(() => {})
  await using server = await serving(silent)
  using post = poster('development', { clock })
  const failure = post.post(to(`http://127.0.0.1:${server.port}/x`)).catch((error: unknown) => error)
  await once(silent, 'request')
  await clock.advance(5_000)
  expect(await failure).toMatchObject({ message: 'No answer within 5000 ms.' })
})

test('nobody there is an error like no answer', async () => {
  const gone = await serving(http.createServer())
  await gone[Symbol.asyncDispose]()
  using post = poster('development')
  await expect(post.post(to(`http://127.0.0.1:${gone.port}/x`))).rejects.toThrow()
})
