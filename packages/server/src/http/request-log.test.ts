/** S-12: no token, ticket, address as asked, or payload gets into the log. */
import { expect, test } from 'bun:test'
import { startWorld } from '@fanfare/testkit'
import type { Log } from '../lib/log.ts'
import { askOf, clinic } from './clinic.fixture.ts'
import { BlockReader } from './event-blocks.fixture.ts'

const recording = () => {
  const lines: { level: string; message: string; [name: string]: unknown }[] = []
  const at = (level: string) => (fields: object, message: string) => void lines.push({ ...fields, level, message })
  const log: Log = { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') }
  return { lines, log }
}

test('a line says method, route, status and time', async () => {
  await using world = await startWorld({ app: clinic })
  const { lines, log } = recording()
  const ask = askOf({ ...world.server.services, log })
  const token = await world.token('ann')
  await ask('/v1/rooms/ward%3A1/presence', { token })
  await ask('/beds/4?sort=name', { token })
  await (await ask('/live/open', { token })).body?.cancel()
  await ask('/nowhere/at/all')
  expect(lines.filter(({ message }) => message.startsWith('request'))).toMatchObject([
    { level: 'info', method: 'GET', route: '/v1/rooms/:room/presence', status: 403, ms: expect.any(Number) },
    { level: 'debug', method: 'GET', route: '/beds/:bed', status: 200 },
    { level: 'debug', method: 'GET', route: '/live/open', status: 200 },
    { level: 'info', method: 'GET', status: 404 },
  ])
})

test('nothing that is secret or private is in any line or metric, whatever happens', async () => {
  await using world = await startWorld({ app: clinic })
  const { lines, log } = recording()
  const services = { ...world.server.services, log }
  const ask = askOf(services, { metricsToken: 'c4nary-metrics' })
  const token = await world.token('ann', { grants: ['read:ward'] })
  const private_ = 'c4nary-payload'
  await ask('/v1/rooms/ward%3A1/events', { token, json: { event: 'note.added', data: { text: private_ } } })
  await ask('/v1/rooms/ward%3A1/events', { token, json: { event: 'note.added', data: { wrong: private_ } } })
  await ask('/v1/events', { token, json: { events: [{ room: 'ward:1', event: private_, data: private_ }] } })
  await ask('/v1/commands/c4nary-payload', { token, json: { input: private_ } })
  await ask(`/v1/stats?token=${token}&c4nary-payload=1`)
  await ask('/v1/stats', { token: 'c4nary.token.abc' })
  await ask('/v1/stats', { token: 'ff_0123456789abcdef_c4nary-key' })
  const { ticket } = (await (await ask('/v1/tickets', { method: 'POST', token })).json()) as { ticket: string }
  const stream = new BlockReader(await ask(`/v1/stream?room=ward:1&lastEventId=earliest&ticket=${ticket}`))
  await stream.take('note.added')
  await stream.leave()
  await ask(`/v1/stream?room=ward:1&ticket=${ticket}`)
  await ask(`/live/open?token=${token}x`)
  await ask('/echo', { token, json: { text: private_ } })
  await ask('/broken', { token })
  const answer = await ask('/metrics', { token: 'c4nary-metrics' })
  const told =
    JSON.stringify(lines, (_, value: unknown) => (value instanceof Error ? String(value) : value)) +
    (await answer.text())
  expect(lines.length).toBeGreaterThanOrEqual(14)
  for (const secret of [token, ticket, token.split('.')[2] ?? '', 'c4nary']) expect(told).not.toContain(secret)
})
