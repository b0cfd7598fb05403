/** S-12: nothing that was shown to prove who one is, and nothing that was said, is in a log, a metric or a refusal. */
import { afterAll, beforeAll, expect, test } from 'bun:test'
import { fileURLToPath } from 'node:url'
import { Actor, type Closed, type ServerProcess, startServerProcess } from '@fanfare/testkit'
import { runFanfare } from './clients/fanfare.ts'
import { eventually } from './clients/listening.ts'
import { environment, tokenFor } from './clients/signing.ts'

const app = fileURLToPath(new URL('clients/leaky.ts', import.meta.url))
let server: ServerProcess
/** What the server answered where it refused: bodies, error frames, close reasons. */
const refusals: string[] = []
const canaries: { [name: string]: string } = {}

/** A word that occurs nowhere else. */
const canary = (name: string): string => {
  canaries[name] ??= `kanari${name.replaceAll(/\W/g, '')}${crypto.randomUUID().replaceAll('-', '')}`
  return canaries[name]
}

/** The whole token, and the parts of it that would be enough to guess the rest. */
const known = (name: string, token: string): string => {
  canaries[name] = token
  for (const [index, part] of token.split('.').slice(1).entries()) {
    if (part !== '') canaries[`${name}, part ${index + 1}`] = part
  }
  return token
}

beforeAll(async () => {
  const debug = { ...environment, FANFARE_LOG_LEVEL: 'debug', FANFARE_LIMIT_FRAMES_BURST: '1000' }
  server = await startServerProcess({ app, environment: debug })
})
afterAll(() => server?.[Symbol.asyncDispose]())

const ask = async (path: string, init: RequestInit & { credential?: string; json?: unknown } = {}) => {
  const { credential, json, ...rest } = init
  const headers = new Headers(rest.headers)
  if (credential !== undefined) headers.set('authorization', `Bearer ${credential}`)
  if (json !== undefined) headers.set('content-type', 'application/json')
  const body = json === undefined ? {} : { method: 'POST', body: JSON.stringify(json) }
  const response = await fetch(`${server.url}${path}`, { ...body, ...rest, headers })
  const text = await response.text()
  if (response.status >= 400) refusals.push(`${response.status} ${JSON.stringify([...response.headers])} ${text}`)
  return { status: response.status, text }
}

const open = (name: string, path: string, protocols: readonly string[] = ['fanfare.v1'], token?: string) =>
  new Actor({
    name,
    url: `${server.url.replace('http', 'ws')}${path}`,
    protocols,
    headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
  })

const keep = (closed: Closed, actor: Actor) => {
  refusals.push(`${closed.code} ${closed.reason}`)
  for (const frame of actor.frames.items) if (frame.type === 'error') refusals.push(JSON.stringify(frame))
}

/** A link that the server is to refuse. */
const refused = async (path: string, init: { protocols?: string[]; token?: string; frame?: string } = {}) => {
  const actor = open('stranger', path, init.protocols, init.token)
  const { frame } = init
  if (frame !== undefined) actor.socket.addEventListener('open', () => actor.sendsRaw(frame))
  keep(await actor.closed, actor)
}

