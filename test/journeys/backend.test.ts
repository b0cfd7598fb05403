/** A tenant's own server, by the package for it, against a whole server: every verb, and one effect whatever the network does. */
import { afterAll, beforeAll, expect, test } from 'bun:test'
import { mkdtempSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Backend, type BackendOptions, createBackend, FanfareError } from '@fanfare/backend'
import type { RoomEvent } from '@fanfare/protocol'
import { defineApp } from '@fanfare/server'
import { homeTenant, startWorld, type World } from '@fanfare/testkit'
import { z } from 'zod'
import { run } from '../../packages/server/src/cli/program.ts'
import { fakeTerminal } from '../../packages/server/src/cli/terminal.fake.ts'
import { FlakyFront } from '../support/flaky-front.ts'

const app = defineApp({
  rooms: {
    'ward:{id}': {
      events: { 'note.added': z.object({ text: z.string() }) },
      log: { keep: 1_000, durable: true },
      access: ({ user, params }) => user.may('read', 'ward', params.id),
      presence: { grace: '5s' },
    },
  },
})

const secret = 'a secret of a test, forty-eight bytes of it, and no more'
const folder = mkdtempSync(join(tmpdir(), 'fanfare-backend-'))
let world: World
let front: FlakyFront
let keys: { readonly all: string; readonly read: string }

const keyWith = async (...scopes: readonly string[]) => {
  const terminal = fakeTerminal({ folder })
  const words = scopes.flatMap((scope) => ['--scope', scope])
  const about = ['--tenant', homeTenant, '--name', 'clinic', '--data', join(folder, 'data')]
  expect(await run(['key', 'create', ...about, ...words], terminal.terminal, '1.0.0')).toBe(0)
  return terminal.lines[0] ?? ''
}

beforeAll(async () => {
  keys = { all: await keyWith('publish', 'read', 'admin'), read: await keyWith('read') }
  world = await startWorld({ app, config: { dataFolder: join(folder, 'data'), secret } })
  front = await FlakyFront.open(world.url)
})
afterAll(async () => {
  await front[Symbol.asyncDispose]()
  await world[Symbol.asyncDispose]()
  await rm(folder, { recursive: true })
})

const open = (options: Partial<BackendOptions> = {}): Backend<typeof app> =>
  createBackend<typeof app>({
    url: front.url,
    apiKey: keys.all,
    secret,
    tenant: homeTenant,
    retry: { minMs: 1, maxMs: 5 },
    ...options,
  })

const textsIn = async (backend: Backend<typeof app>, room: `ward:${string}`) =>
  (await backend.history(room)).events.map(({ data }) => data.text)

const refusal = async (work: Promise<unknown>): Promise<FanfareError> => {
  const error = await work.catch((thrown: unknown) => thrown)
  expect(error).toBeInstanceOf(FanfareError)
  return error as FanfareError
}

const instead = (status: number, headers: Record<string, string> = {}) =>
  ({ kind: 'instead', status, headers }) as const

test('what is published arrives, and is read page by page', async () => {
  const backend = open()
  await backend.grant('ann', ['read:ward:1'])
  const ann = await world.person('ann')
  await ann.joins('ward:1')
  const published = await backend.publish('ward:1', 'note.added', { text: 'one' }, { key: 'k1' })
  expect(published).toMatchObject({ room: 'ward:1', offset: 1, durability: 'disk', duplicate: false })
  expect(await backend.publish('ward:1', 'note.added', { text: 'one' }, { key: 'k1' })).toMatchObject({
    id: published.id,
    duplicate: true,
  })
  const outcomes = await backend.publishMany([
    { room: 'ward:1', event: 'note.added', data: { text: 'two' } },
    { room: 'ward:1', event: 'note.added', data: { text: 7 } },
    { room: 'ward:1', event: 'note.added', data: { text: 'three' } },
  ])
  expect(outcomes).toMatchObject([
    { ok: true, result: { offset: 2 } },
    { ok: false, error: { code: 'invalid_payload', retry: 'never' } },
    { ok: true, result: { offset: 3 } },
  ])
  const heard: RoomEvent[] = []
  while (heard.length < 3) heard.push((await ann.sees('event')) as unknown as RoomEvent)
  const first = await backend.history('ward:1', { after: 'earliest', limit: 2 })
  const second = await backend.history('ward:1', { after: first.next!, limit: 2 })
  expect([...first.events, ...second.events].map(({ data }) => data.text)).toEqual(['one', 'two', 'three'])
  expect(second.next).toBeUndefined()
})

test('a publish whose answer is lost is sent again, and is one event', async () => {
  const backend = open()
  front.failures.push({ kind: 'lost answer' }, { kind: 'lost answer' })
  const before = front.carried.length
  expect(await backend.publish('ward:2', 'note.added', { text: 'once' })).toMatchObject({ duplicate: true, offset: 1 })
  expect(front.carried.length - before).toBe(3)
  front.failures.push({ kind: 'lost answer' })
  const many = await backend.publishMany(
    ['two', 'three'].map((text) => ({ room: 'ward:2', event: 'note.added', data: { text } })),
  )
  expect(many.every(({ ok }) => ok)).toBe(true)
  expect(await textsIn(backend, 'ward:2')).toEqual(['once', 'two', 'three'])
})

