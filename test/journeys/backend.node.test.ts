/** The package for a tenant's own servers on Node, against a server that is attached to one of Node's. */
import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { createBackend } from '@fanfare/backend'
import { configWith, createFanfare, defineApp, silentLog } from '@fanfare/server'
import { z } from 'zod'
import { run } from '../../packages/server/src/cli/program.ts'
import { fakeTerminal } from '../../packages/server/src/cli/terminal.fake.ts'
import { listenAt } from '../../packages/server/src/listen/node.world.ts'
import { FlakyFront } from '../support/flaky-front.ts'

const app = defineApp({
  rooms: {
    lobby: { events: { said: z.object({ text: z.string() }) }, log: { durable: true }, access: 'tenant' },
  },
})
const secret = 'a secret of a test, forty-eight bytes of it, and no more'

const makeKey = async (folder: string): Promise<string> => {
  const { lines, terminal } = fakeTerminal({ folder })
  const about = ['--tenant', 'acme', '--name', 'node', '--data', folder]
  assert.equal(await run(['key', 'create', ...about, '--scope', 'publish', '--scope', 'read'], terminal, '1.0.0'), 0)
  return lines[0] ?? ''
}

test('on Node it publishes once although the answer is lost, reads, mints, and refuses as elsewhere', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'fanfare-'))
  const apiKey = await makeKey(folder)
  const fanfare = await createFanfare({ app, config: configWith({ dataFolder: folder, secret }), log: silentLog })
  const server = createServer()
  fanfare.attach(server)
  const front = await FlakyFront.open(await listenAt(server))
  const backend = createBackend<typeof app>({ url: front.url, apiKey, secret, tenant: 'acme', retry: { minMs: 1 } })
  try {
    front.failures.push({ kind: 'lost answer' }, { kind: 'instead', status: 503 })
    const { duplicate, offset } = await backend.publish('lobby', 'said', { text: 'hi' })
    assert.deepEqual({ duplicate, offset }, { duplicate: true, offset: 1 })
    const { events } = await backend.history('lobby')
    assert.deepEqual(
      events.map(({ data }) => data),
      [{ text: 'hi' }],
    )
    const authorization = `Bearer ${await backend.mintToken({ userId: 'ann' })}`
    const asked = await fetch(`${front.url}/v1/rooms/lobby/history`, { headers: { authorization } })
    assert.equal(asked.status, 200)
    assert.equal(typeof (await backend.ticket({ userId: 'ann' })).ticket, 'string')
    await assert.rejects(backend.publish('lobby', 'said', { text: 7 as unknown as string }), {
      code: 'invalid_payload',
    })
    await assert.rejects(backend.grant('ann', ['read:x']), { code: 'forbidden', retry: 'never' })
    const ending = AbortSignal.timeout(20)
    front.failures.push({ kind: 'instead', status: 429, headers: { 'retry-after': '30' } })
    await assert.rejects(backend.stats({ signal: ending }), { name: 'TimeoutError' })
  } finally {
    await front[Symbol.asyncDispose]()
    await fanfare.close()
    server.closeAllConnections()
    server.close()
    await rm(folder, { recursive: true })
  }
  await assert.rejects(createBackend({ url: front.url, apiKey, retry: { tries: 2, minMs: 1 } }).stats(), {
    code: 'unavailable',
    message: /ECONNREFUSED/,
  })
})
