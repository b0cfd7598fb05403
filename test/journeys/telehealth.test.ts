/** The telehealth clinic as its Socket.IO clients and its REST clients see it. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import type { World } from '@fanfare/testkit'
import { startProxy } from './clients/proxy.ts'
import { connectClient, openClient } from './clients/socketio.ts'
import {
  ask,
  come,
  notify,
  openClinic,
  patient,
  people,
  provider,
  signIn,
  type Told,
  textsOf,
  tokenOf,
} from './clients/telehealth.ts'

let clinic: World
beforeAll(async () => {
  clinic = await openClinic()
})
afterAll(async () => {
  await clinic[Symbol.asyncDispose]()
})

const { maya, okafor, elias, sorensen } = people
const visitId = 'test-visit-123'

describe('signing in', () => {
  test('a token comes with who it is for, and opens a connection', async () => {
    const { status, body } = await signIn(clinic, 'Patient@Example.com')
    expect(status).toBe(200)
    expect(body).toMatchObject({ expiresIn: 3_600, user: { id: patient, name: 'Maya Lindqvist', role: 'patient' } })
    using client = await connectClient({ url: clinic.url, token: String(body.token) })
    expect((await client.hears('connected'))[0]).toMatchObject({
      socketId: client.socket.id,
      userId: patient,
      role: 'patient',
      recovered: false,
    })
  })

  test('a good token gives the next one, and a token without a sign-in does not', async () => {
    const { body } = await signIn(clinic, 'patient@example.com')
    const renew = (token: string) =>
      fetch(`${clinic.url}/api/v1/auth/refresh`, { method: 'POST', headers: { authorization: `Bearer ${token}` } })
    const renewed = await renew(String(body.token))
    expect([renewed.status, await renewed.json()]).toEqual([
      200,
      expect.objectContaining({ token: expect.any(String), user: body.user }),
    ])
    expect((await renew(await tokenOf(clinic, patient, 'patient'))).status).toBe(401)
  })

  test('wrong passwords are refused, alike for known and unknown addresses, and soon not even tried', async () => {
    const known = await signIn(clinic, 'elias@example.com', 'guess')
    expect([known.status, known.body]).toEqual([401, (await signIn(clinic, 'nobody@example.com', 'guess')).body])
    for (let tries = 0; tries < 4; tries++) await signIn(clinic, 'elias@example.com', 'guess')
    expect(await signIn(clinic, 'elias@example.com')).toMatchObject({ status: 429, body: { retry: 'later' } })
  })

  test('without a token, or with one that nobody here signed, there is no connection', async () => {
    for (const token of ['', 'eyJhbGciOiJIUzI1NiJ9.e30.x']) {
      using client = await openClient({ url: clinic.url, token })
      expect((await client.refused()).data).toMatchObject({ code: 'unauthenticated' })
    }
  })

  test('in production there are no demonstration accounts', async () => {
    const secret = 'c2VjcmV0IG9mIHRoZSBqb3VybmV5cywgNDggcmFuZG9tIGJ5dGVzIG9yIHNv'
    await using real = await openClinic({ mode: 'production', secret })
    expect((await signIn(real, 'patient@example.com')).status).toBe(401)
    expect(await (await fetch(`${real.url}/demo/accounts`)).json()).toEqual({ accounts: [] })
  })
})

describe('messages', () => {
  test('one that is sent again with the same id of the client has one effect', async () => {
    using client = await come(clinic, maya)
    using other = await come(clinic, okafor)
    const message = { visitId, message: 'Once', clientMessageId: 'retry-1' }
    const [first, again] = [await ask(client, 'message:send', message), await ask(client, 'message:send', message)]
    expect(first).toMatchObject({ success: true, duplicate: false })
    expect(again).toMatchObject({ success: true, duplicate: true, messageId: first.messageId })
    await ask(client, 'message:send', { visitId, message: 'After it' })
    await other.until('what came after', () => textsOf(other).includes('After it'))
    expect(textsOf(other)).toEqual(['Once', 'After it'])
  })

  test('every connection of a user hears it; who sent it is told so beside', async () => {
    using phone = await come(clinic, maya)
    using laptop = await come(clinic, maya)
    await ask(phone, 'message:send', { visitId, message: 'From the phone' })
    for (const client of [phone, laptop]) await client.hears('message:new')
    expect([textsOf(phone, 'message:sent'), textsOf(laptop, 'message:sent')]).toEqual([['From the phone'], []])
  })

  test('are changed, answered, reacted to, read and taken back under the clients’ names', async () => {
    using client = await come(clinic, maya)
    using other = await come(clinic, okafor)
    await ask(other, 'room:join', { roomId: visitId, roomType: 'chat' })
    await ask(client, 'room:join', { roomId: visitId, roomType: 'chat' })
    const { messageId } = await ask(client, 'message:send', { visitId, message: 'Frist' })
    expect(await ask(client, 'message:edit', { visitId, messageId, message: 'First' })).toMatchObject({ success: true })
    expect((await other.hears('message:edited'))[0]).toMatchObject({ messageId, message: 'First' })
    const reply = await ask(other, 'message:send', { visitId, message: 'Second', replyTo: messageId })
    expect(reply).toMatchObject({ success: true, data: { replyTo: messageId } })
    await ask(other, 'message:react', { visitId, messageId, reaction: '👍' })
    expect((await client.hears('message:reaction'))[0]).toMatchObject({ reactions: { '👍': { users: [provider] } } })
    await ask(other, 'typing:start', { visitId })
    expect((await client.hears('typing:start'))[0]).toMatchObject({ visitId, userId: provider })
    const { receipt } = await ask(client, 'message:read', { visitId })
    await other.until('the receipt', () =>
      other.told('message:receipt').some((told) => Bun.deepEquals(told, { visitId, ...(receipt as object) })),
    )
    await ask(other, 'message:delete', { visitId, messageId: reply.messageId })
    expect((await client.hears('message:deleted'))[0]).toMatchObject({ messageId: reply.messageId, message: '' })
    const history = await ask(client, 'message:history', { visitId, limit: 2 })
    expect((history.messages as Told[]).map(({ message }) => message)).toEqual(['First', ''])
    expect(history.before).toEqual(expect.any(Number))
  })

  test('said while somebody’s connection is broken reach them once, when it is back', async () => {
    await using line = await startProxy(clinic.url)
    using client = await come(clinic, maya, { url: line.url })
    using other = await come(clinic, okafor)
    await ask(other, 'message:send', { visitId, message: 'before' })
    await client.hears('message:new')
    line.isDown = true
    line.cut()
    await client.until('the break', () => client.left.length > 0)
    for (const message of ['one', 'two']) await ask(other, 'message:send', { visitId, message })
    // Held by the stock client, and sent when it is back.
    const own = client.asks('message:send', { visitId, message: 'mine', clientMessageId: 'held-1' })
    line.isDown = false
    expect((await own)[0]).toMatchObject({ success: true })
    await client.until('all', () => textsOf(client).length === 4)
    expect(textsOf(client)).toEqual(['before', 'one', 'two', 'mine'])
    expect(client.told('connected').at(-1)).toMatchObject({ recovered: true })
  })
})

describe('who may', () => {
  test('only those who are in a visit, and the answer does not tell whether there is one', async () => {
    using client = await come(clinic, elias)
    const answers = await Promise.all([
      ask(client, 'message:send', { visitId, message: 'Let me in' }),
      ask(client, 'message:send', { visitId: 'no-such-visit', message: 'Let me in' }),
    ])
    for (const answer of answers) expect(answer).toMatchObject({ success: false, error: { code: expect.any(String) } })
    const [real, made] = answers.map(({ error }) => JSON.stringify(error))
    expect(real).toBe(made?.replace('no-such-visit', visitId))
    for (const [name, input] of [
      ['message:history', { visitId }],
      ['room:join', { roomId: visitId, roomType: 'chat' }],
      ['message:read', { visitId }],
      ['typing:start', { visitId }],
    ] as const) {
      expect(await ask(client, name, input)).toMatchObject({ success: false })
    }
  })

  test('another clinic has visits of the same names and people, and nothing of it is heard here', async () => {
    using stranger = await come(clinic, { ...maya, tenantId: 'hillside' })
    using own = await come(clinic, sorensen)
    expect(await ask(stranger, 'visit:list', {})).toMatchObject({ success: true, visits: [] })
    expect(await ask(stranger, 'message:history', { visitId })).toMatchObject({ success: false })
    using client = await come(clinic, maya)
    await ask(client, 'message:send', { visitId, message: 'Only in Riverside' })
    await ask(own, 'message:send', { visitId: 'visit-priya', message: 'Only in Hillside' })
    await own.hears('message:new')
    expect([textsOf(own), textsOf(stranger)]).toEqual([['Only in Hillside'], []])
  })

  test('a token needs a role of the clinic, and a patient may not take back what a provider said', async () => {
    using visitor = await come(clinic, { ...maya, role: 'visitor' })
    expect(await ask(visitor, 'message:send', { visitId, message: 'hi' })).toMatchObject({
      success: false,
      error: { code: 'forbidden' },
    })
    using client = await come(clinic, maya)
    using other = await come(clinic, okafor)
    const { messageId } = await ask(other, 'message:send', { visitId, message: 'Stays' })
    expect(await ask(client, 'message:delete', { visitId, messageId })).toMatchObject({ success: false })
  })

  test('the status of others is for those who have a visit with them', async () => {
    using client = await come(clinic, maya)
    expect(await ask(client, 'presence:subscribe', { userIds: ['elias'] })).toMatchObject({ success: false })
    expect(await ask(client, 'presence:subscribe', { userIds: [provider] })).toMatchObject({ success: true })
    using other = await come(clinic, okafor)
    expect(await ask(other, 'presence:update', { status: 'busy', customStatus: 'Back at four' })).toMatchObject({
      success: true,
    })
    await client.until('busy', () =>
      client.told('presence:update').some((told) => (told as { status: string }).status === 'busy'),
    )
  })

  test('notices for staff are followed by staff, and reach whoever follows them', async () => {
    using client = await come(clinic, maya)
    using other = await come(clinic, okafor)
    expect(await ask(client, 'notification:subscribe', { topic: 'staff' })).toMatchObject({ success: false })
    expect(await ask(client, 'room:join', { roomId: 'staff', roomType: 'notification' })).toMatchObject({
      success: false,
      error: { code: 'forbidden' },
    })
    for (const one of [client, other]) {
      const joined = await ask(one, 'room:join', { roomId: 'announcements', roomType: 'notification' })
      expect(joined).toMatchObject({ success: true })
    }
    const notices = [{ to: { topic: 'announcements' }, kind: 'notice', title: 'Closed on Friday' }]
    expect(await notify(clinic, notices)).toEqual({ notified: 2 })
    for (const one of [client, other]) {
      await one.until('the notice', () =>
        one
          .told('notification:new')
          .some((told) => Bun.deepMatch({ notification: { title: 'Closed on Friday' } }, told)),
      )
    }
  })

  test('only providers open visits, with people of their own clinic', async () => {
    const open = async (role: string, participants: readonly string[]) => {
      const token = await tokenOf(clinic, provider, role)
      const response = await fetch(`${clinic.url}/api/v1/visits`, {
        method: 'POST',
        headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
        body: JSON.stringify({ title: 'New complaint', participants }),
      })
      return { status: response.status, body: await response.json() }
    }
    expect((await open('patient', ['elias'])).status).toBe(403)
    expect((await open('provider', ['priya'])).status).toBe(404)
    using client = await come(clinic, elias)
    expect(await open('provider', ['elias'])).toMatchObject({ status: 200, body: { title: 'New complaint' } })
    await client.hears('visit:added')
  })
})

test('what makes no sense is refused in the clients’ words, and harms nobody', async () => {
  using client = await come(clinic, maya)
  for (const input of [
    {},
    { visitId: 7, message: 'x' },
    { visitId },
    { visitId: 'a:b', message: 'x' },
    [],
    'text',
    null,
  ]) {
    expect(await ask(client, 'message:send', input as object)).toMatchObject({
      success: false,
      error: { code: expect.any(String), message: expect.any(String) },
    })
  }
  client.socket.emit('message:send', { visitId: 'nowhere', message: 'x' })
  await client.hears('error')
  expect(await ask(client, 'room:join', { roomId: 'r', roomType: 'call' })).toMatchObject({ success: false })
  expect(await ask(client, 'message:send', { visitId, message: 'x'.repeat(8_001) })).toMatchObject({
    success: false,
    error: { code: 'too_large' },
  })
})

test('whoever is away finds what was said among their notifications, and the same count everywhere', async () => {
  await using quiet = await openClinic()
  using other = await come(quiet, okafor)
  await ask(other, 'message:send', { visitId, message: 'Please call me' })
  using phone = await come(quiet, maya)
  using laptop = await come(quiet, maya)
  const unread = async () => (await ask(phone, 'notification:count', {})).count as { unread: number; unseen: number }
  await phone.until('the notification', () => phone.heard.length > 0)
  for (let tries = 0; tries < 100 && (await unread()).unread < 1; tries++) await new Promise((go) => setTimeout(go, 20))
  const { notifications } = await ask(laptop, 'notification:list', {})
  expect((notifications as object[])[0]).toMatchObject({
    kind: 'message',
    message: 'Please call me',
    data: { visitId },
  })
  await ask(laptop, 'notification:read', { ids: 'all' })
  await phone.until('the count', () =>
    phone.told('notification:updated').some((told) => (told as { count: { unread: number } }).count.unread === 0),
  )
})

test('a client that does nothing is disconnected, and one that does something is not', async () => {
  await using strict = await openClinic({}, { idleTimeout: '400ms' })
  using silent = await come(strict, maya)
  using busy = await come(strict, okafor)
  const asking = setInterval(() => void ask(busy, 'notification:count', {}), 50)
  await silent.until('the end', () => silent.left.length > 0)
  clearInterval(asking)
  expect([silent.left, busy.left]).toEqual([['io server disconnect'], []])
})

test('health, readiness and the numbers are where they were', async () => {
  using client = await come(clinic, maya)
  await ask(client, 'message:send', { visitId, message: 'Count me' })
  for (const path of ['/health', '/ready']) expect((await fetch(`${clinic.url}${path}`)).status).toBe(200)
  const text = await (await fetch(`${clinic.url}/metrics`)).text()
  const value = (name: string) => Number(new RegExp(`^${name} (\\d+)`, 'm').exec(text)?.[1])
  expect(value('websocket_connections_total')).toBeGreaterThan(0)
  expect(value('websocket_messages_total')).toBeGreaterThan(0)
  expect(value('websocket_rooms_active')).toBeGreaterThan(0)
  expect(value('websocket_calls_active')).toBe(0)
})