test('a message, a room and a notification whose answers are lost are there once', async () => {
  const backend = open()
  front.failures.push({ kind: 'lost answer' })
  const room = await backend.createRoom({
    title: 'Visit 7',
    members: [{ userId: 'ann' }, { userId: 'dr-lee', role: 'owner' }],
  })
  expect(room).toMatchObject({ title: 'Visit 7', members: 2 })
  front.failures.push({ kind: 'lost answer' })
  const sent = await backend.sendMessage({ roomId: room.id, userId: 'ann', text: 'hello' })
  expect(sent).toMatchObject({ duplicate: true, message: { number: 1, text: 'hello', userId: 'ann' } })
  await backend.putMembers(room.id, [{ userId: 'eve' }])
  const page = await backend.messages(room.id, { userId: 'eve' })
  expect(page.messages.map(({ text }) => text)).toEqual(['hello'])
  await backend.removeMember(room.id, 'eve')
  expect(await refusal(backend.messages(room.id, { userId: 'eve' }))).toMatchObject({ code: 'not_found' })
  front.failures.push({ kind: 'lost answer' })
  await backend.notify({ to: { userId: 'bob' }, kind: 'result_ready', title: 'Your results are there' })
  const { notifications, count } = await backend.notifications('bob')
  expect(notifications.map(({ title }) => title)).toEqual(['Your results are there'])
  expect(count).toMatchObject({ unseen: 1 })
})

test('a server that has too much to do is waited for, as long as it says', async () => {
  const backend = open()
  front.failures.push(instead(429, { 'retry-after': '1' }), instead(503))
  const began = performance.now()
  await backend.publish('ward:3', 'note.added', { text: 'patient' })
  expect(performance.now() - began).toBeGreaterThan(1_000)
  expect(await textsIn(backend, 'ward:3')).toEqual(['patient'])
})

test('what is refused is told at once, with its code, and not sent again', async () => {
  const backend = open()
  const before = front.carried.length
  const wrong = backend.publish('ward:4', 'note.added', { text: 7 as unknown as string })
  expect(await refusal(wrong)).toMatchObject({ code: 'invalid_payload', retry: 'never', status: 422 })
  const reader = open({ apiKey: keys.read })
  const refused = await refusal(reader.publish('ward:4', 'note.added', { text: 'x' }))
  expect(refused).toMatchObject({ code: 'forbidden' })
  const stranger = open({ apiKey: `${keys.read.slice(0, -4)}xxxx` })
  expect(await refusal(stranger.stats())).toMatchObject({ code: 'unauthenticated' })
  expect(front.carried.length - before).toBe(3)
  expect(Bun.inspect(refused)).not.toContain(keys.read)
})

test('tokens and tickets that it makes open links, with the grants that they carry', async () => {
  const backend = open()
  const token = await backend.mintToken({ userId: 'cara', grants: ['read:ward:5'], claims: { name: 'Cara' } })
  const cara = await world.open('cara', { token })
  await cara.sees('connected')
  await cara.joins('ward:5')
  expect(await backend.members('ward:5')).toEqual([])
  const { ticket, expiresAt } = await backend.ticket({ userId: 'dan', grants: ['read:ward:5'] })
  expect(Date.parse(expiresAt)).toBeGreaterThan(Date.now())
  const url = `${world.url}/v1/stream?room=ward%3A5&ticket=${ticket}`
  const stream = await fetch(url)
  expect(stream.status).toBe(200)
  await stream.body?.cancel()
  expect((await fetch(url)).status).toBe(401)
  const { secret: _, ...unsigned } = { secret: '', url: world.url, apiKey: keys.all }
  await expect(createBackend(unsigned).mintToken({ userId: 'cara' })).rejects.toThrow(/give secret and tenant/)
})

test('grants change what is open, and sessions are seen and ended', async () => {
  const backend = open()
  const fay = await world.person('fay', { grants: ['read:ward:6'] })
  await fay.joins('ward:6')
  expect(await backend.revoke('fay', ['read:ward:6'])).toMatchObject({ revoked: ['read:ward:6'] })
  expect(await fay.sees('subscription')).toMatchObject({ status: 'unsubscribed', reason: 'revoked' })
  expect(await backend.grants('fay')).toMatchObject({ granted: [], revoked: ['read:ward:6'] })
  const [session] = await backend.sessions({ userId: 'fay' })
  expect(session).toMatchObject({ userId: 'fay', link: 'websocket' })
  expect((await backend.stats()).sessionsByUser).toMatchObject({ fay: 1 })
  await backend.disconnect('fay', { session: session!.session })
  expect((await fay.closed).code).toBe(4410)
  const token = await world.token('fay')
  await backend.revokeTokens('fay')
  expect(
    (await fetch(`${world.url}/v1/rooms/ward%3A6/history`, { headers: { authorization: `Bearer ${token}` } })).status,
  ).toBe(401)
})

test('the status of a user is known, as others see it', async () => {
  const backend = open()
  const gus = await world.person('gus')
  await gus.asks({ type: 'command', name: 'status:set', input: { state: 'busy', text: 'in theatre' } })
  expect(await backend.status('gus')).toMatchObject({ userId: 'gus', state: 'busy', text: 'in theatre' })
  expect(await backend.status('nobody')).toMatchObject({ state: 'offline', version: 0 })
})