test('credentials that are good, and credentials that are not, in every place where one can be shown', async () => {
  const good = known('a good token', await tokenFor('acme', 'ann', { grants: [`read:${canary('grant')}`] }))
  const [header, payload, signature] = good.split('.') as [string, string, string]
  const forged = `${header}.${payload}.${signature.split('').reverse().join('')}`
  known('a forged token', forged)
  const none = known('an unsigned token', `${btoa('{"alg":"none"}').replaceAll('=', '')}.${payload}.`)
  const strange = canary('no token at all')
  for (const credential of [
    forged,
    none,
    strange,
    `ff_0123456789abcdef_${canary('wrong key').padEnd(43, 'x').slice(0, 43)}`,
  ]) {
    expect((await ask('/v1/stats', { credential })).status).toBe(401)
    expect((await ask(`/v1/stats?token=${credential}`)).status).toBe(401)
    expect((await ask(`/v1/stream?room=open:1&ticket=${encodeURIComponent(credential)}`)).status).toBe(401)
    await refused('/v1/websocket', { token: credential })
    await refused('/v1/websocket', { protocols: ['fanfare.v1', `bearer.${credential}`] })
    await refused(`/v1/websocket?ticket=${encodeURIComponent(credential)}`)
    await refused(`/v1/websocket?token=${encodeURIComponent(credential)}`)
    await refused('/v1/websocket', { frame: JSON.stringify({ type: 'auth', token: credential }) })
    await refused('/v1/websocket', { frame: `{"type":"auth","token":"${credential}` })
  }
  await ask(`/v1/stats?token=${good}`)
  await ask(`/nowhere/${good}?ticket=${strange}`)
  const { text } = await ask('/v1/tickets', { method: 'POST', credential: good })
  const { ticket } = JSON.parse(text) as { ticket: string }
  canaries['a ticket'] = ticket
  const guest = open('guest', `/v1/websocket?ticket=${ticket}`)
  await guest.sees('connected')
  await guest.goes()
  await refused(`/v1/websocket?ticket=${ticket}`)
  expect((await ask('/v1/stats', { credential: ticket })).status).toBe(401)
})

test('an API key, made, used and revoked', async () => {
  const folder = ['--tenant', 'acme', '--data', server.dataFolder]
  const made = await runFanfare(['key', 'create', ...folder, '--name', 'gateway', '--scope', 'publish'])
  const key = made.lines[0]!
  canaries['an API key'] = key
  canaries['the secret of an API key'] = key.split('_').slice(2).join('_')
  const json = { event: 'said', data: { text: canary('payload by key') }, key: canary('idempotency key') }
  expect((await ask('/v1/rooms/open%3A1/events', { credential: key, json })).status).toBe(201)
  expect((await ask('/v1/rooms/open%3A1/history', { credential: key })).status).toBe(403)
  await refused('/v1/websocket', { token: key })
  await runFanfare(['key', 'revoke', key.split('_')[1]!, ...folder])
  expect((await ask('/v1/rooms/open%3A1/events', { credential: key, json })).status).toBe(401)
})

test('everything that can be said over HTTP, taken and refused', async () => {
  const credential = known(
    'the token of a publisher',
    await tokenFor('acme', 'publisher', { nickname: canary('claim') }),
  )
  const publish = (room: string, event: string, data: unknown, extra: object = {}) =>
    ask(`/v1/rooms/${encodeURIComponent(room)}/events`, { credential, json: { event, data, ...extra } })
  const text = canary('payload')
  expect((await publish('open:1', 'said', { text })).status).toBe(201)
  expect((await publish('open:1', 'lost', { text })).status).toBe(201)
  expect((await publish('open:1', 'never.reacts', { text })).status).toBe(201)
  expect((await publish('open:1', 'strict', { count: text })).status).toBe(422)
  expect((await publish('open:1', 'said', { text: [text] })).status).toBe(422)
  expect((await publish('open:1', 'said', text)).status).toBe(422)
  expect((await publish('guarded:1', 'said', { text })).status).toBe(403)
  expect((await publish('nowhere', 'said', { text })).status).toBe(404)
  const long = canary('long idempotency key').padEnd(300, 'x')
  expect((await publish('open:1', 'said', { text }, { key: long })).status).toBe(400)
  const raw = { method: 'POST', credential, headers: { 'content-type': 'application/json' } }
  for (const body of [text, `{"event":"said","data":{"text":"${text}"`, `{"${text}":${text}}`, `["${text}"]`]) {
    expect((await ask('/v1/rooms/open%3A1/events', { ...raw, body })).status).toBe(400)
    await ask('/v1/events', { ...raw, body })
    await ask('/app/breaks', { ...raw, body })
  }
  const events = [
    { room: 'open:1', event: 'strict', data: { count: text } },
    { room: 'guarded:1', event: 'said', data: { text } },
    { room: 'open:1', event: 'said', data: { text } },
  ]
  refusals.push((await ask('/v1/events', { credential, json: { events } })).text)
  const input = canary('command input')
  for (const name of ['breaks', 'breaks:bare']) {
    expect((await ask(`/v1/commands/${name}`, { credential, json: { input: { text: input } } })).status).toBe(500)
  }
  expect((await ask('/v1/commands/strict', { credential, json: { input: { count: input } } })).status).toBe(422)
  expect((await ask('/v1/commands/works', { credential, json: { input: { text: input } } })).status).toBe(200)
})

