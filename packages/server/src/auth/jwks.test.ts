import { expect, test } from 'bun:test'
import { exportJWK, generateKeyPair } from 'jose'
import { fakeClock } from '../lib/fake-clock.ts'
import { silentLog } from '../lib/log.ts'
import { checkJwksUrl, type JwksOptions, jwksKeys } from './jwks.ts'

const pair = await generateKeyPair('ES256', { extractable: true })
const jwk = await exportJWK(pair.publicKey)
const setOf = (...kids: string[]) => JSON.stringify({ keys: kids.map((kid) => ({ ...jwk, kid })) })

const world = (answers: { now: () => Response | Promise<Response> }, options: Partial<JwksOptions> = {}) => {
  const clock = fakeClock()
  const asked = { times: 0 }
  const fetch = async () => {
    asked.times++
    return answers.now()
  }
  const keys = jwksKeys({ url: 'https://id.example/keys', clock, log: silentLog, fetch, ...options })
  const kids = async (kid: string) => (await keys.find(kid, 'ES256')).map((key) => key.kid)
  return { clock, asked, keys, kids }
}

test('fetches when first asked, and once for everybody who asks meanwhile', async () => {
  const { asked, kids } = world({ now: () => new Response(setOf('a')) })
  expect(asked.times).toBe(0)
  expect(await Promise.all([kids('a'), kids('a'), kids('a')])).toEqual([['a'], ['a'], ['a']])
  expect(asked.times).toBe(1)
})

test('finds a key that is rotated in, and drops one that is rotated out', async () => {
  const answers = { now: () => new Response(setOf('a')) }
  const { clock, kids } = world(answers)
  await kids('a')
  answers.now = () => new Response(setOf('b'))
  await clock.advance(10_000)
  expect(await kids('b')).toEqual(['b'])
  expect(await kids('a')).toEqual([])
})

test('drops a withdrawn key within ten minutes, though nobody asks for another', async () => {
  const answers = { now: () => new Response(setOf('a')) }
  const { clock, kids } = world(answers)
  await kids('a')
  answers.now = () => new Response(setOf('b'))
  await clock.advance(600_001)
  expect(await kids('a')).toEqual([])
})

test('a flood of unknown names costs one fetch in a cooldown', async () => {
  const { asked, clock, kids } = world({ now: () => new Response(setOf('a')) })
  for (let index = 0; index < 1_000; index++) expect(await kids(`made-up-${index}`)).toEqual([])
  expect(asked.times).toBe(1)
  await clock.advance(10_000)
  await kids('made-up')
  expect(asked.times).toBe(2)
})

test('an address that does not answer: old keys serve for an hour, and nobody is told that their token is wrong', async () => {
  const answers = { now: () => new Response(setOf('a')) }
  const { asked, clock, kids } = world(answers)
  await kids('a')
  answers.now = () => new Response('down', { status: 503 })
  await clock.advance(601_000)
  expect(await kids('a')).toEqual(['a'])
  await expect(kids('b')).rejects.toMatchObject({ code: 'unavailable', retryAfterMs: 10_000 })
  expect(await kids('a')).toEqual(['a'])
  expect(asked.times).toBe(2)
  await clock.advance(3_000_000)
  await expect(kids('a')).rejects.toMatchObject({ code: 'unavailable' })
})

test('what is no key set, too large or elsewhere gives no keys', async () => {
  const bad = [
    () => new Response('{'),
    () => new Response('{"keys":7}'),
    () => new Response(JSON.stringify({ keys: Array(101).fill(jwk) })),
    () => new Response(`${setOf('a')}${' '.repeat(300_000)}`),
    () => new Response(setOf('a'), { status: 404 }),
    () => Promise.reject(new Error('refused')),
  ]
  for (const now of bad) await expect(world({ now }).kids('a')).rejects.toMatchObject({ code: 'unavailable' })
})

test('symmetric keys, keys for encryption and keys of other algorithms are passed over', async () => {
  const keys = [
    { kty: 'oct', k: 'AAAA', kid: 'oct', alg: 'HS256' },
    { ...jwk, kid: 'enc', use: 'enc' },
    { ...jwk, kid: 'crossed', alg: 'RS256' },
    { ...jwk, kid: 'good', alg: 'ES256' },
    null,
  ]
  const { kids } = world({ now: () => new Response(JSON.stringify({ keys })) })
  expect(await kids('good')).toEqual(['good'])
  for (const kid of ['oct', 'enc', 'crossed']) expect(await kids(kid)).toEqual([])
})

test('an algorithm that is not wanted is passed over too', async () => {
  const { kids } = world({ now: () => new Response(setOf('a')) }, { algorithms: ['EdDSA'] })
  expect(await kids('a')).toEqual([])
})

test('follows no redirect and waits no longer than it may, on a real socket', async () => {
  await using server = Bun.serve({
    port: 0,
    hostname: '127.0.0.1',
    fetch: (request) => {
      const { pathname } = new URL(request.url)
      if (pathname === '/moved') return Response.redirect('/keys')
      return pathname === '/keys' ? new Response(setOf('a')) : new Promise<Response>(() => {})
    },
  })
  const at = (path: string) =>
    jwksKeys({ url: `http://127.0.0.1:${server.port}${path}`, clock: fakeClock(), log: silentLog, timeoutMs: 100 })
  expect(await at('/keys').find('a', 'ES256')).toHaveLength(1)
  for (const path of ['/moved', '/silent']) {
    expect(
      await at(path)
        .find('a', 'ES256')
        .catch((error) => error),
    ).toMatchObject({ code: 'unavailable' })
  }
  server.stop(true)
})

test('only addresses where keys cannot be forged on the way', () => {
  for (const url of ['https://id.example/k', 'http://127.0.0.1:9/k', 'http://localhost/k', 'http://[::1]/k']) {
    expect(checkJwksUrl(url)).toBe(url)
  }
  for (const url of [
    'http://id.example/k',
    'http://127.0.0.1.evil.example/k',
    'http://localhost.evil.example/k',
    'https://me:pass@id.example/k',
    'file:///etc/keys',
    'keys.json',
  ]) {
    expect(() => checkJwksUrl(url)).toThrow('https')
  }
})
