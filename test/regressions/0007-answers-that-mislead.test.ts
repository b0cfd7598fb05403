import { expect, test } from 'bun:test'
import { mkdtemp, rm } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { configWith, type Log, silentLog, startServer } from '@fanfare/server'
import { Actor, refusal, startWorld } from '@fanfare/testkit'
import { clinic } from '../support/clinic.ts'

/** The first was called forbidden, which tells a client to give the room up. */
test('a room that is named twice in one request is entered once, and nobody says that it is forbidden', async () => {
  await using world = await startWorld({ app: clinic })
  const ann = await world.person('ann')
  ann.sends({ type: 'subscribe', id: 1, rooms: [{ room: 'ward:1' }, { room: 'ward:1', since: 'earliest' }] })
  expect(await ann.sees('subscription')).toMatchObject({ id: 1, room: 'ward:1', recovered: true })
  await ann.sees('reply')
  expect(ann.frames.items).toEqual([])
})

/** Only failures of verbs that are awaited were logged, so nobody could learn why a command failed. */
test('a command that fails by our own doing is logged, and the client hears only that it failed', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'fanfare-'))
  const logged: unknown[] = []
  const log: Log = { ...silentLog, error: (fields) => void logged.push(fields) }
  const server = await startServer({ app: clinic, config: configWith({ port: 0, dataFolder: folder }), log })
  const token = await server.mint({ tenantId: 'acme', userId: 'ann' })
  const ann = new Actor({
    name: 'ann',
    url: `${server.url.replace(/^http/, 'ws')}/v1/websocket`,
    protocols: ['fanfare.v1'],
    headers: { Authorization: `Bearer ${token}` },
  })
  try {
    await ann.opened()
    const error = await refusal(ann.asks({ type: 'command', name: 'always:fails', input: {} }))
    expect(error.code).toBe('internal')
    expect(error.message).not.toContain('secret')
    expect(logged).toHaveLength(1)
    expect(logged[0]).toMatchObject({ error: new Error('a secret detail') })
  } finally {
    ann.socket.terminate()
    await server.stop()
    await rm(folder, { recursive: true, force: true })
  }
})

/** The runtime's own page for developers answered, with a part of the source. */
test('an upgrade whose Host header is nonsense is refused as a bad request', async () => {
  await using world = await startWorld({ app: clinic })
  const upgrade = [
    'GET /v1/websocket HTTP/1.1',
    'Host: [',
    'Connection: Upgrade',
    'Upgrade: websocket',
    'Sec-WebSocket-Version: 13',
    'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
  ].join('\r\n')
  const answer = await new Promise<string>((resolve) => {
    const socket = connect(Number(new URL(world.url).port), '127.0.0.1', () => socket.write(`${upgrade}\r\n\r\n`))
    socket.once('data', (bytes) => {
      socket.destroy()
      resolve(String(bytes))
    })
  })
  expect(answer).toStartWith('HTTP/1.1 400')
  expect(answer).not.toContain('html')
})

/** They have no bytes to count, so nothing ever stopped them. */
test('a flood of empty frames ends its link', async () => {
  await using world = await startWorld({ app: clinic })
  const eve = await world.person('eve')
  for (let count = 0; count < 30_000; count++) eve.sendsRaw('')
  expect((await eve.closed).code).toBe(4029)
})