test('everything that can be said over a WebSocket, taken and refused', async () => {
  const token = known('the token of a member', await tokenFor('acme', 'member'))
  const ann = open('ann', '/v1/websocket', ['fanfare.v1'], token)
  await ann.sees('connected')
  for (const room of ['open:2', 'memory:1']) await ann.joins(room)
  const text = canary('spoken payload')
  const state = canary('presence state')
  const frames = [
    { type: 'subscribe', room: 'guarded:1' },
    { type: 'history', room: 'guarded:1' },
    { type: 'publish', room: 'open:2', event: 'said', data: { text }, key: canary('spoken key') },
    { type: 'publish', room: 'open:2', event: 'lost', data: { text } },
    { type: 'publish', room: 'open:2', event: 'strict', data: { count: text } },
    { type: 'publish', room: 'guarded:1', event: 'said', data: { text } },
    { type: 'publish', room: 'open:2', event: 'said', data: { text }, key: canary('long key').padEnd(300, 'x') },
    { type: 'command', name: 'breaks', input: { text } },
    { type: 'command', name: 'breaks:bare', input: { text } },
    { type: 'command', name: 'strict', input: { count: text } },
    { type: 'presence', room: 'open:2', state: { state } },
    { type: 'presence', room: 'memory:1', state: { state } },
  ]
  for (const frame of frames) {
    const id = crypto.randomUUID()
    ann.sendsRaw(JSON.stringify({ ...frame, id }))
    const answered = (came: object) => 'id' in came && came.id === id
    refusals.push(JSON.stringify(await ann.frames.take('an answer', answered)).replace(/"data":.*/, ''))
  }
  for (const data of [text, `{"constructor":"${text}"}}`, `"${text}"}}`]) {
    ann.sendsRaw(`{"type":"publish","data":${data}`)
    refusals.push(JSON.stringify(await ann.sees('error')))
  }
  ann.sends({ type: 'auth', token: known('a token of somebody else', await tokenFor('acme', 'else')) })
  keep(await ann.closed, ann)
})

test('of all of it there is no trace in logs, metrics and refusals, though the logs tell what failed', async () => {
  const metrics = await fetch(`${server.url}/metrics`).then((response) => response.text())
  const failures = ['a reaction failed', 'an access rule threw', 'a frame failed', 'a request failed']
  await eventually(() => failures.every((message) => server.output.includes(message)))
  expect(server.output).toContain('clients/leaky.ts')
  expect(server.output).toContain('"msg":"request"')
  await server.stop()
  const places = { logs: server.output, metrics, refusals: refusals.join('\n') }
  expect(Object.keys(canaries).length).toBeGreaterThan(15)
  expect(refusals.length).toBeGreaterThan(50)
  const hits = Object.entries(places).flatMap(([place, text]) =>
    Object.entries(canaries)
      .filter(([, word]) => text.includes(word))
      .map(
        ([name, word]) =>
          `${name} in ${place}: ${text.slice(Math.max(0, text.indexOf(word) - 150), text.indexOf(word) + 50)}`,
      ),
  )
  expect(hits).toEqual([])
})
