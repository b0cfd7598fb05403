/** A node inside somebody else's program, on Node. */
import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { test } from 'node:test'
import { z } from 'zod'
import { configWith, createFanfare, defineApp, silentLog } from './index.ts'
import { listenAt } from './listen/node.world.ts'

const folderOf = async () => {
  const path = await mkdtemp(join(tmpdir(), 'fanfare-'))
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true }) }
}

const started: string[] = []
const app = defineApp({
  rooms: {
    '{name}': { events: { said: z.object({ text: z.string() }) }, log: { durable: true }, access: 'tenant' },
  },
  onStart: () => {
    started.push('start')
    return () => void started.push('stop')
  },
})

test('it publishes and reads with no server, is attached, and is itself again after it was closed', async () => {
  await using folder = await folderOf()
  const config = configWith({ dataFolder: folder.path })
  const first = await createFanfare({ app, config, log: silentLog })
  const { durability, offset } = await first.publish('acme', 'hall', 'said', { text: 'hello' }, { key: 'k1' })
  assert.deepEqual({ durability, offset }, { durability: 'disk', offset: 1 })
  assert.equal((await first.publish('acme', 'hall', 'said', { text: 'hello' }, { key: 'k1' })).duplicate, true)
  await assert.rejects(first.publish('acme', 'hall', 'said', { text: 7 }), { code: 'invalid_payload' })
  const token = await first.mint({ tenantId: 'acme', userId: 'ann' })
  const server = createServer((_, response) => void response.end('host'))
  await Promise.all([first.close(), first.close()])
  assert.deepEqual(started, ['start', 'stop'])
  assert.throws(() => first.attach(server), /closed/)

  const second = await createFanfare({ app, config, log: silentLog })
  second.attach(server, { operations: true })
  const url = await listenAt(server)
  const answer = await fetch(`${url}/v1/rooms/hall/history`, { headers: { Authorization: `Bearer ${token}` } })
  assert.equal(((await answer.json()) as { events: unknown[] }).events.length, 1)
  assert.equal((await fetch(`${url}/ready`)).status, 200)
  assert.equal((await second.of('acme').history('hall')).events.length, 1)
  assert.equal(await (await fetch(url)).text(), 'host')
  await second.close()
  assert.equal(await (await fetch(`${url}/ready`)).text(), 'host')
  server.closeAllConnections()
  server.close()
})

test('without a configuration it reads the environment, and says all that is wrong with it', async () => {
  await using folder = await folderOf()
  Object.assign(process.env, { FANFARE_DATA_FOLDER: folder.path, FANFARE_PORT: 'x', FANFARE_LOG_LEVEL: 'loud' })
  await assert.rejects(createFanfare({ app, log: silentLog }), /FANFARE_PORT[\s\S]*FANFARE_LOG_LEVEL/)
  Object.assign(process.env, { FANFARE_PORT: '0', FANFARE_LOG_LEVEL: 'error' })
  await using _ = { [Symbol.asyncDispose]: (await createFanfare({ app, log: silentLog })).close }
})
