/**
 * A node that stopped sent away its sessions one after another, and cut at its end, all at once, every WebSocket whose session
 * is on another node: with stock Socket.IO clients and no stickiness, half of its links and more.
 */
import { expect, test } from 'bun:test'
import { defineApp } from '@fanfare/server'
import { startWorld } from '@fanfare/testkit'
import { startRedis } from '../../packages/server/src/redis/servers.world.ts'
import { type Client, openClient } from '../journeys/clients/socketio.ts'
import { Front } from '../support/front.ts'

const app = defineApp({ rooms: {}, socketio: { recovery: { for: '1m' }, namespaces: { '/': {} } } })
const clients = 60
/** Of which four fifths are sent away each second. */
const connectsPerSecond = 50

test('links of sessions of other nodes are sent away at the pace of all, and recovered', async () => {
  await using redis = await startRedis()
  const config = { redisUrl: redis.url, limits: { connectsPerSecond } }
  const one = await startWorld({ app, config })
  await using other = await startWorld({ app, config })
  const ports = [one, other].map(({ url }) => Number(new URL(url).port))
  await using front = await Front.open(ports)
  const everybody: Client[] = []
  const lostAt: number[] = []
  for (let index = 0; index < clients; index++) {
    const token = await one.token(`user${index}`)
    const client = await openClient({ url: front.url, token, reconnectionDelay: 3_000, reconnectionDelayMax: 3_000 })
    client.socket.on('disconnect', () => lostAt.push(performance.now()))
    await client.connected(10_000)
    await client.until('the upgrade', () => client.transport === 'websocket')
    everybody.push(client)
  }
  const sessionsHere = one.server.services.hub.sessions.size
  await one[Symbol.asyncDispose]()
  // Those whose WebSocket or whose session was there.
  expect(lostAt.length).toBeGreaterThan(sessionsHere + clients / 10)
  const began = Math.min(...lostAt)
  const fifths = [0, 0, 0, 0, 0]
  const width = (Math.max(...lostAt) - began + 1) / fifths.length
  for (const at of lostAt) fifths[Math.floor((at - began) / width)]!++
  expect(width * fifths.length).toBeGreaterThan((lostAt.length / (connectsPerSecond * 0.8)) * 500)
  expect(Math.max(...fifths)).toBeLessThan(lostAt.length * 0.4)
  for (const client of everybody) {
    await client.connected(20_000)
    client[Symbol.dispose]()
  }
}, 60_000)
